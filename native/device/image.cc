#include "device/image.h"

namespace framepath {

int32_t planeCount(const PixelFormat& format) {
  switch (format.layout) {
    case PixelLayout::planarYuv: return 3;
    case PixelLayout::semiPlanarYuv: return 2;
    case PixelLayout::rgb:
    case PixelLayout::gray: return 1;
  }
  return 1;
}

int32_t planeWidth(const ImageView& view, int plane) {
  if (plane == 0) return view.width;
  const int shift = view.format.chromaShiftX;
  return (view.width + (1 << shift) - 1) >> shift;
}

int32_t planeHeight(const ImageView& view, int plane) {
  if (plane == 0) return view.height;
  const int shift = view.format.chromaShiftY;
  return (view.height + (1 << shift) - 1) >> shift;
}

int32_t sampleBytes(const ImageView& view, int plane) {
  const int32_t bytes = view.format.depth > 8 ? 2 : 1;
  if (view.format.layout == PixelLayout::rgb) return bytes * view.format.components;
  if (view.format.layout == PixelLayout::semiPlanarYuv && plane == 1) return bytes * 2;
  return bytes;
}

Image allocateImage(Device& device, PixelFormat format, int32_t width, int32_t height, MemoryKind kind) {
  constexpr size_t kVector = 64, kPitch = 512;  // of the host's vectors; what GPUs' own allocators and codecs use
  const bool onGpu = device.id().kind != DeviceKind::cpu && kind == MemoryKind::device;
  const size_t align = onGpu ? kPitch : kVector;
  Image image;
  image.view.width = width;
  image.view.height = height;
  image.view.format = format;
  size_t offsets[3] = {}, total = 0;
  const int planes = planeCount(format);
  for (int p = 0; p < planes; p++) {
    const size_t row = static_cast<size_t>(planeWidth(image.view, p)) * sampleBytes(image.view, p);
    const size_t pitch = (row + align - 1) / align * align;
    image.view.planes[p].pitchBytes = static_cast<int32_t>(pitch);
    offsets[p] = total;
    total += pitch * static_cast<size_t>(planeHeight(image.view, p));
  }
  image.memory = device.allocate(total + kVector, kind);  // a vector kernel may read a little past the last row
  for (int p = 0; p < planes; p++) image.view.planes[p].data = static_cast<uint8_t*>(image.memory->data) + offsets[p];
  return image;
}

size_t packedBytes(PixelFormat format, int32_t width, int32_t height) {
  const ImageView view = packedView(nullptr, format, width, height);
  size_t bytes = 0;
  for (int p = 0; p < planeCount(format); p++)
    bytes += static_cast<size_t>(view.planes[p].pitchBytes) * static_cast<size_t>(planeHeight(view, p));
  return bytes;
}

ImageView packedView(uint8_t* data, PixelFormat format, int32_t width, int32_t height) {
  ImageView view;
  view.width = width;
  view.height = height;
  view.format = format;
  for (int p = 0; p < planeCount(format); p++) {
    view.planes[p] = {data, planeWidth(view, p) * sampleBytes(view, p)};
    if (data) data += static_cast<size_t>(view.planes[p].pitchBytes) * static_cast<size_t>(planeHeight(view, p));
  }
  return view;
}

void copyPlane(Device& device, Queue& queue, const ImageView& to, const ImageView& from, int plane, CopyKind kind) {
  const auto row = static_cast<size_t>(planeWidth(to, plane)) * static_cast<size_t>(sampleBytes(to, plane));
  device.copy(queue, to.planes[plane].data, static_cast<size_t>(to.planes[plane].pitchBytes), from.planes[plane].data,
              static_cast<size_t>(from.planes[plane].pitchBytes), row, static_cast<size_t>(planeHeight(to, plane)),
              kind);
}

void copyImage(Device& device, Queue& queue, const ImageView& to, const ImageView& from, CopyKind kind) {
  for (int p = 0; p < planeCount(to.format); p++) copyPlane(device, queue, to, from, p, kind);
}

}  // namespace framepath
