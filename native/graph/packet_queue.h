// Packets that wait for their reader; the encoder waits when there are many.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>

#include "core/packet.h"

namespace framepath::graph {

// Thread-safe.
class PacketQueue {
 public:
  using Callback = std::function<void(std::optional<Packet>)>;

  // Waits for room; after close() the packet is dropped.
  void put(Packet packet);
  // The next packet, or none after the end; `callback` is called once, here or by put() or close(). A second call
  // while one waits throws INVALID_ARGUMENT.
  void next(Callback callback);
  // No packet follows; what waits can still be taken. Idempotent.
  void close();
  // From now on a full queue drops packets instead of blocking. Readers still see the end by close() only.
  void shutdown();

 private:
  static constexpr size_t kMost = 256;

  std::mutex mutex_;
  std::condition_variable room_;
  std::deque<Packet> packets_;
  Callback waiting_;
  bool hurried_ = false;
};

}  // namespace framepath::graph
