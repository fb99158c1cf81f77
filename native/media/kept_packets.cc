#include "media/kept_packets.h"

#include "media/compat.h"

namespace framepath::media {
namespace {

// A group of pictures is seldom larger; of one that is (an endless one of a camera) nothing is kept.
constexpr size_t kMostBytes = 64u << 20;
constexpr size_t kMostPackets = 3000;

}  // namespace

void KeptPackets::add(const AVPacket& packet, int64_t number) {
  last_ = number;
  if (!complete_ && !(packet.flags & AV_PKT_FLAG_KEY)) return;
  complete_ = true;
  AvPacket kept(av_packet_clone(&packet));
  if (!kept) throw std::bad_alloc();
  bytes_ += static_cast<size_t>(packet.size);
  entries_.push_back({std::move(kept), number});
  if (bytes_ > kMostBytes || entries_.size() > kMostPackets) {
    clear();
    complete_ = false;
  }
}

void KeptPackets::emitted(const AVFrame& picture) {
  const int64_t number = numberOf(picture), time = picture.best_effort_timestamp;
  lastTime_ = time;
  if (!complete_) return;
  emitted_.insert(number);
  // Once a keyframe is out, so is everything that needs packets before it.
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (entry->number > number || !(entry->packet->flags & AV_PKT_FLAG_KEY)) continue;
    const bool later = entry->packet->pts != AV_NOPTS_VALUE && time != AV_NOPTS_VALUE && time >= entry->packet->pts;
    if (entry->number == number || later) return dropBefore(entry->number);
  }
}

void KeptPackets::dropBefore(int64_t number) {
  while (!entries_.empty() && entries_.front().number < number) {
    bytes_ -= static_cast<size_t>(entries_.front().packet->size);
    entries_.pop_front();
  }
  std::erase_if(emitted_, [&](int64_t n) { return n < number; });
}

void KeptPackets::clear() {
  entries_.clear();
  emitted_.clear();
  bytes_ = 0;
  lastTime_ = AV_NOPTS_VALUE;
  complete_ = true;
}

bool KeptPackets::again(Numbered& next) {
  if (entries_.empty()) return false;
  next = std::move(entries_.front());
  entries_.pop_front();
  return true;
}

bool KeptPackets::isNew(const AVFrame& picture) {
  const int64_t number = numberOf(picture), time = picture.best_effort_timestamp;
  if (const auto same = emitted_.find(number); same != emitted_.end()) {
    emitted_.erase(same);
    return false;
  }
  if (time != AV_NOPTS_VALUE && lastTime_ != AV_NOPTS_VALUE && time != lastTime_) return time > lastTime_;
  return emitted_.empty() || number > last_;
}

}  // namespace framepath::media
