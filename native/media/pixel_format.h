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
ColorTransfer colorTransfer(AVColorTransferCharacteristic transfer);
// Unspecified primaries: BT.2020 for PQ and HLG, else BT.709.
ColorPrimaries colorPrimaries(AVColorPrimaries primaries, ColorTransfer transfer);
// All of them, of a picture whose size `view` has. `format`: of its samples, also where the picture is a surface.
void setColors(ImageView& view, const AVFrame& picture, AVPixelFormat format);

}  // namespace framepath::media
