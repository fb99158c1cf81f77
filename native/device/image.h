// Pictures in device memory.
#pragma once
#include <memory>

#include "core/view.h"
#include "device/device.h"

namespace framepath {

struct Image {
  ImageView view;
  std::shared_ptr<Memory> memory;
};

int32_t planeCount(const PixelFormat& format);
int32_t planeWidth(const ImageView& view, int plane);  // samples; an interleaved UV pair and a packed pixel count once
int32_t planeHeight(const ImageView& view, int plane);
int32_t sampleBytes(const ImageView& view, int plane);  // bytes of one such sample

// One allocation, rows aligned to 64 bytes or, on a GPU, to 512, contents undefined. Throws DEVICE_OUT_OF_MEMORY.
Image allocateImage(Device& device, PixelFormat format, int32_t width, int32_t height,
                    MemoryKind kind = MemoryKind::device);

// Bytes of a picture whose rows and planes follow one another, and its view at `data`.
size_t packedBytes(PixelFormat format, int32_t width, int32_t height);
ImageView packedView(uint8_t* data, PixelFormat format, int32_t width, int32_t height);

// Enqueue copies between pictures of one format and size; in copyPlane the plane may be the only thing they share.
void copyPlane(Device& device, Queue& queue, const ImageView& to, const ImageView& from, int plane, CopyKind kind);
void copyImage(Device& device, Queue& queue, const ImageView& to, const ImageView& from, CopyKind kind);

}  // namespace framepath
