#include "media/surface.h"

#include <utility>

#include "device/image.h"
#include "media/pixel_format.h"

extern "C" {
#include <libavutil/hwcontext.h>
}

namespace framepath::media {
namespace {

struct Mark {
  Mark(Fence ready, int32_t depth, std::shared_ptr<SurfaceCount> count)
      : ready(std::move(ready)), depth(depth), count(std::move(count)) {
    this->count->held++;
  }
  ~Mark() { count->held--; }
  Mark(const Mark&) = delete;
  Mark& operator=(const Mark&) = delete;

  const Fence ready;
  const int32_t depth;
  const std::shared_ptr<SurfaceCount> count;
};

}  // namespace

// libav frees the mark with the picture.
void markSurface(AVFrame& picture, Fence ready, int32_t depth, std::shared_ptr<SurfaceCount> count) {
  auto mark = std::make_unique<Mark>(std::move(ready), depth, std::move(count));
  picture.opaque_ref = av_buffer_create(
      reinterpret_cast<uint8_t*>(mark.get()), sizeof(Mark),
      [](void*, uint8_t* data) { delete reinterpret_cast<Mark*>(data); }, nullptr, AV_BUFFER_FLAG_READONLY);
  if (!picture.opaque_ref) throw std::bad_alloc();
  mark.release();
}

bool onGpu(const AVFrame& picture) {
  return picture.format == AV_PIX_FMT_CUDA;
}

Surface surfaceOf(const AVFrame& picture) {
  const auto& mark = *reinterpret_cast<const Mark*>(picture.opaque_ref->data);
  const auto& frames = *reinterpret_cast<const AVHWFramesContext*>(picture.hw_frames_ctx->data);
  Surface surface{{}, mark.ready, mark.count->held <= mark.count->allowed};
  ImageView& view = surface.view;
  view.format = *expressed(frames.sw_format);
  if (mark.depth < view.format.depth) {  // 12 bits in P016, 10 in a 4:4:4 surface
    view.format.depth = static_cast<uint8_t>(mark.depth);
    view.format.msbAligned = true;
  }
  // libav has taken off what is cropped to the right and below only.
  const auto left = static_cast<int32_t>(picture.crop_left), top = static_cast<int32_t>(picture.crop_top);
  view.width = picture.width - left;
  view.height = picture.height - top;
  setColors(view, picture, frames.sw_format);
  for (int p = 0; p < planeCount(view.format); p++) {
    const int32_t shiftX = p ? view.format.chromaShiftX : 0, shiftY = p ? view.format.chromaShiftY : 0;
    const int64_t offset = int64_t{top >> shiftY} * picture.linesize[p] + (left >> shiftX) * sampleBytes(view, p);
    view.planes[p] = {picture.data[p] + offset, picture.linesize[p]};
  }
  return surface;
}

}  // namespace framepath::media
