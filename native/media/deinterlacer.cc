#include "media/deinterlacer.h"

#include "kernels/rotate.h"
#include "media/enqueue.h"

namespace framepath::media {
namespace {

// Values of a row that belong together, of which each is a component.
int32_t valuesOf(const ImageView& view, int plane) {
  if (view.format.layout == PixelLayout::rgb) return view.format.components;
  return view.format.layout == PixelLayout::semiPlanarYuv && plane > 0 ? 2 : 1;
}

bool isSeparable(const ImageView& from, const ImageView& into) {
  PixelFormat format = from.format;
  format.layout = PixelLayout::planarYuv;
  return from.format.layout == PixelLayout::semiPlanarYuv && from.format.depth == 8 && format == into.format;
}

// U and V of an interleaved picture, apart: a launch for each row, of which a quarter turn makes a column of pairs. It
// happens once in the life of a source, if ever.
Image separated(Device& device, Queue& queue, const ImageView& from, const PixelFormat& format) {
  Image image = allocateImage(device, format, from.width, from.height);
  enqueue(queue, [&] {
    copyPlane(device, queue, image.view, from, 0, CopyKind::internal);
    for (int p = 1; p < 3; p++)
      for (int32_t y = 0; y < planeHeight(image.view, p); y++) {
        const Plane& pairs = from.planes[1];
        const Plane& to = image.view.planes[p];
        const int32_t width = planeWidth(image.view, p);
        launch(device, queue,
               RotateArgs{{pairs.data + static_cast<ptrdiff_t>(y) * pairs.pitchBytes + p - 1, 2},
                          {to.data + static_cast<ptrdiff_t>(y) * to.pitchBytes, to.pitchBytes},
                          1,
                          width,
                          1,
                          3},
               Grid{width, 1, 1});
      }
  });
  return image;
}

}  // namespace

bool mayPrecede(const ImageView& previous, const ImageView& current) {
  const bool alike = previous.format == current.format || isSeparable(previous, current);
  return alike && previous.width == current.width && previous.height == current.height;
}

Image deinterlaced(Device& device, Queue& queue, const ImageView& current, const ImageView* previous,
                   int32_t firstField) {
  Image image = allocateImage(device, current.format, current.width, current.height);
  image.view.matrix = current.matrix;
  image.view.range = current.range;
  image.view.transfer = current.transfer;
  image.view.primaries = current.primaries;
  Image apart;
  if (previous && !(previous->format == current.format)) {
    apart = separated(device, queue, *previous, current.format);
    previous = &apart.view;
  }
  enqueue(queue, [&] {
    for (int p = 0; p < planeCount(current.format); p++) {
      const int32_t step = valuesOf(current, p), width = planeWidth(current, p) * step;
      const DeinterlaceArgs args{current.planes[p],
                                 previous ? previous->planes[p] : Plane{},
                                 image.view.planes[p],
                                 width,
                                 planeHeight(current, p),
                                 step,
                                 firstField,
                                 current.format.depth > 8};
      launch(device, queue, args, Grid{width, args.height, 1});
    }
    if (apart.memory) queue.synchronize();  // it goes away here
  });
  return image;
}

}  // namespace framepath::media
