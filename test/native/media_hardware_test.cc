// Decoding on a GPU, simulated: the frames are those that software decodes, whatever the stream is and whatever fails.
#include <algorithm>
#include <map>
#include <optional>

#include "check.h"
#include "clips.h"
#include "core/error.h"
#include "media/kept_packets.h"
#include "media/nvdec.h"
#include "simulated_video.h"

using namespace framepath;
using namespace framepath::media;
using clips::make;
using clips::moving;
using test::counter;
using test::gpu;

namespace {

struct Clip {
  const char* file;
  const char* encode;
};
// With pictures that are reordered, refer across keyframes, are hidden until another packet shows them.
const Clip kClips[] = {
    {"b.mp4", "-c:v libx264 -preset veryfast -bf 3 -g 12 -pix_fmt yuv420p"},
    {"open.mp4", "-c:v libx264 -preset veryfast -bf 3 -g 12 -x264-params open-gop=1 -pix_fmt yuv420p"},
    {"hevc.mp4", "-c:v libx265 -preset ultrafast -g 12 -x265-params log-level=none:bframes=3 -pix_fmt yuv420p"},
    {"hevc10.mkv", "-c:v libx265 -preset ultrafast -g 12 -x265-params log-level=none -pix_fmt yuv420p10le"},
    {"pq.mkv", "-c:v libx265 -preset ultrafast -g 12 -x265-params log-level=none -pix_fmt yuv420p10le "
               "-color_trc smpte2084 -color_primaries bt2020 -colorspace bt2020nc"},
    {"fields.mkv", "-c:v libx264 -preset veryfast -flags +ildct+ilme -x264-params tff=1 -pix_fmt yuv420p"},
    {"hevc12.mkv", "-c:v libx265 -preset ultrafast -g 12 -x265-params log-level=none -pix_fmt yuv420p12le"},
    {"hevc444.mkv", "-c:v libx265 -preset ultrafast -g 12 -x265-params log-level=none -pix_fmt yuv444p"},
    {"hevc444_10.mkv", "-c:v libx265 -preset ultrafast -g 12 -x265-params log-level=none -pix_fmt yuv444p10le"},
    {"vp9.webm", "-c:v libvpx-vp9 -deadline good -cpu-used 5 -g 12 -auto-alt-ref 1 -lag-in-frames 12 -b:v 200k"},
    {"vp9_10.webm", "-c:v libvpx-vp9 -deadline good -cpu-used 8 -g 12 -lag-in-frames 12 -pix_fmt yuv420p10le"},
    {"av1.mp4", "-c:v libsvtav1 -preset 10 -g 12 -pix_fmt yuv420p"},
    {"av1_10.mkv", "-c:v libsvtav1 -preset 10 -g 12 -pix_fmt yuv420p10le"},
};
constexpr int kFrames = 40;

std::string clipOf(const Clip& clip) {
  return make(clip.file, moving("192x128", 25, kFrames) + clip.encode);
}

// What a reader gave, frames released as soon as they are compared.
struct Seen {
  std::vector<clips::Bytes> pictures;
  std::vector<int64_t> times, indices;
  ReaderCounters counters;
  std::vector<std::string> recoveries;
  std::optional<Error> error;

