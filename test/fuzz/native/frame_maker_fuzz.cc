// Pictures as a decoder may hand them over, of any format, size, pitch, orientation and aspect, made into frames.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstring>

#include "fuzz.h"
#include "media/frame_maker.h"
#include "media/pixel_format.h"

extern "C" {
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
}

using namespace framepath;

namespace {

void release(void*, uint8_t* data) {
  std::free(data);
}

// Planes of exactly the bytes that their format has, rows `extra` bytes apart, so that a byte too far is seen;
// libswscale reads beyond rows on purpose, so what it converts gets libav's own padding.
bool fill(AVFrame& picture, int extra, bool upsideDown) {
  const auto format = static_cast<AVPixelFormat>(picture.format);
  if (media::nearestExpressible(format) != format) {
    if (av_frame_get_buffer(&picture, 0) < 0) return false;
    for (int p = 0; p < AV_NUM_DATA_POINTERS && picture.buf[p]; p++)
      std::memset(picture.buf[p]->data, 0x55, picture.buf[p]->size);
    return true;
  }
  int lines[4] = {};
  if (av_image_fill_linesizes(lines, format, picture.width) < 0) return false;
  ptrdiff_t pitches[4] = {};
  for (int p = 0; p < 4; p++) pitches[p] = lines[p] ? lines[p] + extra : 0;
  size_t sizes[4] = {};
  if (av_image_fill_plane_sizes(sizes, format, picture.height, pitches) < 0) return false;
  for (int p = 0; p < 4 && sizes[p]; p++) {
    const size_t rows = sizes[p] / static_cast<size_t>(pitches[p]),
                 bytes = sizes[p] - static_cast<size_t>(extra);  // the last row has no gap
    auto* data = static_cast<uint8_t*>(std::malloc(bytes));
    std::memset(data, 0x80 + p, bytes);
    picture.buf[p] = av_buffer_create(data, bytes, release, nullptr, 0);
    picture.data[p] = upsideDown ? data + (rows - 1) * static_cast<size_t>(pitches[p]) : data;
    picture.linesize[p] = static_cast<int>(upsideDown ? -pitches[p] : pitches[p]);
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  fuzz::counts().inputs++;
  FuzzedDataProvider data(bytes, size);
  media::FrameMaker maker(fuzz::cpu());
  bool made = false;
  // One maker for some pictures: it keeps a scaler.
  for (int n = 0; n < 3 && data.remaining_bytes() > 0; n++) {
    media::AvFrame picture = media::newFrame();
    picture->format = data.ConsumeIntegralInRange<int>(0, AV_PIX_FMT_NB - 1);
    const AVPixFmtDescriptor* known = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(picture->format));
    if (!known || known->flags & AV_PIX_FMT_FLAG_HWACCEL) continue;  // surfaces come from a decoder of the device alone
    picture->width = data.ConsumeIntegralInRange(1, data.ConsumeBool() ? 40 : 700);
    picture->height = data.ConsumeIntegralInRange(1, data.ConsumeBool() ? 40 : 300);
    picture->colorspace = static_cast<AVColorSpace>(data.ConsumeIntegral<uint8_t>());
    picture->color_range = static_cast<AVColorRange>(data.ConsumeIntegralInRange(0, 3));
    if (!fill(*picture, data.ConsumeIntegralInRange(0, 33), data.ConsumeIntegralInRange(0, 3) == 0)) continue;
    const media::Orientation orientation{data.ConsumeIntegralInRange(0, 3), data.ConsumeBool()};
    const media::Rational aspect{data.ConsumeIntegral<int32_t>(),
                                 data.ConsumeBool() ? 1 : data.ConsumeIntegral<int32_t>()};
    const int32_t width = picture->width, height = picture->height;
    fuzz::answered([&] {
      const auto frame =
          maker.make(std::move(picture), orientation, aspect, {.timeUs = 1000 * n, .durationUs = 1000, .index = n});
      settle(frame->ready);
      fuzz::readAll(frame->view);
      FUZZ_CHECK(frame->view.width == (orientation.swapsSides() ? height : width));
      FUZZ_CHECK(frame->view.height == (orientation.swapsSides() ? width : height));
      FUZZ_CHECK(frame->width > 0 && frame->height > 0 && frame->ptsUs == 1000 * n && frame->index == n);
      made = true;
    });
  }
  if (made) fuzz::counts().useful++;
  return 0;
}
