#include "media/deinterlacer.h"

#include "media/enqueue.h"

namespace framepath::media {
namespace {

// Values of a row that belong together, of which each is a component.
int32_t valuesOf(const ImageView& view, int plane) {
  if (view.format.layout == PixelLayout::rgb) return view.format.components;
  return view.format.layout == PixelLayout::semiPlanarYuv && plane > 0 ? 2 : 1;
}

}  // namespace

Image deinterlaced(Device& device, Queue& queue, const ImageView& current, const ImageView* previous,
                   int32_t firstField) {
  Image image = allocateImage(device, current.format, current.width, current.height);
  const Plane* planes = image.view.planes;
  ImageView view = current;
  for (int p = 0; p < planeCount(current.format); p++) view.planes[p] = planes[p];
  image.view = view;
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
  });
  return image;
}

}  // namespace framepath::media
