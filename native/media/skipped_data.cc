#include "media/skipped_data.h"

extern "C" {
#include <libavutil/avstring.h>
}

namespace framepath::media {
namespace {

thread_local SkippedData::Reading* currentReading = nullptr;

}  // namespace

SkippedData::Reading::Reading(SkippedData& skipped, const AVFormatContext& format)
    : skipped_(skipped), format_(format) {
  if (av_match_name(format.iformat->name, "matroska,webm,flv,live_flv,kux")) currentReading = this;
}

SkippedData::Reading::~Reading() {
  currentReading = nullptr;
}

void SkippedData::notice(const void* source) {
  if (currentReading && source == &currentReading->format_) currentReading->skipped_.any_ = true;
}

}  // namespace framepath::media
