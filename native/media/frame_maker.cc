#include "media/frame_maker.h"

#include "device/image.h"
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

}  // namespace

FrameMaker::FrameMaker(std::shared_ptr<Device> device) : device_(std::move(device)), queue_(device_->openQueue()) {}

std::shared_ptr<Frame> FrameMaker::make(AvFrame picture, Orientation, Rational sampleAspect, const FrameStamp& stamp) {
  const AvFrame::pointer raw = (picture = expressible(std::move(picture))).get();
  ImageView view = viewOf(*raw);
  std::shared_ptr<void> owner(std::move(picture));
  const ShownSize shown = shownSize(raw->width, raw->height, sampleAspect, {});
  auto frame = std::make_shared<Frame>(view, shown.width, shown.height, std::move(owner));
  frame->ptsUs = stamp.timeUs;
  frame->durationUs = stamp.durationUs;
  frame->index = stamp.index;
  return frame;
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
