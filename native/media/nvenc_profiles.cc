#include <iterator>

#include "media/profiles.h"

namespace framepath::media {
namespace {

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

// Look-ahead in pictures; each is a canvas held.
int64_t nvencLookahead(Profile profile) {
  switch (profile) {
    case Profile::quality: return 16;
    case Profile::archival: return 32;
    default: return 0;
  }
}

}  // namespace

ProfileRow nvencRow(const EncoderOptions& options) {
  constexpr size_t kProfiles = std::size(kNvencRows) / 3;
  return rowWith(kNvencRows[static_cast<size_t>(options.codec) * kProfiles + static_cast<size_t>(options.profile)],
                 options);
}

bool isNvenc(std::string_view encoder) {
  return encoder.ends_with("_nvenc");
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

}  // namespace framepath::media
