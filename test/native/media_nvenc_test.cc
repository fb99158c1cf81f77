// Encoding on a GPU, simulated: what comes out plays and is complete, whatever fails.
#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>

#include "check.h"
#include "core/enum_names.h"
#include "core/error.h"
#include "core/pool.h"
#include "media/encoder.h"
#include "media/encoder_sessions.h"
#include "media/gpu_codecs.h"
#include "media_clip.h"
#include "simulated_video.h"

using namespace framepath;
using namespace framepath::media;
using test::counter;
using test::gpu;

namespace {

constexpr int kWidth = 176, kHeight = 144;

// A fixed set, as a composer has it.
class Canvases {
 public:
  explicit Canvases(const Encoder& encoder)
      : format_(encoder.inputFormat()),
        queue_(gpu()->openQueue()),
        pool_(static_cast<size_t>(4 + encoder.heldCanvases()),
              [format = format_] { return std::make_unique<Image>(allocateImage(*gpu(), format, kWidth, kHeight)); }) {}

  FrameRef picture(int64_t number, int64_t ptsUs) {
    const FrameRef drawn = clip::picture(*cpu_, kWidth, kHeight, number, ptsUs);
    Image host = test::blank(*gpu(), format_, kWidth, kHeight);
    for (int p = 0; p < 3; p++)
      for (int y = 0; y < planeHeight(drawn->view, p); y++)
        for (int x = 0; x < planeWidth(drawn->view, p); x++) {
          const bool pair = p > 0 && format_.layout == PixelLayout::semiPlanarYuv;
          const Plane& to = host.view.planes[pair ? 1 : p];
          const int at = pair ? 2 * x + p - 1 : x;
          const uint8_t value = drawn->view.planes[p].data[y * drawn->view.planes[p].pitchBytes + x];
          if (format_.depth == 8)
            to.data[y * to.pitchBytes + at] = value;
          else  // the same in 10 bits, in the high ones
            reinterpret_cast<uint16_t*>(to.data + y * to.pitchBytes)[at] = static_cast<uint16_t>(value << 8);
        }
    std::shared_ptr<Image> canvas = pool_.lease();
    copyImage(*gpu(), *queue_, canvas->view, host.view, CopyKind::internal);
    const Fence drawnFence = queue_->record();
    drawn_.emplace_back(drawnFence, std::move(host));
    while (drawn_.size() > 8) {
      settle(drawn_.front().first);
      drawn_.erase(drawn_.begin());
    }
    auto frame = std::make_shared<Frame>(canvas->view, kWidth, kHeight, canvas, drawnFence);
    frame->ptsUs = ptsUs;
    return frame;
  }
  ~Canvases() {
    for (const auto& [fence, host] : drawn_) settle(fence);
  }

 private:
  const std::shared_ptr<Device> cpu_ = openDevice("cpu");
  const PixelFormat format_;
  std::unique_ptr<Queue> queue_;
  Pool<Image> pool_;
  std::vector<std::pair<Fence, Image>> drawn_;
};

EncoderOptions optionsOf(VideoCodec codec, Profile profile, std::vector<std::string>* recoveries = nullptr) {
  EncoderOptions options;
  options.codec = codec;
  options.profile = profile;
  options.width = kWidth;
  options.height = kHeight;
  options.keyframeMs = 1000;
  if (recoveries)
    options.recovered = [recoveries](const std::string& what, const std::string& reason) {
      recoveries->push_back(what + ": " + reason);
    };
  return options;
}

struct Written {
  OutputResult result;
  std::vector<std::string> recoveries;
  std::string encoder;  // at the end
};

Written write(const std::string& path, EncoderOptions options, int frames) {
  Written written;
  options.recovered = [&](const std::string& what, const std::string& reason) {
    written.recoveries.push_back(what + ": " + reason);
  };
  auto encoder = openEncoder(options, gpu());
  Canvases canvases(*encoder);
  auto output = openOutput({path, {}, options.fps}, *encoder);
  const auto emit = [&](Packet packet) { output->write(packet); };
  for (int n = 0; n < frames; n++) encoder->push(canvases.picture(n, clip::timeUs(n, options.fps)), emit);
  encoder->finish(emit);
  written.encoder = encoder->name();
  encoder.reset();
  written.result = output->finish(true);
  return written;
}

void requireNoneLeft(const std::string& what) {
  test::requireNone({"nvenc_live", "nvenc_registered", "nvenc_mapped", "nvenc_misuse", "illegal"}, what);
}

// The file plays and holds every picture once, in order: its sharpness shows it.
void requireWhole(const std::string& path, VideoCodec codec, int frames, const std::string& what) {
  const int before = check::failures();
  clip::checkStream(path, nameOf(codec), frames, {25, 1});
  CHECK(clip::decodedPsnr(path, kWidth, kHeight, frames) > 30);
  if (check::failures() != before) std::printf("  ... %s\n", what.c_str());
}

void set(const char* name, const char* value) {
  setenv(name, value, 1);
}

}  // namespace

