// Encoders and JPEG: what comes out, held against what went in by ffmpeg's own decoders.
#include <algorithm>

#include "check.h"
#include "core/enum_names.h"
#include "core/error.h"
#include "media/encoder.h"
#include "media/jpeg.h"
#include "media/output.h"
#include "media_clip.h"

using namespace framepath;
using namespace framepath::media;

namespace {

constexpr int kWidth = 320, kHeight = 240;

EncoderOptions optionsOf(VideoCodec codec, Profile profile, Rational fps = {25, 1}) {
  EncoderOptions options;
  options.codec = codec;
  options.profile = profile;
  options.width = kWidth;
  options.height = kHeight;
  options.fps = fps;
  return options;
}

OutputResult encodeTo(const std::string& path, const EncoderOptions& options, int frames) {
  auto device = openDevice("cpu");
  auto encoder = openEncoder(options, device);
  auto output = openOutput({path, {}, options.fps}, *encoder);
  const auto emit = [&](Packet packet) { output->write(packet); };
  for (int n = 0; n < frames; n++)
    encoder->push(clip::picture(*device, kWidth, kHeight, n, clip::timeUs(n, options.fps)), emit);
  encoder->finish(emit);
  return output->finish(true);
}

void checkProfiles(VideoCodec codec, const std::string& name, int frames) {
  const clip::TempFolder folder;
  double realtime = 0, archival = 0;
  for (const char* profile : EnumNames<Profile>::values) {
    const std::string path = folder.file(std::string(profile) + ".mp4");
    const OutputResult result = encodeTo(path, optionsOf(codec, valueNamed<Profile>(profile).value()), frames);
    CHECK_EQUAL(result.frames, frames);
    CHECK_EQUAL(result.codec, name);
    CHECK_EQUAL(result.durationMs, frames * 40);
    CHECK(result.complete && result.finalised && !result.hasAudio);
    clip::checkStream(path, name, frames, {25, 1});
    const double quality = clip::decodedPsnr(path, kWidth, kHeight, frames);
    std::printf("  %s %-9s %5.1f dB %7ju bytes\n", name.c_str(), profile, quality, std::filesystem::file_size(path));
    CHECK(quality > 30);
    if (std::string(profile) == "realtime") realtime = quality;
    if (std::string(profile) == "archival") archival = quality;
  }
  CHECK(archival > realtime + 3);
}

}  // namespace

TEST(h264_in_every_profile) {
  checkProfiles(VideoCodec::h264, "h264", 75);
}
TEST(hevc_in_every_profile) {
  checkProfiles(VideoCodec::hevc, "hevc", 52);
}
TEST(av1_in_every_profile) {
  checkProfiles(VideoCodec::av1, "av1", 52);
}

TEST(times_of_29_97_fps_stay_exact) {
  const clip::TempFolder folder;
  for (const VideoCodec codec : {VideoCodec::h264, VideoCodec::hevc, VideoCodec::av1}) {
    const std::string path = folder.file("ntsc.mp4");
    encodeTo(path, optionsOf(codec, Profile::streaming, {30000, 1001}), 90);
    const char* names[] = {"h264", "hevc", "av1"};
    clip::checkStream(path, names[static_cast<int>(codec)], 90, {30000, 1001});
  }
}

TEST(packets_are_in_decode_order_without_repeated_times) {
  auto device = openDevice("cpu");
  const Rational fps{60000, 1001};
  auto encoder = openEncoder(optionsOf(VideoCodec::h264, Profile::quality, fps), device);
  std::vector<Packet> packets;
  const auto emit = [&](Packet packet) { packets.push_back(std::move(packet)); };
  for (int n = 0; n < 200; n++) encoder->push(clip::picture(*device, kWidth, kHeight, n, clip::timeUs(n, fps)), emit);
  encoder->finish(emit);
  clip::checkPackets(packets, 200, 2);
}

TEST(realtime_gives_every_picture_back_at_once) {
  auto device = openDevice("cpu");
  for (const VideoCodec codec : {VideoCodec::h264, VideoCodec::hevc}) {
    auto encoder = openEncoder(optionsOf(codec, Profile::realtime), device);
    int packets = 0;
    for (int n = 0; n < 20; n++) {
      encoder->push(clip::picture(*device, kWidth, kHeight, n, n * 40000), [&](Packet) { packets++; });
      CHECK_EQUAL(packets, n + 1);
    }
  }
}

TEST(low_latency_gives_every_picture_back_at_once_in_every_profile) {
  auto device = openDevice("cpu");
  for (const VideoCodec codec : {VideoCodec::h264, VideoCodec::hevc})
    for (const char* profile : EnumNames<Profile>::values) {
      EncoderOptions options = optionsOf(codec, valueNamed<Profile>(profile).value());
      options.latency = Latency::low;
      auto encoder = openEncoder(options, device);
      int packets = 0;
      for (int n = 0; n < 8; n++) {
        encoder->push(clip::picture(*device, kWidth, kHeight, n, n * 40000), [&](Packet) { packets++; });
        CHECK_EQUAL(packets, n + 1);
      }
    }
}