  // The same pictures at the same times: none lost, none twice.
  bool operator==(const Seen& other) const {
    return pictures == other.pictures && times == other.times && indices == other.indices;
  }
};

Seen read(SourceOptions options, const std::shared_ptr<Device>& device) {
  Seen seen;
  options.recovered = [&](const std::string& what, const std::string& reason) {
    seen.recoveries.push_back(what + ": " + reason);
  };
  try {
    const auto reader = openSource(options, device);
    while (const FrameRef frame = reader->next()) {
      seen.pictures.push_back(clips::packed(*frame, *device));
      seen.times.push_back(frame->ptsUs);
      seen.indices.push_back(frame->index);
    }
    seen.counters = reader->counters();
  } catch (const Error& error) {
    seen.error = error;
  }
  return seen;
}
Seen read(const std::string& uri, const std::shared_ptr<Device>& device, DecoderChoice decoder = {}) {
  SourceOptions options;
  options.uri = uri;
  options.decoder = decoder;
  return read(options, device);
}
std::shared_ptr<Device> cpu() {
  static const auto device = openDevice("cpu");
  return device;
}

void requireSame(const Seen& got, const Seen& wanted, const std::string& what) {
  if (got.error) check::fail(what.c_str(), 0, "threw " + got.error->sentence);
  if (got.times != wanted.times) check::fail(what.c_str(), 0, "other times");
  if (got.indices != wanted.indices) check::fail(what.c_str(), 0, "other indices");
  if (got.pictures.size() != wanted.pictures.size()) return check::fail(what.c_str(), 0, "another number of pictures");
  for (size_t i = 0; i < got.pictures.size(); i++)
    if (got.pictures[i] != wanted.pictures[i])
      return check::fail(what.c_str(), 0, "picture " + std::to_string(i) + " differs");
}

// Nothing that the decoder had is left, and it was used as it wants to be.
void requireNoneLeft(const std::string& what) {
  test::requireNone({"nvdec_live", "nvdec_mapped", "nvdec_misuse", "illegal"}, what);
}

}  // namespace

// Before any child, for all of them: what a child makes goes with it.
TEST(the_clips_are_made) {
  if (!test::videoIsSimulated()) return;
  for (const Clip& clip : kClips) CHECK(!clips::readFile(clipOf(clip)).empty());
}

VIDEO_TEST(frames_are_those_of_software) {
  for (const Clip& clip : kClips) {
    const std::string path = clipOf(clip);
    const Seen wanted = read(path, cpu()), got = read(path, gpu(), DecoderChoice::hardware);
    CHECK_EQUAL(wanted.pictures.size(), size_t{kFrames});
    requireSame(got, wanted, clip.file);
    CHECK_EQUAL(got.counters.decodedOnGpu, kFrames);
    CHECK(got.recoveries.empty());
    requireNoneLeft(clip.file);
  }
  CHECK_EQUAL(counter("nvdec_unknown"), 0);
  CHECK_EQUAL(gpu()->copiedBytes(CopyKind::h2dImage), uint64_t{0});
  CHECK_EQUAL(gpu()->copiedBytes(CopyKind::d2hImage), uint64_t{0});
}

VIDEO_TEST(sources_are_cut_like_in_software) {
  for (const Clip& clip : kClips)
    for (const int64_t startMs : {40, 500, 1230, 1560}) {
      SourceOptions options;
      options.uri = clipOf(clip);
      options.startMs = startMs;
      options.endMs = startMs + 400;
      const Seen wanted = read(options, cpu());
      options.decoder = DecoderChoice::hardware;
      requireSame(read(options, gpu()), wanted, clip.file + (" from " + std::to_string(startMs)));
    }
  requireNoneLeft("seeks");
}

VIDEO_TEST(frames_may_be_held_for_as_long_as_one_likes) {
  for (const Clip& clip : kClips) {
    const std::string path = clipOf(clip);
    const Seen wanted = read(path, cpu());
    SourceOptions options;
    options.uri = path;
    options.decoder = DecoderChoice::hardware;
    options.extraFrames = 4;
    std::vector<FrameRef> frames;
    {
      const auto reader = openSource(options, gpu());
      while (FrameRef frame = reader->next()) frames.push_back(std::move(frame));
    }
    CHECK_EQUAL(frames.size(), wanted.pictures.size());
    for (size_t i = 0; i < frames.size(); i++) CHECK(clips::packed(*frames[i], *gpu()) == wanted.pictures[i]);
    frames.clear();
    requireNoneLeft(clip.file);
  }
  CHECK(counter("d2d_bytes") > 0);
}

