// Pictures as JPEG files.
#pragma once
#include <cstdint>
#include <vector>

#include "core/view.h"

namespace framepath::media {

// `view` is host memory, any PixelFormat. quality 1..100. Throws ENCODE_FAILED.
std::vector<uint8_t> encodeJpeg(const ImageView& view, int quality = 90);

}  // namespace framepath::media