VIDEO_TEST(every_profile_plays_and_no_picture_leaves_the_gpu) {
  const clip::TempFolder folder;
  for (const VideoCodec codec : {VideoCodec::h264, VideoCodec::hevc})
    for (const Profile profile :
         {Profile::realtime, Profile::streaming, Profile::balanced, Profile::quality, Profile::archival}) {
      const std::string path = folder.file("a.mp4");
      const Written written = write(path, optionsOf(codec, profile), 60);
      CHECK_EQUAL(written.encoder, std::string(nameOf(codec)) + "_nvenc");
      CHECK_EQUAL(written.result.frames, 60);
      CHECK_EQUAL(written.recoveries.empty() ? "" : written.recoveries[0], "");
      requireWhole(path, codec, 60, written.encoder + " " + std::to_string(static_cast<int>(profile)));
      requireNoneLeft(written.encoder);
    }
  CHECK_EQUAL(counter("nvenc_pictures"), 600);
  CHECK_EQUAL(gpu()->copiedBytes(CopyKind::d2hEncode), uint64_t{0});
}

VIDEO_TEST(times_of_29_97_fps_stay_exact) {
  const clip::TempFolder folder;
  EncoderOptions options = optionsOf(VideoCodec::h264, Profile::streaming);
  options.fps = {30000, 1001};
  write(folder.file("ntsc.mp4"), options, 70);
  clip::checkStream(folder.file("ntsc.mp4"), "h264", 70, options.fps);
}

VIDEO_TEST(realtime_gives_every_picture_back_at_once) {
  for (const VideoCodec codec : {VideoCodec::h264, VideoCodec::hevc}) {
    auto encoder = openEncoder(optionsOf(codec, Profile::realtime), gpu());
    Canvases canvases(*encoder);
    int packets = 0;
    for (int n = 0; n < 20; n++) {
      encoder->push(canvases.picture(n, n * 40000), [&](Packet) { packets++; });
      CHECK_EQUAL(packets, n + 1);
    }
  }
  requireNoneLeft("realtime");
}

VIDEO_TEST(low_latency_gives_every_picture_back_at_once) {
  for (const VideoCodec codec : {VideoCodec::h264, VideoCodec::hevc})
    for (const Profile profile : {Profile::balanced, Profile::archival}) {
      EncoderOptions options = optionsOf(codec, profile);
      options.latency = Latency::low;
      auto encoder = openEncoder(options, gpu());
      CHECK_EQUAL(encoder->name(), std::string(nameOf(codec)) + "_nvenc");
      Canvases canvases(*encoder);
      int packets = 0;
      for (int n = 0; n < 10; n++) {
        encoder->push(canvases.picture(n, n * 40000), [&](Packet packet) {
          CHECK_EQUAL(packet.dtsUs, packet.ptsUs);
          packets++;
        });
        CHECK_EQUAL(packets, n + 1);
      }
    }
  requireNoneLeft("low latency");
}

VIDEO_TEST(packets_are_a_stream_by_themselves) {
  auto encoder = openEncoder(optionsOf(VideoCodec::h264, Profile::quality), gpu());
  Canvases canvases(*encoder);
  std::vector<Packet> packets;
  const auto emit = [&](Packet packet) { packets.push_back(std::move(packet)); };
  for (int n = 0; n < 100; n++) encoder->push(canvases.picture(n, n * 40000), emit);
  encoder->finish(emit);
  clip::checkPackets(packets, 100, 3);
}

