#include "media/profiles.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <thread>

namespace framepath::media {
namespace {

// realtime   latency first: no reordering, no look-ahead, the fastest preset that still has deblocking and references.
// streaming  quality for viewers behind a link: like balanced, but a VBV bounds the peaks of constant quality.
// balanced   the default: encoding stays below half of a pipeline's time on two cores (x264 veryfast is 23 ms of CPU
//            for a 1080p frame, medium 57 ms), artefacts hard to see in motion.
// quality    twice to three times the time, transparent at viewing distance.
// archival   for encoding again later: visually lossless on still pictures, slow.
// Quality numbers of the libraries are not comparable: x265 needs 3-4 more than x264 for the same picture, AV1's scale
// is 0..63 and 30-35 is about x264's 23.
constexpr ProfileRow kRows[] = {
    {"libx264", Profile::realtime, "superfast", 25, 0, true, 0},
    {"libx264", Profile::streaming, "veryfast", 23, 2, false, 0.12},
    {"libx264", Profile::balanced, "veryfast", 21, -1, false, 0},
    {"libx264", Profile::quality, "medium", 19, -1, false, 0},
    {"libx264", Profile::archival, "slow", 16, -1, false, 0},

    {"libx265", Profile::realtime, "ultrafast", 28, 0, true, 0},
    {"libx265", Profile::streaming, "superfast", 26, 3, false, 0.08},
    {"libx265", Profile::balanced, "veryfast", 24, -1, false, 0},
    {"libx265", Profile::quality, "medium", 22, -1, false, 0},
    {"libx265", Profile::archival, "slow", 18, -1, false, 0},

    {"libsvtav1", Profile::realtime, "12", 38, 0, true, 0},
    {"libsvtav1", Profile::streaming, "10", 35, -1, false, 0.08},
    {"libsvtav1", Profile::balanced, "9", 32, -1, false, 0},
    {"libsvtav1", Profile::quality, "6", 27, -1, false, 0},
    {"libsvtav1", Profile::archival, "4", 20, -1, false, 0},

    {"libaom-av1", Profile::realtime, "9", 38, 0, true, 0},
    {"libaom-av1", Profile::streaming, "8", 35, -1, false, 0.08},
    {"libaom-av1", Profile::balanced, "6", 32, -1, false, 0},
    {"libaom-av1", Profile::quality, "5", 27, -1, false, 0},
    {"libaom-av1", Profile::archival, "3", 20, -1, false, 0},

    {"librav1e", Profile::realtime, "10", 140, 0, true, 0},
    {"librav1e", Profile::streaming, "10", 120, -1, false, 0.08},
    {"librav1e", Profile::balanced, "9", 110, -1, false, 0},
    {"librav1e", Profile::quality, "6", 90, -1, false, 0},
    {"librav1e", Profile::archival, "4", 60, -1, false, 0},
};

// By NVIDIA's own account of its presets and qualities beside x264's and x265's; not yet compared on a GPU.
constexpr ProfileRow kNvencRows[] = {
    {"h264_nvenc", Profile::realtime, "p1", 28, 0, true, 0},
    {"h264_nvenc", Profile::streaming, "p4", 26, 2, false, 0.12},
    {"h264_nvenc", Profile::balanced, "p4", 24, 2, false, 0},
    {"h264_nvenc", Profile::quality, "p6", 21, 3, false, 0},
    {"h264_nvenc", Profile::archival, "p7", 17, 3, false, 0},

    {"hevc_nvenc", Profile::realtime, "p1", 30, 0, true, 0},
    {"hevc_nvenc", Profile::streaming, "p4", 28, 2, false, 0.08},
    {"hevc_nvenc", Profile::balanced, "p4", 26, 2, false, 0},
    {"hevc_nvenc", Profile::quality, "p6", 23, 3, false, 0},
    {"hevc_nvenc", Profile::archival, "p7", 19, 3, false, 0},

    {"av1_nvenc", Profile::realtime, "p1", 40, 0, true, 0},
    {"av1_nvenc", Profile::streaming, "p4", 37, 2, false, 0.08},
    {"av1_nvenc", Profile::balanced, "p4", 34, 2, false, 0},
    {"av1_nvenc", Profile::quality, "p6", 29, 3, false, 0},
    {"av1_nvenc", Profile::archival, "p7", 22, 3, false, 0},
};

std::vector<std::string_view> encodersOf(VideoCodec codec) {
  switch (codec) {
    case VideoCodec::h264: return {"libx264"};
    case VideoCodec::hevc: return {"libx265"};
    case VideoCodec::av1: return {"libsvtav1", "libaom-av1", "librav1e"};
  }
  return {};
}

bool isNvenc(std::string_view encoder) {
  return encoder.ends_with("_nvenc");
}

// "key=value:key=value", the form of x264-params and its relatives.
class Params {
 public:
  template <typename T>
  Params& add(const char* key, T value) {
    if (!text_.empty()) text_ += ':';
    text_ += key;
    text_ += '=';
    if constexpr (std::is_arithmetic_v<T>)
      text_ += std::to_string(value);
    else
      text_ += value;
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Average at the asked rate; peaks are bounded by a buffer of two seconds, half a second where latency counts.
void setRate(const ProfileRow& row, const EncoderOptions& options, AVCodecContext& context) {
  if (options.bitrate > 0) {
    context.bit_rate = options.bitrate;
    context.rc_max_rate = row.lowLatency ? options.bitrate : options.bitrate + options.bitrate / 2;
    context.rc_buffer_size =
        static_cast<int>(std::min<int64_t>(row.lowLatency ? options.bitrate / 2 : options.bitrate * 2, INT32_MAX));
  } else if (row.capBitsPerPixel > 0) {
    const double rate = row.capBitsPerPixel * options.width * options.height * options.fps.value();
    context.rc_max_rate = static_cast<int64_t>(rate);
    context.rc_buffer_size = static_cast<int>(std::min(rate * 2, double{INT32_MAX}));
  }
}

// How many pictures it looks ahead; each is a canvas held.
int64_t nvencLookahead(Profile profile) {
  switch (profile) {
    case Profile::quality: return 16;
    case Profile::archival: return 32;
    default: return 0;
  }
}

void applyNvenc(const ProfileRow& row, bool constantQuality, AVCodecContext& context, AvDictionary& privates) {
  privates.set("preset", row.preset);
  privates.set("tune", row.lowLatency ? "ull" : "hq");
  privates.set("rc", !constantQuality && row.lowLatency ? "cbr" : "vbr");
  if (constantQuality) {
    privates.set("cq", int64_t{row.crf});
    context.bit_rate = 0;  // libavcodec's own default is a rate
  }
  if (row.lowLatency) {
    privates.set("delay", int64_t{0});
    privates.set("zerolatency", int64_t{1});
  } else {
    privates.set("spatial-aq", int64_t{1});
    if (row.bFrames > 0) privates.set("rc-lookahead", nvencLookahead(row.profile));
  }
  if (std::string_view(row.encoder) == "h264_nvenc") privates.set("profile", "high");
}

}  // namespace

std::vector<const ProfileRow*> profileRows(VideoCodec codec, Profile profile) {
  std::vector<const ProfileRow*> found;
  for (const std::string_view encoder : encodersOf(codec)) {
    for (const ProfileRow& row : kRows) {
      if (row.profile == profile && row.encoder == encoder) found.push_back(&row);
    }
  }
  return found;
}

const ProfileRow& nvencRow(VideoCodec codec, Profile profile) {
  constexpr size_t kProfiles = std::size(kNvencRows) / 3;
  return kNvencRows[static_cast<size_t>(codec) * kProfiles + static_cast<size_t>(profile)];
}

void setTarget(const ProfileRow& row, AVCodecContext& context, int64_t bitrate) {
  context.bit_rate = context.rc_max_rate = bitrate;
  context.rc_buffer_size =
      static_cast<int>(std::min<int64_t>(row.lowLatency ? bitrate / 2 : bitrate, INT32_MAX));
}

void applyProfile(const ProfileRow& row, const EncoderOptions& options, AVCodecContext& context,
                  AvDictionary& privates) {
  const std::string_view encoder = row.encoder;
  const bool constantQuality = options.bitrate <= 0;
  const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  const int threads = options.threads > 0 ? options.threads : cores;

  const int64_t gop = int64_t{options.keyframeMs} * options.fps.num / (int64_t{options.fps.den} * 1000);
  context.gop_size = static_cast<int>(std::clamp<int64_t>(gop, 1, 10'000));
  context.flags |= AV_CODEC_FLAG_CLOSED_GOP;
  if (row.bFrames >= 0) context.max_b_frames = row.bFrames;
  setRate(row, options, context);

  if (isNvenc(encoder)) return applyNvenc(row, constantQuality, context, privates);

  // Parameter sets travel twice: in the stream's header, for MP4, and before each keyframe, so that packets handed to
  // the caller are a stream that can be joined at any keyframe.
  if (encoder == "libx264") {
    context.thread_count = threads;
    privates.set("preset", row.preset);
    if (row.lowLatency) privates.set("tune", "zerolatency");
    if (constantQuality) privates.set("crf", int64_t{row.crf});
    privates.set("x264-params", Params().add("repeat-headers", 1).text());
  } else if (encoder == "libx265") {
    privates.set("preset", row.preset);
    if (row.lowLatency) privates.set("tune", "zerolatency");
    if (constantQuality) privates.set("crf", int64_t{row.crf});
    Params params;
    params.add("log-level", "none").add("repeat-headers", 1).add("open-gop", 0).add("pools", threads);
    privates.set("x265-params", params.text());
  } else if (encoder == "libsvtav1") {
    privates.set("preset", row.preset);
    if (constantQuality) privates.set("crf", int64_t{row.crf});
    Params params;
    params.add("lp", threads).add("irefresh-type", 2);
    if (row.lowLatency) params.add("pred-struct", 1).add("lookahead", 0);
    privates.set("svtav1-params", params.text());
  } else if (encoder == "libaom-av1") {
    context.thread_count = threads;
    privates.set("cpu-used", row.preset);
    privates.set("usage", row.lowLatency ? "realtime" : "good");
    privates.set("row-mt", int64_t{1});
    if (row.lowLatency) privates.set("lag-in-frames", int64_t{0});
    if (constantQuality) privates.set("crf", int64_t{row.crf});
  } else if (encoder == "librav1e") {
    context.thread_count = threads;
    privates.set("speed", row.preset);
    if (constantQuality) privates.set("qp", int64_t{row.crf});
    if (row.lowLatency) privates.set("rav1e-params", "low_latency=true");
  }
}

}  // namespace framepath::media
