#include <cstdlib>

#include "check.h"
#include "core/error.h"
#include "device/image.h"
#include "media/encoder.h"
#include "media/output.h"

using namespace framepath;
using namespace framepath::media;

static FrameRef picture(Device& device, int w, int h, int64_t n, int64_t ptsUs) {
  Image image = allocateImage(device, pixelFormat::yuv420p, w, h);
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++)
      image.view.planes[0].data[y * image.view.planes[0].pitchBytes + x] = 16 + (x * 2 + y + n * 5) % 200;
  for (int p = 1; p < 3; p++)
    for (int y = 0; y < h / 2; y++)
      for (int x = 0; x < w / 2; x++)
        image.view.planes[p].data[y * image.view.planes[p].pitchBytes + x] = 100 + (x + n) % 50;
  auto frame = std::make_shared<Frame>(image.view, w, h, image.memory);
  frame->ptsUs = ptsUs;
  return frame;
}

TEST(first) {
  auto device = openDevice("cpu");
  EncoderOptions options;
  options.width = 320;
  options.height = 240;
  options.fps = {30000, 1001};
  auto encoder = openEncoder(options, device);
  auto output = openOutput({"/tmp/first.mp4", {}, options.fps}, *encoder);
  auto emit = [&](Packet packet) { output->write(packet); };
  for (int n = 0; n < 90; n++) encoder->push(picture(*device, 320, 240, n, n * 1001000000ll / 30000), emit);
  encoder->finish(emit);
  auto result = output->finish(true);
  CHECK_EQUAL(result.frames, 90);
  CHECK(result.complete);
}
TEST_MAIN()
