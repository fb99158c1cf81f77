#include "media/image_list_reader.h"

#include <algorithm>
#include <cmath>

#include "media/access.h"
#include "media/describe.h"
#include "media/picture_stream.h"
#include "media/source_limits.h"

namespace framepath::media {
namespace {

constexpr int32_t kRateDenominator = 1000;

SourceInfo describeList(const SourceOptions& options) {
  if (!(options.imageFps > 0 && options.imageFps <= 1000))
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "Expected imageFps in (0, 1000] but received " + std::to_string(options.imageFps) + ".");
  // All names are checked before the first is decoded: a typing error shows at once.
  const Access access(options.limits);
  int64_t bytes = 0;
  for (const std::string& image : options.images) bytes += std::max<int64_t>(0, access.open(image).bytes);
  requireBytes("The list of images", bytes, options.limits);

  SourceInfo info = probe(options.images.front(), options.limits, options.stop);
  if (info.kind == "audio")
    throw Error(ErrorCode::SOURCE_UNSUPPORTED, "\"" + options.images.front() + "\" is not an image.");
  const auto count = static_cast<int64_t>(options.images.size());
  info.kind = "video";
  info.container = "images";
  info.fps = {static_cast<int32_t>(std::lround(options.imageFps * kRateDenominator)), kRateDenominator};
  info.frames = count;
  info.durationMs = std::llround(static_cast<double>(count) * 1000 / options.imageFps);
  requireDuration("The list of images", info.durationMs, options.limits);
  info.bytes = -1;
  info.bitrate = -1;
  info.audio.clear();
  return info;
}

}  // namespace

ImageListReader::ImageListReader(const SourceOptions& options, std::shared_ptr<Device> device)
    : stop_(std::make_shared<Stop>(options.stop)),
      options_(options),
      info_(describeList(options)),
      selection_(options),
      maker_(std::move(device), defaults::SourceSpec::deinterlace, options.keepHdr) {}

FrameRef ImageListReader::next() {
  while (position_ < options_.images.size() && !stop_->passed()) {
    const auto index = static_cast<int64_t>(position_++);
    FrameStamp stamp;
    stamp.index = index;
    stamp.timeUs = std::llround(static_cast<double>(index) * 1e6 / options_.imageFps);
    stamp.durationUs = std::llround(1e6 / options_.imageFps);
    const auto verdict = selection_.judge(stamp.timeUs);
    if (verdict == FrameSelection::Verdict::after) return nullptr;
    if (verdict == FrameSelection::Verdict::before) continue;
    if (verdict == FrameSelection::Verdict::skip) {
      counters_.decoded++;
      counters_.skipped++;
      continue;
    }
    stamp.timeUs = selection_.sinceStartUs(stamp.timeUs);
    try {
      auto frame = decode(options_.images[position_ - 1], stamp);
      if (!frame) return nullptr;
      counters_.decoded++;
      consecutiveErrors_ = 0;
      anyPicture_ = true;
      return frame;
    } catch (const Error& error) {
      countDamaged(error);
    }
  }
  if (!anyPicture_ && counters_.decodeErrors > 0 && !stop_->passed())
    throw Error(ErrorCode::DECODE_FAILED,
                "Not one of " + std::to_string(options_.images.size()) + " images could be decoded.");
  return nullptr;
}

std::shared_ptr<Frame> ImageListReader::decode(const std::string& uri, const FrameStamp& stamp) {
  Input input(uri, options_.limits, stop_);
  SourceOptions one = options_;
  one.threads = 1;
  PictureStream pictures(input, one, nullptr);
  AvFrame picture = pictures.next();
  pictures.requirePictures();
  if (!picture) return nullptr;
  const Orientation orientation = orientationOf(picture.get(), pictures.stream());
  const Rational aspect = sampleAspectOf(picture.get(), pictures.stream());
  return maker_.make(std::move(picture), orientation, aspect, stamp);
}

// A damaged picture is one picture less; what the caller forbade or the machine lacks is not damage.
void ImageListReader::countDamaged(const Error& error) {
  switch (error.code) {
    case ErrorCode::SOURCE_UNREADABLE:
    case ErrorCode::SOURCE_UNSUPPORTED:
    case ErrorCode::SOURCE_NOT_FOUND:
    case ErrorCode::DECODE_FAILED: break;
    case ErrorCode::CANCELLED: return;
    default: throw Error(error);
  }
  counters_.decodeErrors++;
  if (++consecutiveErrors_ > options_.maxDecodeErrors)
    throw Error(ErrorCode::DECODE_FAILED,
                std::to_string(consecutiveErrors_) + " damaged images one after the other: " + error.sentence);
}

}  // namespace framepath::media
