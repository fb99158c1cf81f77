#include "media/profiles.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <thread>

#include "media/compat.h"

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

    {"libopenh264", Profile::realtime, "", 28, 0, true, 0},
    {"libopenh264", Profile::streaming, "", 26, 0, false, 0.12},
    {"libopenh264", Profile::balanced, "", 24, 0, false, 0},
    {"libopenh264", Profile::quality, "", 21, 0, false, 0},
    {"libopenh264", Profile::archival, "", 17, 0, false, 0},

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

std::vector<std::string_view> encodersOf(VideoCodec codec) {
  switch (codec) {
    case VideoCodec::h264: return {"libx264", "libopenh264"};
    case VideoCodec::hevc: return {"libx265"};
    case VideoCodec::av1: return {"libsvtav1", "libaom-av1", "librav1e"};
  }
  return {};
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

int bufferOf(int64_t rate, double seconds) {
  return static_cast<int>(std::min(static_cast<double>(rate) * seconds, double{INT32_MAX}));
}

// A rate that pictures reach at no quantizer of the rows.
int64_t plenty(const EncoderOptions& options) {
  return static_cast<int64_t>(std::min(2.0 * options.width * options.height * options.fps.value(), 2.4e8));
}

// A cap bounds the peaks of constant quality, over two seconds or, where that is set, one.
void setCap(AVCodecContext& context, int64_t rate, double seconds) {
  context.rc_max_rate = rate;
  context.rc_buffer_size = bufferOf(rate, seconds);
}

void setRate(const ProfileRow& row, const EncoderOptions& options, AVCodecContext& context) {
  switch (rateControlOf(row, options)) {
    case RateControl::quality:
      if (row.capBitsPerPixel > 0)
        setCap(context,
               static_cast<int64_t>(row.capBitsPerPixel * options.width * options.height * options.fps.value()), 2);
      break;
    case RateControl::constant:  // on average; peaks are bounded by the buffer
      context.bit_rate = options.bitrate;
      context.rc_max_rate = row.lowLatency ? options.bitrate : options.bitrate + options.bitrate / 2;
      context.rc_buffer_size = bufferOf(options.bitrate, row.lowLatency ? 0.5 : 2);
      break;
    case RateControl::adaptive:
      setTarget(context, options.bitrate);
      context.rc_buffer_size = bufferOf(options.bitrate, 0.5);  // full when a hard part begins, whatever the target was
      break;
    case RateControl::capped: setCap(context, options.bitrate, row.lowLatency ? 0.5 : 1); break;
  }
}

}  // namespace

bool holdsHdr(VideoCodec codec) {
  return codec != VideoCodec::h264;
}

bool encodesHdr(VideoCodec codec) {
  if (!holdsHdr(codec)) return false;
  return std::ranges::any_of(encodersOf(codec), [](std::string_view name) {
    const AVCodec* encoder = avcodec_find_encoder_by_name(std::string(name).c_str());
    if (!encoder) return false;
    const auto formats = supportedPixelFormats(*encoder);
    return std::ranges::find(formats, AV_PIX_FMT_YUV420P10) != formats.end();
  });
}

bool isLowLatency(const EncoderOptions& options) {
  return options.latency == Latency::low || options.profile == Profile::realtime;
}

ProfileRow rowWith(ProfileRow row, const EncoderOptions& options) {
  row.lowLatency = isLowLatency(options);
  if (options.bFrames >= 0) row.bFrames = options.bFrames;
  if (row.lowLatency) row.bFrames = 0;
  return row;
}

std::vector<ProfileRow> profileRows(const EncoderOptions& options) {
  std::vector<ProfileRow> found;
  for (const std::string_view encoder : encodersOf(options.codec)) {
    for (const ProfileRow& row : kRows) {
      if (row.profile == options.profile && row.encoder == encoder) found.push_back(rowWith(row, options));
    }
  }
  return found;
}

RateControl rateControlOf(const ProfileRow& row, const EncoderOptions& options) {
  if (options.bitrate <= 0) return RateControl::quality;
  if (options.minBitrate <= 0 || options.minBitrate >= options.bitrate) return RateControl::constant;
  const std::string_view encoder = row.encoder;
  return encoder == "libx264" || isNvenc(encoder) ? RateControl::adaptive : RateControl::capped;
}

void setTarget(AVCodecContext& context, int64_t bitrate) {
  context.bit_rate = context.rc_max_rate = bitrate;
}

