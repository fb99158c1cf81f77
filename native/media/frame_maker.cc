#include "media/frame_maker.h"

#include <utility>

#include "kernels/rotate.h"
#include "media/enqueue.h"
#include "media/pixel_format.h"
#include "media/surface.h"

namespace framepath::media {
namespace {

// Sources that may still be read when another picture comes. Some are a decoder's surfaces, beyond those it has to
// spare.
constexpr size_t kUnread = 1;

ImageView viewOf(const AVFrame& picture) {
  ImageView view;
  view.format = *expressed(static_cast<AVPixelFormat>(picture.format));
  view.width = picture.width;
  view.height = picture.height;
  view.matrix = colorMatrix(picture.colorspace, picture.height);
  view.range = colorRange(picture.color_range, static_cast<AVPixelFormat>(picture.format));
  for (int p = 0; p < planeCount(view.format); p++) view.planes[p] = {picture.data[p], picture.linesize[p]};
  return view;
}

// Bottom-up pictures (some raw and screen codecs) have negative pitches; kernels do not take those.
bool topDown(const AVFrame& picture) {
  for (const int pitch : picture.linesize)
    if (pitch < 0) return false;
  return true;
}

}  // namespace

FrameMaker::FrameMaker(std::shared_ptr<Device> device)
    : device_(std::move(device)), queue_(device_->openQueue()), upload_(device_) {}

FrameMaker::~FrameMaker() {
  for (const auto& [done, owner] : used_) settle(done);
}

std::shared_ptr<Frame> FrameMaker::make(AvFrame picture, Orientation orientation, Rational sampleAspect,
                                        const FrameStamp& stamp) {
  releaseRead();
  Pixels pixels = pixelsOf(std::move(picture));
  const DisplaySize display = displaySize(pixels.view.width, pixels.view.height, sampleAspect, orientation);
  if (orientation != Orientation{}) {
    queue_->wait(pixels.ready);
    pixels = made(pixels, turned(pixels.view, orientation));
  }
  auto frame =
      std::make_shared<Frame>(pixels.view, display.width, display.height, std::move(pixels.owner), pixels.ready);
  frame->ptsUs = stamp.timeUs;
  frame->durationUs = stamp.durationUs;
  frame->index = stamp.index;
  return frame;
}

void FrameMaker::releaseRead() {
  while (!used_.empty() && (used_.size() > kUnread || used_.front().first->done())) {
    waitHost(used_.front().first);
    used_.pop_front();
  }
}

FrameMaker::Pixels FrameMaker::pixelsOf(AvFrame picture) {
  if (onGpu(*picture)) {
    const Surface surface = surfaceOf(*picture);
    Pixels pixels{surface.view, surface.ready, std::shared_ptr<AVFrame>(std::move(picture))};
    if (surface.spare) return pixels;
    queue_->wait(pixels.ready);
    return made(pixels, copied(pixels.view));
  }
  picture = expressible(std::move(picture));
  const ImageView view = viewOf(*picture);
  if (device_->id().kind == DeviceKind::cpu) return {view, {}, std::shared_ptr<AVFrame>(std::move(picture))};
  Image image = upload_.upload(*queue_, view);
  Fence ready;
  enqueue(*queue_, [&] { ready = queue_->record(); });
  return {image.view, std::move(ready), std::move(image.memory)};
}

// Work that is enqueued has read `from` and written `image`.
FrameMaker::Pixels FrameMaker::made(const Pixels& from, Image image) {
  Fence done;
  enqueue(*queue_, [&] { done = queue_->record(); });
  if (done) used_.emplace_back(done, from.owner);
  return {image.view, std::move(done), std::move(image.memory)};
}

Image FrameMaker::copied(const ImageView& from) {
  Image image = emptyLike(from, from.width, from.height, from.format);
  enqueue(*queue_, [&] { copyImage(*device_, *queue_, image.view, from, CopyKind::internal); });
  return image;
}

Image FrameMaker::turned(const ImageView& from, Orientation orientation) {
  PixelFormat format = from.format;
  int32_t width = from.width, height = from.height;
  if (orientation.swapsSides()) {
    std::swap(format.chromaShiftX, format.chromaShiftY);
    std::swap(width, height);
  }
  Image image = emptyLike(from, width, height, format);
  enqueue(*queue_, [&] {
    for (int p = 0; p < planeCount(from.format); p++) {
      RotateArgs args{from.planes[p],       image.view.planes[p], planeWidth(from, p),
                      planeHeight(from, p), sampleBytes(from, p), orientation.quarterTurns};
      if (orientation.mirrored) {
        // Left to right is upside down and half a turn; upside down is reading from the last row with a negative pitch.
        args.from.data += static_cast<int64_t>(args.fromHeight - 1) * args.from.pitchBytes;
        args.from.pitchBytes = -args.from.pitchBytes;
        args.quarterTurns = (args.quarterTurns + 2) % 4;
      }
      launch(*device_, *queue_, args, Grid{planeWidth(image.view, p), planeHeight(image.view, p), 1});
    }
  });
  return image;
}

Image FrameMaker::emptyLike(const ImageView& from, int32_t width, int32_t height, PixelFormat format) {
  Image image = allocateImage(*device_, format, width, height);
  image.view.matrix = from.matrix;
  image.view.range = from.range;
  return image;
}

AvFrame FrameMaker::expressible(AvFrame picture) {
  const auto from = static_cast<AVPixelFormat>(picture->format);
  const AVPixelFormat to = nearestExpressible(from);
  if (from == to && topDown(*picture)) return picture;

  AvFrame result = newFrame();
  result->format = to;
  result->width = picture->width;
  result->height = picture->height;
  av(av_frame_get_buffer(result.get(), 64), "av_frame_get_buffer", ErrorCode::DEVICE_OUT_OF_MEMORY);
  av(av_frame_copy_props(result.get(), picture.get()), "av_frame_copy_props", ErrorCode::DEVICE_OUT_OF_MEMORY);
  if (from == to) {
    av(av_frame_copy(result.get(), picture.get()), "av_frame_copy", ErrorCode::DECODE_FAILED);
    return result;
  }
  scaler_.reset(sws_getCachedContext(scaler_.release(), picture->width, picture->height, from, result->width,
                                     result->height, to, SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, nullptr,
                                     nullptr, nullptr));
  if (!scaler_)
    throw Error(ErrorCode::DECODE_FAILED,
                std::string("libav cannot convert pictures of the format ") + av_get_pix_fmt_name(from) + ".");
  av(sws_scale(scaler_.get(), picture->data, picture->linesize, 0, picture->height, result->data, result->linesize),
     "sws_scale", ErrorCode::DECODE_FAILED);
  return result;
}

}  // namespace framepath::media