VIDEO_TEST(pictures_are_turned_and_cropped) {
  const std::string plain = make("plain.mp4", moving("192x128", 25, 10) + "-c:v libx264 -g 5 -pix_fmt yuv420p");
  const std::string plain10 =
      make("plain10.mp4", moving("192x128", 25, 10) + "-c:v libx265 -x265-params log-level=none -pix_fmt yuv420p10le");
  for (const std::string& from : {plain, plain10})
    for (const int degrees : {90, 180, 270}) {
      const std::string path = make(std::to_string(degrees) + (from == plain ? "turned.mp4" : "turned10.mp4"),
                                    "-i '" + from + "' -c copy -metadata:s:v:0 rotate=" + std::to_string(degrees));
      requireSame(read(path, gpu(), DecoderChoice::hardware), read(path, cpu()), path);
    }
  for (const char* crop : {"crop_right=6:crop_bottom=10", "crop_left=6:crop_top=2:crop_right=2"}) {
    const std::string path =
        make(std::string(crop) + ".mp4", "-i '" + plain + "' -c copy -bsf:v h264_metadata=" + crop);
    const Seen wanted = read(path, cpu()), got = read(path, gpu(), DecoderChoice::hardware);
    CHECK_EQUAL(wanted.pictures.at(0).size(), static_cast<size_t>(crop[5] == 'r' ? 186 * 118 : 184 * 126) * 3 / 2);
    requireSame(got, wanted, crop);
  }
  requireNoneLeft("turned and cropped");
}

VIDEO_TEST(the_size_may_change_in_mid_stream) {
  const auto a = make("size_a.h264", moving("160x128", 25, 10) + "-c:v libx264 -preset ultrafast");
  const auto b = make("size_b.h264", moving("320x192", 25, 10) + "-c:v libx264 -preset ultrafast");
  const auto tiny = make("size_c.h264", moving("32x32", 25, 10) + "-c:v libx264 -preset ultrafast");
  const auto joined = [](const char* name, const std::string& first, const std::string& second) {
    clips::Bytes both = clips::readFile(first);
    const clips::Bytes more = clips::readFile(second);
    both.insert(both.end(), more.begin(), more.end());
    return clips::writeFile(name, both);
  };
  const std::string larger = joined("larger.h264", a, b), smaller = joined("smaller.h264", a, tiny);
  requireSame(read(larger, gpu(), DecoderChoice::hardware), read(larger, cpu()), "larger");
  // 32x32 is less than the GPU decodes.
  const Seen fallen = read(smaller, gpu());
  requireSame(fallen, read(smaller, cpu()), "smaller");
  CHECK_EQUAL(fallen.recoveries.size(), size_t{1});
  CHECK_EQUAL(fallen.counters.decoded, 20);
  CHECK(fallen.counters.decodedOnGpu > 0 && fallen.counters.decodedOnGpu <= 10);
  requireNoneLeft("sizes");
}

VIDEO_TEST(what_a_gpu_does_not_decode_is_software_s) {
  const Clip clips[] = {{"h264_422.mkv", "-c:v libx264 -preset ultrafast -pix_fmt yuv422p"},
                        {"h264_10.mkv", "-c:v libx264 -preset ultrafast -pix_fmt yuv420p10le"},
                        {"h264_444.mkv", "-c:v libx264 -preset ultrafast -pix_fmt yuv444p"},
                        {"mpeg4.avi", "-c:v mpeg4 -bf 2"},
                        {"odd.webm", "-vf scale=161:121 -c:v libvpx-vp9 -deadline realtime -cpu-used 8"}};
  for (const Clip& clip : clips) {
    const std::string path = make(clip.file, moving("192x128", 25, 10) + clip.encode);
    const Seen got = read(path, gpu());
    requireSame(got, read(path, cpu()), clip.file);
    CHECK_EQUAL(got.counters.decodedOnGpu, 0);
    CHECK_EQUAL(got.recoveries.size(), size_t{1});
    if (!got.recoveries.empty()) std::printf("  %s: %s\n", clip.file, got.recoveries[0].c_str());
    CHECK(read(path, gpu(), DecoderChoice::hardware).error.has_value());
  }
  CHECK(gpu()->copiedBytes(CopyKind::h2dImage) > 0);
  requireNoneLeft("software");
}