void applyProfile(const ProfileRow& row, const EncoderOptions& options, AVCodecContext& context,
                  AvDictionary& privates) {
  const std::string_view encoder = row.encoder;
  const RateControl control = rateControlOf(row, options);
  const bool constantQuality = control == RateControl::quality || control == RateControl::capped;
  const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  const int threads = options.threads > 0 ? options.threads : cores;

  const int64_t gop = int64_t{options.keyframeMs} * options.fps.num / (int64_t{options.fps.den} * 1000);
  context.gop_size = static_cast<int>(std::clamp<int64_t>(gop, 1, 10'000));
  context.flags |= AV_CODEC_FLAG_CLOSED_GOP;
  if (row.bFrames >= 0) context.max_b_frames = row.bFrames;
  setRate(row, options, context);

  // Encoder::forceKeyframe: one that a stream can be joined at.
  if (encoder == "libx264" || encoder == "libx265" || isNvenc(encoder)) privates.set("forced-idr", int64_t{1});
  if (isNvenc(encoder)) return applyNvenc(row, constantQuality, context, privates);

  // Parameter sets travel twice: in the stream's header, for MP4, and before each keyframe, so that packets handed to
  // the caller are a stream that can be joined at any keyframe.
  if (encoder == "libx264") {
    context.thread_count = threads;
    privates.set("preset", row.preset);
    if (row.lowLatency) privates.set("tune", "zerolatency");
    if (constantQuality) privates.set("crf", int64_t{row.crf});
    privates.set("x264-params", Params().add("repeat-headers", 1).text());
  } else if (encoder == "libopenh264") {
    // It has no constant quality: the finest quantizer of the row, and more bits than pictures need at it.
    context.thread_count = threads;
    privates.set("rc_mode", control == RateControl::constant ? "bitrate" : "quality");
    privates.set("coder", int64_t{1});
    if (control == RateControl::quality)
      context.bit_rate = context.rc_max_rate > 0 ? context.rc_max_rate : plenty(options);
    if (control == RateControl::capped) context.bit_rate = options.bitrate;
    if (constantQuality) context.qmin = row.crf;
    context.qmax = 51;
  } else if (encoder == "libx265") {
    privates.set("preset", row.preset);
    if (row.lowLatency) privates.set("tune", "zerolatency");
    if (constantQuality) privates.set("crf", int64_t{row.crf});
    Params params;
    params.add("log-level", "none").add("repeat-headers", 1).add("open-gop", 0).add("pools", threads);
    if (options.hdrMetadata.display) params.add("master-display", displayAsIntegers(*options.hdrMetadata.display));
    if (options.hdrMetadata.light) params.add("max-cll", lightAsText(*options.hdrMetadata.light));
    privates.set("x265-params", params.text());
  } else if (encoder == "libsvtav1") {
    privates.set("preset", row.preset);
    if (constantQuality) privates.set("crf", int64_t{row.crf});
    Params params;
    params.add("lp", threads).add("irefresh-type", 2);
    if (row.bFrames == 0) params.add("pred-struct", 1);
    if (row.lowLatency) params.add("lookahead", 0);
    if (options.hdrMetadata.display) params.add("mastering-display", displayAsDecimals(*options.hdrMetadata.display));
    if (options.hdrMetadata.light) params.add("content-light", lightAsText(*options.hdrMetadata.light));
    privates.set("svtav1-params", params.text());
  } else if (encoder == "libaom-av1") {
    context.thread_count = threads;
    privates.set("cpu-used", row.preset);
    privates.set("usage", row.lowLatency ? "realtime" : "good");
    privates.set("row-mt", int64_t{1});
    if (row.bFrames == 0) privates.set("lag-in-frames", int64_t{0});
    if (constantQuality) privates.set("crf", int64_t{row.crf});
    if (control == RateControl::capped) context.bit_rate = options.bitrate;  // the cap of "constrained quality"
  } else if (encoder == "librav1e") {
    context.thread_count = threads;
    privates.set("speed", row.preset);
    if (control == RateControl::quality) privates.set("qp", int64_t{row.crf});
    if (control == RateControl::capped) {  // it has either a quantizer or a rate: the rate, no finer than the quantizer
      context.bit_rate = options.bitrate;
      context.qmin = row.crf;
    }
    if (row.bFrames == 0) privates.set("rav1e-params", "low_latency=true");
  }
}

}  // namespace framepath::media
