#include "media/adaptive_encoder.h"

#include <algorithm>
#include <cmath>

namespace framepath::media {
namespace {

constexpr double kMeasurementsPerSecond = 4;

}  // namespace

AdaptiveEncoder::AdaptiveEncoder(std::unique_ptr<Encoder> encoder, const EncoderOptions& options,
                                 std::shared_ptr<Device> device)
    : encoder_(std::move(encoder)),
      meter_(std::move(device), options.width, options.height),
      controller_(options.minBitrate, options.bitrate),
      period_(std::max<int64_t>(2, std::llround(options.fps.value() / kMeasurementsPerSecond))) {
  encoder_->setBitrate(controller_.start());
}

void AdaptiveEncoder::push(const FrameRef& canvas, const Emit& emit) {
  measure(*canvas);
  for (; !targets_.empty() && targets_.front().from <= emitted_; targets_.pop_front())
    encoder_->setBitrate(targets_.front().bitrate);
  encoder_->push(canvas, [&](Packet packet) {
    emitted_++;
    emit(std::move(packet));
  });
  pushed_++;
}

// Once a period, by two canvases in a row. Canvases that repeat (a slow source on a fast canvas) are passed over.
void AdaptiveEncoder::measure(const Frame& canvas) {
  const int64_t at = pushed_ % period_;
  if (at == 0) {
    meter_.remember(canvas);
    measured_ = false;
  } else if (!measured_) {
    Complexity complexity = meter_.measure(canvas);
    measured_ = complexity.temporal > 0 || at == period_ - 1;
    if (!measured_) return;
    complexity.temporal /= static_cast<double>(at);
    // The median is high with the second measurement of a hard part, which may have begun just after the one before it.
    targets_.push_back({pushed_ - 2 * period_, controller_.next(complexity)});
  }
}

}  // namespace framepath::media