VIDEO_TEST(pictures_are_software_s_without_a_word) {
  const std::string path = make("still.png", moving("192x128", 25, 1) + "-pix_fmt rgb24");
  const Seen got = read(path, gpu());
  requireSame(got, read(path, cpu()), "still");
  CHECK(got.recoveries.empty());
}

VIDEO_TEST(software_can_be_asked_for) {
  const std::string path = clipOf(kClips[0]);
  const Seen got = read(path, gpu(), DecoderChoice::software);
  requireSame(got, read(path, cpu()), "software");
  CHECK_EQUAL(counter("nvdec_pictures"), 0);
  CHECK(got.recoveries.empty());
  SourceOptions impossible;
  impossible.uri = path;
  impossible.decoder = DecoderChoice::hardware;
  CHECK_ERROR(openSource(impossible, cpu()), DEVICE_UNAVAILABLE);
}

VIDEO_TEST(a_gpu_lists_what_it_decodes) {
  const Nvdec& nvdec = nvdecOf(*gpu());
  CHECK(nvdec.unavailable.empty());
  const auto has = [&](const char* codec, const char* chroma, int depth) {
    return std::any_of(nvdec.formats.begin(), nvdec.formats.end(), [&](const NvdecFormat& f) {
      return f.codec == codec && f.chroma == chroma && f.depth == depth && f.maxWidth >= 4096;
    });
  };
  CHECK(has("h264", "4:2:0", 8) && !has("h264", "4:2:0", 10));
  CHECK(has("hevc", "4:4:4", 12) && has("vp9", "4:2:0", 10) && has("av1", "4:2:0", 10));
  CHECK_EQUAL(nvdecRefusal(*gpu(), AV_CODEC_ID_H264, AV_PIX_FMT_YUV420P, 1920, 1088), "");
  CHECK(nvdecRefusal(*gpu(), AV_CODEC_ID_H264, AV_PIX_FMT_YUV420P, 8192, 8192).find("8192x8192") != std::string::npos);
}

// Whatever fails, and whenever: software goes on where the GPU stopped.
VIDEO_TEST(a_decoder_that_fails_loses_nothing) {
  if (test::faultsAre("none")) return;
  const char* rules[] = {"cuvidCreateDecoder:1+:2",    "cuvidDecodePicture:1:999",    "cuvidDecodePicture:7:999",
                         "cuvidDecodePicture:14:1",    "cuvidDecodePicture:30+:999",  "cuvidMapVideoFrame64:1:205",
                         "cuvidMapVideoFrame64:9:205", "cuvidMapVideoFrame64:31+:205"};
  for (const Clip& clip : kClips) {
    const std::string path = clipOf(clip);
    const Seen wanted = read(path, cpu());
    for (const char* rule : rules) {
      test::simulator().fail(rule);
      const Seen got = read(path, gpu());
      test::simulator().fail("");
      const std::string what = std::string(clip.file) + " with " + rule;
      requireSame(got, wanted, what);
      if (got.recoveries.size() != 1) check::fail(what.c_str(), 0, "not one recovery");
      if (got.counters.decodeErrors != 0) check::fail(what.c_str(), 0, "errors were counted");
      requireNoneLeft(what);
    }
  }
}