VIDEO_TEST(encoders_close_in_every_state) {
  for (const Profile profile : {Profile::realtime, Profile::archival})
    for (const int pictures : {0, 1, 7, 60})
      for (const bool finished : {false, true}) {
        auto encoder = openEncoder(optionsOf(VideoCodec::h264, profile), gpu());
        Canvases canvases(*encoder);
        int packets = 0;
        const auto emit = [&](Packet) { packets++; };
        for (int n = 0; n < pictures; n++) encoder->push(canvases.picture(n, n * 40000), emit);
        if (finished) encoder->finish(emit);
        if (finished) CHECK_EQUAL(packets, pictures);
        encoder.reset();
        requireNoneLeft("closed");
      }
}

VIDEO_TEST(what_the_gpu_refuses_software_encodes) {
  const struct {
    const char* rule;
    const char *variable, *value;
    const char* reason;
  } cases[] = {{"nvEncOpenEncodeSessionEx:1+:1", "", "", "no video encoder"},
               {"nvEncOpenEncodeSessionEx:1+:2", "", "", "no video encoder"},
               {"nvEncOpenEncodeSessionEx:1+:10", "", "", "out of memory"},
               {"nvEncOpenEncodeSessionEx:1+:21", "", "", "incompatible client key"},
               {"nvEncInitializeEncoder:1+:8", "", "", "InitializeEncoder"},
               {"", "FRAMEPATH_SIM_NVENC_CODECS", "none", ""},
               {"", "FRAMEPATH_SIM_NVENC_API", "176", "driver"}};
  const clip::TempFolder folder;
  for (const auto& c : cases) {
    const std::string path = folder.file("a.mp4"), what = std::string(c.rule) + c.variable;
    test::simulator().fail(c.rule);
    if (*c.variable) set(c.variable, c.value);
    const uint64_t before = gpu()->copiedBytes(CopyKind::d2hEncode);
    const Written written = write(path, optionsOf(VideoCodec::h264, Profile::balanced), 30);
    test::simulator().fail("");
    if (*c.variable) unsetenv(c.variable);
    CHECK_EQUAL(written.encoder, "libx264");
    CHECK_EQUAL(written.recoveries.size(), size_t{1});
    if (written.recoveries.empty()) continue;
    std::printf("  %s: %s\n", what.c_str(), written.recoveries[0].c_str());
    CHECK(written.recoveries[0].find(c.reason) != std::string::npos);
    CHECK_EQUAL(gpu()->copiedBytes(CopyKind::d2hEncode) - before, uint64_t{kWidth} * kHeight * 3 / 2 * 30);
    requireWhole(path, VideoCodec::h264, 30, what);
    requireNoneLeft(what);
  }
  const Written av1 = write(folder.file("av1.mp4"), optionsOf(VideoCodec::av1, Profile::realtime), 5);
  CHECK_EQUAL(av1.recoveries.size(), size_t{1});  // this FFmpeg has no av1_nvenc, or the simulator does not encode it
}

VIDEO_TEST(gpus_without_b_frames_do_without) {
  const clip::TempFolder folder;
  set("FRAMEPATH_SIM_NVENC_BFRAMES", "0");
  const Written written = write(folder.file("a.mp4"), optionsOf(VideoCodec::hevc, Profile::quality), 30);
  CHECK_EQUAL(written.encoder, "hevc_nvenc");
  CHECK(written.recoveries.empty());
  requireWhole(folder.file("a.mp4"), VideoCodec::hevc, 30, "no B-frames");
}

// Wherever it fails: the file is whole, and goes on with a keyframe of software's.
void failWith(VideoCodec codec, Profile profile, const std::string& rule) {
  constexpr int kFrames = 40;
  const clip::TempFolder folder;
  const std::string path = folder.file("a.mp4");
  const std::string what =
      std::string(nameOf(codec)) + " " + std::to_string(static_cast<int>(profile)) + " with " + rule;
  test::mustPassInChild(what, [&] {
    test::simulator().fail(rule.c_str());
    const Written written = write(path, optionsOf(codec, profile), kFrames);
    if (written.recoveries.size() != 1 || written.encoder.substr(0, 4) != "libx")
      check::fail(what.c_str(), 0, "software did not take over");
    requireWhole(path, codec, kFrames, what);
    requireNoneLeft(what);
  });
}

