// Interlaced pictures as progressive ones, one for each.
#pragma once
#include "device/image.h"

namespace framepath::media {

// Whether `previous` may be the picture before `current`: of the same size and format, or as below.
bool mayPrecede(const ImageView& previous, const ImageView& current);

// Enqueues the work (kernels/deinterlace.h). `previous`: the picture before, which mayPrecede(); null: none. Its U and
// V may be interleaved where those of `current` are not, as when software takes over from a GPU's decoder (8 bits).
// `firstField`: 0 = even rows are earlier, 1 = odd rows are. Throws DEVICE_OUT_OF_MEMORY.
Image deinterlaced(Device& device, Queue& queue, const ImageView& current, const ImageView* previous,
                   int32_t firstField);

}  // namespace framepath::media
