// From libav's headers to a SourceInfo.
#pragma once
#include "media/input.h"
#include "media/source_info.h"

namespace framepath::media {

// Throws SOURCE_UNREADABLE (streams without a size), SOURCE_UNSUPPORTED (neither pictures nor audio, no decoder).
SourceInfo describe(const Input& input);

// Length from the headers, in milliseconds; -1 = not stated. `video` may be null.
int64_t declaredMs(const AVFormatContext& format, const AVStream* video);

bool isImage(const AVFormatContext& format);

// Storage and orientation from a picture, which knows better than headers; images have them in each picture only.
void refine(SourceInfo& info, const AVFrame& picture, const AVStream& stream);

Rational sampleAspectOf(const AVFrame* picture, const AVStream& stream);

}  // namespace framepath::media
