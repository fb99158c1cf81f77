// libav's pixel formats as ours.
#pragma once
#include <optional>

#include "core/view.h"
#include "media/av.h"

namespace framepath::media {

// Empty: not expressible as a PixelFormat (palettes, planar RGB, big endian, alpha planes, packed YUV, bits, floats).
std::optional<PixelFormat> expressed(AVPixelFormat format);

// The expressible format that loses least of `format`: depth and chroma are kept, alpha is not.
AVPixelFormat nearestExpressible(AVPixelFormat format);

// Unspecified matrix: BT.709 for pictures of 720 rows or more, else BT.601.
ColorMatrix colorMatrix(AVColorSpace space, int32_t height);
// Unspecified range: full for RGB, gray and the yuvj formats, else limited.
ColorRange colorRange(AVColorRange range, AVPixelFormat format);

}  // namespace framepath::media