TEST(keyframes_and_b_frames_are_as_asked_for) {
  auto device = openDevice("cpu");
  const auto encoded = [&](const EncoderOptions& options) {
    auto encoder = openEncoder(options, device);
    std::vector<Packet> packets;
    const auto emit = [&](Packet packet) { packets.push_back(std::move(packet)); };
    for (int n = 0; n < 60; n++) encoder->push(clip::picture(*device, kWidth, kHeight, n, n * 40000), emit);
    encoder->finish(emit);
    CHECK_EQUAL(packets.size(), 60u);
    return packets;
  };
  const auto inOrder = [](const std::vector<Packet>& packets) {
    return std::is_sorted(packets.begin(), packets.end(),
                          [](const Packet& a, const Packet& b) { return a.ptsUs < b.ptsUs; });
  };
  for (const VideoCodec codec : {VideoCodec::h264, VideoCodec::hevc, VideoCodec::av1}) {
    EncoderOptions options = optionsOf(codec, Profile::streaming);
    options.keyframeMs = 800;
    const auto packets = encoded(options);
    CHECK(!inOrder(packets) || codec == VideoCodec::av1);
    for (int64_t last = 0; const Packet& packet : packets) {
      if (!packet.keyframe) continue;
      CHECK(packet.ptsUs - last <= 800'000);
      last = packet.ptsUs;
    }
    options.bFrames = 0;
    CHECK(inOrder(encoded(options)));
  }
  EncoderOptions options = optionsOf(VideoCodec::h264, Profile::realtime);
  options.bFrames = 2;
  CHECK_ERROR(openEncoder(options, device), INVALID_ARGUMENT);
  options.profile = Profile::balanced;
  options.latency = Latency::low;
  CHECK_ERROR(openEncoder(options, device), INVALID_ARGUMENT);
}

TEST(encoders_do_not_keep_canvases) {
  auto device = openDevice("cpu");
  for (const VideoCodec codec : {VideoCodec::h264, VideoCodec::hevc, VideoCodec::av1}) {
    auto encoder = openEncoder(optionsOf(codec, Profile::balanced), device);
    int kept = 0;
    for (int n = 0; n < 30; n++) {
      const FrameRef canvas = clip::picture(*device, kWidth, kHeight, n, n * 40000);
      encoder->push(canvas, [](Packet) {});
      if (canvas.use_count() > 1) kept++;
    }
    CHECK_EQUAL(kept, 0);
    encoder->finish([](Packet) {});
  }
}

TEST(encoders_close_in_every_state) {
  auto device = openDevice("cpu");
  for (const VideoCodec codec : {VideoCodec::h264, VideoCodec::hevc, VideoCodec::av1}) {
    for (const int pictures : {0, 1, 7}) {
      for (const bool finished : {false, true}) {
        auto encoder = openEncoder(optionsOf(codec, Profile::balanced), device);
        int packets = 0;
        const auto emit = [&](Packet) { packets++; };
        for (int n = 0; n < pictures; n++) encoder->push(clip::picture(*device, kWidth, kHeight, n, n * 40000), emit);
        if (finished) encoder->finish(emit);
        if (finished) CHECK_EQUAL(packets, pictures);
      }
    }
  }
}

TEST(bitrate_bounds_what_is_written) {
  auto device = openDevice("cpu");
  for (const VideoCodec codec : {VideoCodec::h264, VideoCodec::hevc, VideoCodec::av1}) {
    EncoderOptions options = optionsOf(codec, Profile::streaming);
    options.bitrate = 400'000;
    auto encoder = openEncoder(options, device);
    uint32_t random = 1;
    size_t bytes = 0;
    const auto emit = [&](const Packet& packet) { bytes += packet.data->size(); };
    for (int n = 0; n < 100; n++) {
      const FrameRef canvas = clip::picture(*device, kWidth, kHeight, n, n * 40000);
      const Plane& luma = canvas->view.planes[0];
      for (int i = 0; i < luma.pitchBytes * kHeight; i++) {
        random = random * 1664525 + 1013904223;
        luma.data[i] = static_cast<uint8_t>(std::clamp<int>(luma.data[i] + (random >> 28) - 8, 16, 235));
      }
      encoder->push(canvas, emit);
    }
    encoder->finish(emit);
    const double rate = bytes * 8 / 4.0;
    std::printf("  %s asked 400000 wrote %.0f bit/s\n", encoder->name().c_str(), rate);
    CHECK(rate > 250'000 && rate < 560'000);
  }
}

TEST(misuse_is_refused) {
  auto device = openDevice("cpu");
  EncoderOptions odd = optionsOf(VideoCodec::h264, Profile::balanced);
  odd.width = 321;
  CHECK_ERROR(openEncoder(odd, device), INVALID_ARGUMENT);
  odd.width = 0;
  CHECK_ERROR(openEncoder(odd, device), INVALID_ARGUMENT);
  EncoderOptions still = optionsOf(VideoCodec::h264, Profile::balanced);
  still.fps = {0, 1};
  CHECK_ERROR(openEncoder(still, device), INVALID_ARGUMENT);
  auto encoder = openEncoder(optionsOf(VideoCodec::h264, Profile::realtime), device);
  CHECK_ERROR(encoder->push(clip::picture(*device, 160, 120, 0, 0), [](Packet) {}), INVALID_ARGUMENT);
}

TEST(an_encoder_that_does_not_open_is_named) {
  EncoderOptions options = optionsOf(VideoCodec::h264, Profile::balanced);
  options.width = options.height = 60000;
  try {
    openEncoder(options, openDevice("cpu"));
    CHECK(false && "opened");
  } catch (const Error& error) {
    CHECK_EQUAL(errorCodeName(error.code), "ENCODER_UNAVAILABLE");
    CHECK(error.sentence.find("libx264") != std::string::npos);
    CHECK(!error.hint.empty());
  }
}

TEST(jpeg_of_every_kind_of_picture) {
  auto device = openDevice("cpu");
  const clip::TempFolder folder;
  struct Case {
    PixelFormat format;
    ColorRange range;
    int width, height;
  };
  const Case cases[] = {
      {pixelFormat::yuv420p, ColorRange::limited, 128, 96}, {pixelFormat::nv12, ColorRange::full, 127, 95},
      {pixelFormat::rgb24, ColorRange::full, 65, 33},       {pixelFormat::bgr24, ColorRange::full, 64, 64},
      {pixelFormat::rgba, ColorRange::full, 31, 17},        {pixelFormat::gray8, ColorRange::full, 40, 40},
      {pixelFormat::p010, ColorRange::limited, 96, 64},     {pixelFormat::yuv444p, ColorRange::full, 50, 51}};
  for (const Case& c : cases) {
    Image image = allocateImage(*device, c.format, c.width, c.height);
    image.view.range = c.range;
    // A flat colour per quarter shows whether matrix, range and order are right.
    const bool rgb = c.format.layout == PixelLayout::rgb, gray = c.format.layout == PixelLayout::gray;
    for (int plane = 0; plane < planeCount(c.format); plane++) {
      const Plane& to = image.view.planes[plane];
      for (int y = 0; y < planeHeight(image.view, plane); y++)
        for (int x = 0; x < planeWidth(image.view, plane); x++) {
          uint8_t* sample = to.data + y * to.pitchBytes + x * sampleBytes(image.view, plane);
          if (rgb) {
            const uint8_t red[4] = {200, 60, 40, 255};
            for (int i = 0; i < c.format.components; i++) sample[i] = red[i < 3 && c.format.bgr ? 2 - i : i];
          } else if (c.format.depth > 8) {
            const uint16_t value = (plane ? 512 : 600) << 6;
            for (int i = 0; i < sampleBytes(image.view, plane); i += 2) std::memcpy(sample + i, &value, 2);
          } else {
            for (int i = 0; i < sampleBytes(image.view, plane); i++) sample[i] = plane ? 128 : 150;
          }
        }
    }
    const std::vector<uint8_t> jpeg = encodeJpeg(image.view, 92);
    std::ofstream(folder.file("a.jpg"), std::ios::binary)
        .write(reinterpret_cast<const char*>(jpeg.data()), jpeg.size());
    clip::ffmpeg("-i " + folder.file("a.jpg") + " -pix_fmt rgb24 -f rawvideo " + folder.file("a.rgb"));
    const std::vector<uint8_t> pixels = clip::bytesOf(folder.file("a.rgb"));
    CHECK_EQUAL(pixels.size(), static_cast<size_t>(c.width) * c.height * 3);
    if (pixels.size() < 3) continue;
    double wanted[3] = {200, 60, 40};
    if (!rgb) {
      const double y = c.format.depth > 8 ? 600 / 4.0 : 150;
      for (double& channel : wanted) channel = gray || c.range == ColorRange::full ? y : (y - 16) * 255 / 219;
    }
    const size_t middle = (c.height / 2 * c.width + c.width / 2) * 3;
    for (int i = 0; i < 3; i++) CHECK_NEAR(pixels[middle + i], wanted[i], 4);
  }
}

TEST(jpeg_quality_is_a_scale) {
  auto device = openDevice("cpu");
  const clip::TempFolder folder;
  const FrameRef source = clip::picture(*device, kWidth, kHeight, 0, 0);
  ImageView view = source->view;
  view.matrix = ColorMatrix::bt601;
  view.range = ColorRange::full;
  double last = 0;
  for (const int quality : {10, 50, 75, 90, 100}) {
    const std::vector<uint8_t> jpeg = encodeJpeg(view, quality);
    std::ofstream(folder.file("q.jpg"), std::ios::binary)
        .write(reinterpret_cast<const char*>(jpeg.data()), jpeg.size());
    clip::ffmpeg("-i " + folder.file("q.jpg") + " -f rawvideo -pix_fmt yuvj420p " + folder.file("q.yuv"));
    const double db = clip::psnr(*device, clip::bytesOf(folder.file("q.yuv")), kWidth, kHeight, 1);
    std::printf("  quality %3d: %.1f dB, %zu bytes\n", quality, db, jpeg.size());
    CHECK(db > last);
    last = db;
    if (quality == 90) CHECK(db > 34);
  }
  CHECK(last > 42);
}

TEST_MAIN()
