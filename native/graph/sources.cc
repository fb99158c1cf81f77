#include "graph/sources.h"

#include <algorithm>
#include <cmath>

namespace framepath::graph {

namespace {
constexpr size_t kPushedFrames = 2;
constexpr int64_t kJumpUs = 1'000'000;  // as for files: further back is another clock
}  // namespace

FrameRef frameFromBytes(Device& device, Queue& queue, PixelFormat format, int32_t width, int32_t height,
                        const uint8_t* bytes, size_t size) {
  if (width <= 0 || height <= 0 || width > 32768 || height > 32768)
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "A picture of " + std::to_string(width) + "x" + std::to_string(height) + " pixels cannot be.",
                "Give width and height of at least 1 and at most 32768.");
  Image image = allocateImage(device, format, width, height);
  const size_t wanted = packedBytes(format, width, height);
  if (size != wanted)
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "Expected " + std::to_string(wanted) + " bytes of pixels for a " + std::to_string(width) + "x" +
                    std::to_string(height) + " picture but received " + std::to_string(size) + ".",
                "Pass all planes one after the other, rows without padding.");
  // It is only read from.
  copyImage(device, queue, image.view, packedView(const_cast<uint8_t*>(bytes), format, width, height),
            CopyKind::h2dImage);
  queue.synchronize();  // the caller's bytes may go after this
  if (format.layout == PixelLayout::rgb) image.view.range = ColorRange::full;
  return std::make_shared<Frame>(image.view, width, height, image.memory, queue.record());
}

PushedSource::PushedSource(std::shared_ptr<Device> device, const SourceSpec& spec, media::Recovered recovered,
                           std::shared_ptr<media::SourceLink> link)
    : device_(std::move(device)),
      queue_(device_->openQueue()),
      format_(spec.format),
      width_(spec.width),
      height_(spec.height),
      gaps_(spec.reader.maxGapMs, spec.fps, nullptr, recovered),
      recovered_(std::move(recovered)),
      link_(std::move(link)),
      intervalUs_(std::max<int64_t>(1, std::llround(1e6 / spec.fps))) {}

FrameRef PushedSource::next() {
  FrameRef frame;
  Taken taken;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return gone_ || ended_ || !frames_.empty(); });
    if (frames_.empty() && error_ && !gone_) throw Error(*error_);
    if (gone_ || frames_.empty()) return nullptr;
    frame = std::move(frames_.front());
    frames_.pop_front();
    if (!waiting_.empty()) {
      taken = std::move(waiting_.front());
      waiting_.pop_front();
    }
  }
  link_->pictureCame();
  if (taken) taken(true);
  return frame;
}

void PushedSource::interrupt() {
  std::deque<Taken> waiting;
  {
    std::lock_guard lock(mutex_);
    gone_ = true;
    waiting.swap(waiting_);
    frames_.clear();
    changed_.notify_all();
  }
  for (Taken& taken : waiting) taken(false);
}

// Times increase; a clock that is set back goes on one frame interval after the last picture.
int64_t PushedSource::placeUs(int64_t ptsUs) {
  int64_t us = ptsUs + shiftUs_;
  if (lastUs_ >= 0 && us < lastUs_ - kJumpUs) {
    media::reportJumpBack(recovered_, lastUs_ - us, lastUs_);
    shiftUs_ += lastUs_ + intervalUs_ - us;
    us = lastUs_ + intervalUs_;
  }
  lastUs_ = std::max(us, lastUs_ + 1);
  return gaps_.placeUs(lastUs_);
}

void PushedSource::push(const uint8_t* bytes, size_t size, int64_t ptsUs, Taken taken) {
  const auto over = [this] {
    std::lock_guard lock(mutex_);
    return gone_ || ended_;
  };
  bool room = false, gone = over();
  if (!gone) {
    FrameRef made = frameFromBytes(*device_, *queue_, format_, width_, height_, bytes, size);
    auto frame = std::const_pointer_cast<Frame>(made);
    frame->index = index_++;
    frame->ptsUs = placeUs(ptsUs);
    std::lock_guard lock(mutex_);
    gone = gone_;
    if (!gone) {
      frames_.push_back(std::move(frame));
      room = frames_.size() < kPushedFrames;
      if (!room) waiting_.push_back(std::move(taken));
      changed_.notify_all();
    }
  }
  if (gone) taken(false);
  if (room) taken(true);
}

void PushedSource::end(std::optional<Error> error) {
  std::lock_guard lock(mutex_);
  if (!ended_) error_ = std::move(error);
  ended_ = true;
  changed_.notify_all();
}

}  // namespace framepath::graph