TEST(an_encoder_that_fails_loses_nothing) {
  if (!FAULTS_WANTED) return;
  const int step = test::allFaults() ? 1 : 13;
  for (const Profile profile : {Profile::realtime, Profile::streaming, Profile::archival})
    for (const char* call : {"nvEncEncodePicture:", "nvEncLockBitstream:"})
      for (int n = 1; n <= 40; n += step) failWith(VideoCodec::h264, profile, call + std::to_string(n) + ":20");
  for (const char* rule : {"nvEncEncodePicture:41:20", "nvEncEncodePicture:17+:9", "nvEncRegisterResource:3:23",
                           "nvEncMapInputResource:7:16"})
    failWith(VideoCodec::h264, Profile::quality, rule);
  for (const char* rule : {"nvEncEncodePicture:1:20", "nvEncEncodePicture:14:20", "nvEncEncodePicture:38:20"})
    failWith(VideoCodec::hevc, Profile::balanced, rule);
}

VIDEO_TEST(ten_bits_are_encoded_where_they_were_drawn_and_play_on_in_software) {
  const clip::TempFolder folder;
  const std::string path = folder.file("a.mkv");
  EncoderOptions options = optionsOf(VideoCodec::hevc, Profile::balanced);
  options.dynamicRange = DynamicRange::hdr10;
  for (const char* rule : {"", "nvEncEncodePicture:23:20"}) {
    test::simulator().fail(rule);
    const Written written = write(path, options, 40);
    test::simulator().fail("");
    CHECK_EQUAL(written.encoder, *rule ? "libx265" : "hevc_nvenc");
    CHECK_EQUAL(written.recoveries.size(), size_t{*rule ? 1u : 0u});
    CHECK_EQUAL(clip::streamValues(path, "v:0")["pix_fmt"], "yuv420p10le");
    CHECK(clip::decodedPsnr(path, kWidth, kHeight, 40) > 30);
  }
  set("FRAMEPATH_SIM_NVENC_10BIT", "0");
  const Written written = write(path, options, 10);
  CHECK_EQUAL(written.encoder, "libx265");
  CHECK_EQUAL(clip::streamValues(path, "v:0")["pix_fmt"], "yuv420p10le");
}

VIDEO_TEST(every_container_plays_on_when_the_encoder_changes) {
  const clip::TempFolder folder;
  for (const VideoCodec codec : {VideoCodec::h264, VideoCodec::hevc})
    for (const char* name : {"a.mkv", "a.ts", "a.m3u8"}) {
      if (codec == VideoCodec::hevc && std::string(name) == "a.ts") continue;
      test::simulator().fail("nvEncEncodePicture:23:20");
      const Written written = write(folder.file(name), optionsOf(codec, Profile::balanced), 40);
      test::simulator().fail("");
      CHECK_EQUAL(written.recoveries.size(), size_t{1});
      CHECK(clip::decodedPsnr(folder.file(name), kWidth, kHeight, 40) > 30);
    }
}

VIDEO_TEST(sessions_are_learnt_when_the_driver_refuses) {
  set("FRAMEPATH_SIM_NVENC_SESSIONS", "2");
  std::vector<std::string> recoveries;
  const EncoderOptions options = optionsOf(VideoCodec::h264, Profile::realtime, &recoveries);
  auto first = openEncoder(options, gpu()), second = openEncoder(options, gpu());
  CHECK_EQUAL(encoderSessions().open, 2);
  CHECK_EQUAL(encoderSessions().learnt, 0);
  auto third = openEncoder(options, gpu());
  CHECK_EQUAL(third->name(), "libx264");
  CHECK_EQUAL(encoderSessions().learnt, 2);
  const long long asked = counter("call:nvEncOpenEncodeSessionEx");
  auto fourth = openEncoder(options, gpu());  // without asking again
  CHECK_EQUAL(fourth->name(), "libx264");
  CHECK_EQUAL(counter("call:nvEncOpenEncodeSessionEx"), asked);
  CHECK_EQUAL(recoveries.size(), size_t{2});
  second.reset();
  CHECK_EQUAL(openEncoder(options, gpu())->name(), "h264_nvenc");
  CHECK_EQUAL(encoderSessions().open, 1);
}

