// From libav's headers to a SourceInfo.
#pragma once
#include "media/input.h"
#include "media/source_info.h"

namespace framepath::media {

// Throws SOURCE_UNREADABLE (streams without a size), SOURCE_UNSUPPORTED (neither pictures nor audio, no decoder).
SourceInfo describe(const Input& input);

// What the headers say of its length, in milliseconds; -1 = nothing. `video` may be null.
int64_t declaredMs(const AVFormatContext& format, const AVStream* video);

bool isImage(const AVFormatContext& format);

// Pictures know better than headers how they are stored and turned: images say it in every picture only.
void refine(SourceInfo& info, const AVFrame& picture, const AVStream& stream);

Rational sampleAspectOf(const AVFrame* picture, const AVStream& stream);

}  // namespace framepath::media
