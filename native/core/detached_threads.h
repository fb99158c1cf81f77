// Threads in a call that cannot be interrupted, left to end by themselves.
#pragma once
#include <cstdint>
#include <functional>

namespace framepath {

// Of the whole process, thread-safe. The addon is never unmapped (-z nodelete), and a process that exits takes these
// threads with it, so nobody joins them. They hold memory: who makes another of their kind waits here first, so there
// are never more than kMost besides those that were made at the same time.
class DetachedThreads {
 public:
  static constexpr int32_t kMost = 2;

  static void detached();  // one more
  static void ended();
  // False: `stopped` returned true (called every few milliseconds).
  static bool waitForRoom(const std::function<bool()>& stopped);
};

}  // namespace framepath