VIDEO_TEST(a_decoder_that_fails_at_any_picture_loses_nothing) {
  if (test::faultsAre("none")) return;
  for (const Clip& clip : kClips) {
    const std::string path = clipOf(clip);
    const Seen wanted = read(path, cpu());
    const int step = test::allFaults() ? 1 : 7;
    for (const char* call : {"cuvidDecodePicture", "cuvidMapVideoFrame64"})
      for (int n = 1; n <= kFrames; n += step) {
        const std::string rule = std::string(call) + ":" + std::to_string(n) + ":1";
        test::simulator().fail(rule.c_str());
        requireSame(read(path, gpu()), wanted, clip.file + (" with " + rule));
        test::simulator().fail("");
      }
  }
  requireNoneLeft("any picture");
}

VIDEO_TEST(a_gpu_that_has_to_decode_reports_that_it_failed) {
  const std::string path = clipOf(kClips[0]);
  test::simulator().fail("cuvidDecodePicture:9:999");
  const Seen got = read(path, gpu(), DecoderChoice::hardware);
  CHECK(got.error && got.error->code == ErrorCode::DECODE_FAILED && !got.error->hint.empty());
  CHECK(got.pictures.size() < kFrames);
  requireNoneLeft("required");
}

VIDEO_TEST(damage_in_the_stream_is_not_the_gpu_s_fault) {
  clips::Bytes bytes = clips::readFile(clipOf(kClips[0]));
  for (size_t i = bytes.size() / 2; i < bytes.size() / 2 + 40; i++) bytes[i] ^= 0x5a;
  const std::string path = clips::writeFile("damaged.mp4", bytes);
  const Seen wanted = read(path, cpu()), got = read(path, gpu());
  CHECK(got.recoveries.empty());
  CHECK_EQUAL(got.counters.decodeErrors > 0, wanted.counters.decodeErrors > 0);
  requireNoneLeft("damaged");
}

// Whichever call of the driver fails: the frames are those of software, or there is an error with the reason.
TEST(every_call_of_the_driver_may_fail_while_decoding) {
  if (!FAULTS_WANTED) return;
  std::vector<std::string> calls = test::driverCalls();
  for (const char* call : {"cuvidGetDecoderCaps", "cuvidCreateDecoder", "cuvidDecodePicture", "cuvidMapVideoFrame64"})
    calls.emplace_back(call);
  const std::string path = clipOf(kClips[0]);
  const Seen wanted = read(path, cpu());
  test::failEveryCall(calls, [&] {
    try {
      const auto device = openDevice("cuda:0");
      const Seen got = read(path, device);
      if (!got.error) return requireSame(got, wanted, "decoding");
      CHECK(test::tellsOfTheDevice(got.error->code));
    } catch (const Error& error) {
      CHECK(test::tellsOfTheDevice(error.code));
    }
  });
}

VIDEO_TEST(surfaces_are_in_the_memory_budget) {
  const std::string path = clipOf(kClips[0]);
  DeviceOptions options;
  options.memoryLimit = 300'000;
  const auto device = openDevice("cuda:0", options);
  const Seen got = read(path, device);
  requireSame(got, read(path, cpu()), "budget");
  CHECK_EQUAL(got.recoveries.size(), size_t{1});
  for (const std::string& recovery : got.recoveries) CHECK(recovery.find("surfaces") != std::string::npos);
  CHECK_EQUAL(device->memory().used, uint64_t{0});
}

// A group of pictures that is too long to be kept: the next keyframe is where software begins.
TEST(what_is_too_much_is_not_kept) {
  KeptPackets kept;
  AvPacket packet = newPacket();
  av_new_packet(packet.get(), 100);
  packet->flags = AV_PKT_FLAG_KEY;
  kept.add(*packet, 1);
  packet->flags = 0;
  for (int64_t number = 2; number <= 3000; number++) kept.add(*packet, number);
  CHECK(kept.complete());
  kept.add(*packet, 3001);
  CHECK(!kept.complete());
  KeptPackets::Numbered next;
  CHECK(!kept.again(next));
  packet->flags = AV_PKT_FLAG_KEY;
  kept.add(*packet, 3002);
  CHECK(kept.complete());
  CHECK(kept.again(next));
  CHECK_EQUAL(next.number, 3002);
}

TEST_MAIN()
