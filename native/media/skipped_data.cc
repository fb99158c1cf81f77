#include "media/skipped_data.h"

extern "C" {
#include <libavutil/avstring.h>
}

namespace framepath::media {
namespace {

thread_local SkippedData::Reading* now = nullptr;

}  // namespace

SkippedData::Reading::Reading(SkippedData& skipped, const AVFormatContext& format)
    : skipped_(skipped), format_(format) {
  if (av_match_name(format.iformat->name, "matroska,webm,flv,live_flv,kux")) now = this;
}

SkippedData::Reading::~Reading() {
  now = nullptr;
}

void SkippedData::notice(const void* source) {
  if (now && source == &now->format_) now->skipped_.any_ = true;
}

}  // namespace framepath::media
