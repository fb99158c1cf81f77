#include "graph/packet_queue.h"

#include <utility>

#include "core/error.h"

namespace framepath::graph {

void PacketQueue::put(Packet packet) {
  Callback callback;
  {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return hurried_ || waiting_ || packets_.size() < kMost; });
    if (hurried_) return;
    if (!waiting_) {
      packets_.push_back(std::move(packet));
      return;
    }
    callback = std::exchange(waiting_, nullptr);
  }
  callback(std::move(packet));
}

void PacketQueue::next(Callback callback) {
  std::optional<Packet> packet;
  {
    std::lock_guard lock(mutex_);
    if (waiting_)
      throw Error(ErrorCode::INVALID_ARGUMENT, "A packet is already being waited for.",
                  "Await one packet before the next.");
    if (packets_.empty() && !hurried_) {
      waiting_ = std::move(callback);
      room_.notify_all();
      return;
    }
    if (!packets_.empty()) {
      packet = std::move(packets_.front());
      packets_.pop_front();
      room_.notify_all();
    }
  }
  callback(std::move(packet));
}

void PacketQueue::shutdown() {
  std::lock_guard lock(mutex_);
  hurried_ = true;
  room_.notify_all();
}

void PacketQueue::close() {
  shutdown();
  Callback callback;
  {
    std::lock_guard lock(mutex_);
    callback = std::exchange(waiting_, nullptr);
  }
  if (callback) callback(std::nullopt);
}

}  // namespace framepath::graph
