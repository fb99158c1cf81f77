#include "media/encoder_fallback.h"

#include <algorithm>
#include <utility>

#include "media/profiles.h"
#include "media/software_encoder.h"
#include "media/ticks.h"

namespace framepath::media {
namespace {

// As far as any of the encoders reorders pictures, however many B-frames are in a row: their pyramids have two levels.
constexpr int64_t kReordering = 3;

}  // namespace

EncoderFallback::EncoderFallback(std::unique_ptr<Encoder> hardware, const EncoderOptions& options,
                                 std::shared_ptr<Device> device)
    : options_(options),
      device_(std::move(device)),
      format_(hardware->inputFormat()),
      held_(hardware->heldCanvases()),
      parameters_(copyOf(*hardware->parameters())),
      encoder_(std::move(hardware)),
      lead_(isLowLatency(options) ? 0 : kReordering),
      ticks_(ticksOf(options), -1) {}

void EncoderFallback::push(const FrameRef& canvas, const Emit& emit) {
  unfinished_.push_back({fellBack_ ? nullptr : canvas, ticks_.next(canvas->ptsUs)});
  if (fellBack_) return inSoftware(canvas, emit);
  if (onGpu(emit, [&](const Emit& wait) { encoder_->push(canvas, wait); })) passOn(emit);
}

void EncoderFallback::finish(const Emit& emit) {
  if (!fellBack_ && onGpu(emit, [&](const Emit& wait) { encoder_->finish(wait); })) return passOn(emit);
  encoder_->finish([&](Packet packet) { passOn(std::move(packet), emit); });
}

void EncoderFallback::inSoftware(const FrameRef& canvas, const Emit& emit) {
  encoder_->push(canvas, [&](Packet packet) { passOn(std::move(packet), emit); });
}

void EncoderFallback::setBitrate(int64_t bitrate) {
  bitrate_ = bitrate;
  encoder_->setBitrate(bitrate);
}

// False: it failed, and software has taken over.
template <typename Call>
bool EncoderFallback::onGpu(const Emit& emit, Call&& call) {
  std::string reason;
  try {
    call([this](Packet packet) { waiting_.push_back(std::move(packet)); });
    return true;
  } catch (const Error& error) {
    if (error.code != ErrorCode::ENCODE_FAILED) throw;
    reason = error.sentence;
  }
  fallBack(reason, emit);
  return false;
}

void EncoderFallback::passOn(const Emit& emit) {
  // Whole are the first n packets when the latest picture among them is the nth that was pushed.
  size_t whole = 0;
  int64_t latest = INT64_MIN;
  for (size_t n = 0; n < waiting_.size() && n < unfinished_.size(); n++) {
    latest = std::max(latest, ticksOfUs(waiting_[n].ptsUs, ticksOf(options_)));
    if (latest == unfinished_[n].tick) whole = n + 1;
  }
  for (; whole > 0; whole--) {
    Packet packet = std::move(waiting_.front());
    waiting_.pop_front();
    passOn(std::move(packet), emit);
  }
}

// The nth packet is decoded when the picture is displayed that is earlier by what reordering needs.
void EncoderFallback::passOn(Packet packet, const Emit& emit) {
  const int64_t tick = unfinished_.front().tick;
  unfinished_.pop_front();
  passedTick_ = tick;
  displayed_.push_back(tick);
  const auto missing = static_cast<int64_t>(lead_ + 1 - std::min(lead_ + 1, displayed_.size()));
  packet.dtsUs = usOfTicks(displayed_.front(), ticksOf(options_)) - usOfTicks(missing, options_.fps);
  if (missing == 0) displayed_.pop_front();
  emit(std::move(packet));
}

void EncoderFallback::fallBack(const std::string& reason, const Emit& emit) {
  encoder_ = openSoftwareEncoder(options_, device_, format_, passedTick_);
  fellBack_ = true;
  waiting_.clear();
  if (bitrate_ > 0) encoder_->setBitrate(bitrate_);
  if (options_.recovered) options_.recovered("encoded in software from here on", "the GPU's encoder failed: " + reason);
  std::vector<FrameRef> again;
  for (Unfinished& picture : unfinished_) again.push_back(std::move(picture.canvas));
  for (FrameRef& canvas : again) inSoftware(std::exchange(canvas, nullptr), emit);
}

}  // namespace framepath::media
