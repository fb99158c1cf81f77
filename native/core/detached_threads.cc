#include "core/detached_threads.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "core/heap.h"

namespace framepath {
namespace {

struct Count {
  std::mutex mutex;
  std::condition_variable less;
  int32_t there = 0;
};

// Never destroyed: the threads may outlive every static object.
Count& count() {
  static Count& forever = *new Count;
  return forever;
}

}  // namespace

void DetachedThreads::detached() {
  std::lock_guard lock(count().mutex);
  count().there++;
}

void DetachedThreads::ended() {
  returnFreeMemory();
  std::lock_guard lock(count().mutex);
  count().there--;
  count().less.notify_all();
}

bool DetachedThreads::waitForRoom(const std::function<bool()>& stopped) {
  std::unique_lock lock(count().mutex);
  while (count().there >= kMost) {
    if (stopped()) return false;
    count().less.wait_for(lock, std::chrono::milliseconds(20));
  }
  return true;
}

}  // namespace framepath