VIDEO_TEST(sessions_are_waited_for_where_that_is_wanted) {
  EncoderOptions options = optionsOf(VideoCodec::h264, Profile::realtime);
  options.maxSessions = 1;
  auto first = openEncoder(options, gpu());
  CHECK_EQUAL(openEncoder(options, gpu())->name(), "libx264");
  options.sessions = SessionPolicy::wait;
  std::atomic<bool> open{false};
  std::thread waiting([&] {
    const auto encoder = openEncoder(options, gpu());
    CHECK_EQUAL(encoder->name(), "h264_nvenc");
    open = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  CHECK(!open);
  first.reset();
  waiting.join();
  CHECK(open);
  // Who is stopped does not wait on.
  first = openEncoder(options, gpu());
  auto stop = std::make_shared<Stop>();
  options.stop = stop;
  std::thread stopped([&] { CHECK_EQUAL(openEncoder(options, gpu())->name(), "libx264"); });
  stop->now();
  stopped.join();
  first.reset();
  // Sessions that the driver gives to others are not waited for.
  test::simulator().fail("nvEncOpenEncodeSessionEx:1+:10");
  options.stop = nullptr;
  CHECK_EQUAL(openEncoder(options, gpu())->name(), "libx264");
}

VIDEO_TEST(a_new_bitrate_waits_for_a_keyframe) {
  EncoderOptions options = optionsOf(VideoCodec::h264, Profile::realtime);
  options.bitrate = 400'000;
  auto encoder = openEncoder(options, gpu());
  Canvases canvases(*encoder);
  std::vector<bool> keyframes;
  const auto emit = [&](const Packet& packet) { keyframes.push_back(packet.keyframe); };
  for (int n = 0; n < 100; n++) {
    if (n % 5 == 3) encoder->setBitrate(400'000 + 10'000 * n);
    encoder->push(canvases.picture(n, n * 40000), emit);
  }
  encoder->finish(emit);
  CHECK_EQUAL(counter("nvenc_rates"), 3);
  CHECK_EQUAL(keyframes.size(), size_t{100});
  for (size_t n = 0; n < keyframes.size(); n++) CHECK_EQUAL(keyframes[n], n % 25 == 0);
}

VIDEO_TEST(a_lost_gpu_is_reported_as_lost) {
  auto encoder = openEncoder(optionsOf(VideoCodec::h264, Profile::balanced), gpu());
  Canvases canvases(*encoder);
  std::optional<Error> error;
  try {
    for (int n = 0; n < 60; n++) {
      if (n == 20) test::simulator().fail("cuStreamWaitEvent:1:700");
      encoder->push(canvases.picture(n, n * 40000), [](Packet) {});
    }
  } catch (const Error& e) {
    error = e;
  }
  CHECK(error && error->code == ErrorCode::DEVICE_LOST);
}

// Whichever call of the driver fails: the file is whole, or there is an error with the reason.
TEST(every_call_of_the_driver_may_fail_while_encoding) {
  if (!FAULTS_WANTED) return;
  std::vector<std::string> calls = test::driverCalls();
  for (const char* call : {"nvEncOpenEncodeSessionEx", "nvEncInitializeEncoder", "nvEncRegisterResource",
                           "nvEncMapInputResource", "nvEncEncodePicture", "nvEncLockBitstream"})
    calls.emplace_back(call);
  test::failEveryCall(calls, [] {
    const clip::TempFolder folder;
    std::optional<Error> error;
    try {
      write(folder.file("a.mp4"), optionsOf(VideoCodec::h264, Profile::streaming), 20);
    } catch (const Error& e) {
      error = e;
    }
    if (!error) return clip::checkStream(folder.file("a.mp4"), "h264", 20, {25, 1});
    CHECK(test::tellsOfTheDevice(error->code));
  });
}

VIDEO_TEST(a_gpu_lists_what_it_encodes) {
  GpuCodecs codecs = gpuCodecs(gpu());
  CHECK_EQUAL(codecs.encodes["h264"], "");
  CHECK_EQUAL(codecs.encodes["hevc"], "");
  CHECK(codecs.encodes.contains("av1"));
  test::simulator().fail("nvEncOpenEncodeSessionEx:1+:2");
  codecs = gpuCodecs(gpu());
  CHECK_EQUAL(codecs.encodes["h264"], "this GPU has no video encoder");
  requireNoneLeft("asked");
}

TEST_MAIN()
