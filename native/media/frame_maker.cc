#include "media/frame_maker.h"

#include <utility>

#include "kernels/rotate.h"
#include "media/compat.h"
#include "media/deinterlacer.h"
#include "media/enqueue.h"
#include "media/pixel_format.h"
#include "media/surface.h"

extern "C" {
#include <libavutil/mastering_display_metadata.h>
}

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
  setColors(view, picture, static_cast<AVPixelFormat>(picture.format));
  for (int p = 0; p < planeCount(view.format); p++) view.planes[p] = {picture.data[p], picture.linesize[p]};
  return view;
}

// Bottom-up pictures (some raw and screen codecs) have negative pitches; kernels do not take those.
bool topDown(const AVFrame& picture) {
  for (const int pitch : picture.linesize)
    if (pitch < 0) return false;
  return true;
}

// The brightest of a PQ picture, by what it states about its content, else about the display it was made on; 0 =
// nothing.
double statedPeakNits(const AVFrame& picture) {
  if (const AVFrameSideData* data = av_frame_get_side_data(&picture, AV_FRAME_DATA_CONTENT_LIGHT_LEVEL)) {
    const auto& light = *reinterpret_cast<const AVContentLightMetadata*>(data->data);
    if (light.MaxCLL > 0) return light.MaxCLL;
  }
  if (const AVFrameSideData* data = av_frame_get_side_data(&picture, AV_FRAME_DATA_MASTERING_DISPLAY_METADATA)) {
    const auto& display = *reinterpret_cast<const AVMasteringDisplayMetadata*>(data->data);
    if (display.has_luminance && display.max_luminance.den > 0) return av_q2d(display.max_luminance);
  }
  return 0;
}

}  // namespace

FrameMaker::FrameMaker(std::shared_ptr<Device> device, Deinterlace deinterlace,
                       std::shared_ptr<const std::atomic<bool>> keepHdr)
    : device_(std::move(device)),
      deinterlace_(deinterlace),
      keepHdr_(std::move(keepHdr)),
      queue_(device_->openQueue()),
      upload_(device_),
      toneMapper_(device_) {}

FrameMaker::~FrameMaker() {
  for (const auto& [done, owner] : used_) settle(done);
}

std::shared_ptr<Frame> FrameMaker::make(AvFrame picture, Orientation orientation, Rational sampleAspect,
                                        const FrameStamp& stamp) {
  releaseRead();
  const Fields fields = fieldsOf(*picture);
  if (const double peak = statedPeakNits(*picture); peak > 0) peakNits_ = peak;
  Pixels pixels = progressive(pixelsOf(std::move(picture)), fields);
  const DisplaySize display = displaySize(pixels.view.width, pixels.view.height, sampleAspect, orientation);
  const auto frameOf = [&](Pixels of) {
    of = upright(std::move(of), orientation);
    auto frame = std::make_shared<Frame>(of.view, display.width, display.height, std::move(of.owner), of.ready);
    frame->ptsUs = stamp.timeUs;
    frame->durationUs = stamp.durationUs;
    frame->index = stamp.index;
    return frame;
  };
  const bool isHdr = pixels.view.transfer != ColorTransfer::sdr;
  if (!isHdr && pixels.view.primaries == ColorPrimaries::bt709) return frameOf(std::move(pixels));
  auto frame = frameOf(inSdr(pixels));
  if (isHdr && keepHdr_ && *keepHdr_) frame->hdr = frameOf(std::move(pixels));
  return frame;
}

FrameMaker::Pixels FrameMaker::upright(Pixels pixels, Orientation orientation) {
  if (orientation == Orientation{}) return pixels;
  queue_->wait(pixels.ready);
  return made(pixels, turned(pixels.view, orientation));
}

FrameMaker::Fields FrameMaker::fieldsOf(const AVFrame& picture) const {
  if (deinterlace_ == Deinterlace::off || !isInterlaced(picture)) return {};
  return {true, isTopFieldFirst(picture) ? 0 : 1};
}

void FrameMaker::leaveOut(AvFrame picture) {
  previous_.reset();
  leftOut_ = fieldsOf(*picture).interlaced ? std::move(picture) : nullptr;
}

// Pictures that are not interlaced are what they are, and no help for others.
FrameMaker::Pixels FrameMaker::progressive(Pixels pixels, const Fields& fields) {
  std::optional<Pixels> previous = std::exchange(previous_, std::nullopt);
  AvFrame leftOut = std::exchange(leftOut_, nullptr);
  if (!fields.interlaced) return pixels;
  if (leftOut) previous = pixelsOf(std::move(leftOut));
  if (previous && !mayPrecede(previous->view, pixels.view)) {
    waitHost(previous->ready);  // its upload
    previous.reset();
  }
  queue_->wait(pixels.ready);
  if (previous) queue_->wait(previous->ready);
  Pixels result =
      made(pixels, deinterlaced(*device_, *queue_, pixels.view, previous ? &previous->view : nullptr, fields.first));
  if (previous && result.ready) used_.emplace_back(result.ready, previous->owner);
  previous_ = std::move(pixels);
  return result;
}

FrameMaker::Pixels FrameMaker::inSdr(const Pixels& pixels) {
  queue_->wait(pixels.ready);
  return made(pixels, toneMapper_.map(*queue_, pixels.view, peakNits_));
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
  image.view.transfer = from.transfer;
  image.view.primaries = from.primaries;
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
