// What a GPU's video decoder (NVDEC) takes, from its library, libnvcuvid.so.1, opened at run time.
#pragma once
#include <cstdint>
#include <string>

#include "media/av.h"
#include "media/gpu_codecs.h"

namespace framepath::media {

// Read once a GPU and process. `device` is a GPU. Throws DEVICE_LOST.
const Nvdec& nvdecOf(Device& device);

// Why it does not decode pictures of this format (as software would give them) and coded size (0 = not known yet);
// empty: it does.
std::string nvdecRefusal(Device& device, AVCodecID codec, AVPixelFormat format, int32_t width = 0, int32_t height = 0);

}  // namespace framepath::media
