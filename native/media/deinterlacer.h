// Interlaced pictures as progressive ones, one for each.
#pragma once
#include "device/image.h"

namespace framepath::media {

// Enqueues the work (kernels/deinterlace.h). `previous`: the picture before, of the same format and size; null: none.
// `firstField`: 0 = even rows are earlier, 1 = odd rows are. Throws DEVICE_OUT_OF_MEMORY.
Image deinterlaced(Device& device, Queue& queue, const ImageView& current, const ImageView* previous,
                   int32_t firstField);

}  // namespace framepath::media
