#include "media/frame_maker.h"

#include <utility>
#include <vector>

#include "kernels/rotate.h"
#include "media/pixel_format.h"

namespace framepath::media {
namespace {

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

// What a frame made by kernels holds on to: its memory, and what it was made from until that work is done.
struct Made {
  ~Made() { settle(ready); }
  std::vector<std::shared_ptr<void>> held;  // the last one is what the frame shows
  Fence ready;
};

}  // namespace

FrameMaker::FrameMaker(std::shared_ptr<Device> device) : device_(std::move(device)), queue_(device_->openQueue()) {}

std::shared_ptr<Frame> FrameMaker::make(AvFrame picture, Orientation orientation, Rational sampleAspect,
                                        const FrameStamp& stamp) {
  picture = expressible(std::move(picture));
  ImageView view = viewOf(*picture);
  const ShownSize shown = shownSize(picture->width, picture->height, sampleAspect, orientation);
  auto made = std::make_shared<Made>();
  made->held.push_back(std::shared_ptr<AVFrame>(std::move(picture)));
  const auto replace = [&](Image image) {
    made->ready = queue_->record();
    if (!made->ready) made->held.clear();
    made->held.push_back(std::move(image.memory));
    view = image.view;
  };
  if (device_->id().kind != DeviceKind::cpu) replace(upload(view));
  if (orientation != Orientation{}) replace(turn(view, orientation));

  auto frame = std::make_shared<Frame>(view, shown.width, shown.height, made, made->ready);
  frame->ptsUs = stamp.timeUs;
  frame->durationUs = stamp.durationUs;
  frame->index = stamp.index;
  return frame;
}

Image FrameMaker::upload(const ImageView& from) {
  Image image = emptyLike(from, from.width, from.height, from.format);
  for (int p = 0; p < planeCount(from.format); p++)
    device_->copy(*queue_, image.view.planes[p].data, static_cast<size_t>(image.view.planes[p].pitchBytes),
                  from.planes[p].data, static_cast<size_t>(from.planes[p].pitchBytes),
                  static_cast<size_t>(planeWidth(from, p)) * sampleBytes(from, p),
                  static_cast<size_t>(planeHeight(from, p)), CopyKind::h2dImage);
  return image;
}

Image FrameMaker::turn(const ImageView& from, Orientation orientation) {
  PixelFormat format = from.format;
  int32_t width = from.width, height = from.height;
  if (orientation.swapsSides()) {
    std::swap(format.chromaShiftX, format.chromaShiftY);
    std::swap(width, height);
  }
  Image image = emptyLike(from, width, height, format);
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
