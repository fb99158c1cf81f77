// How many frames of a source may be alive: leases of pixels, and tasks whose results wait to be taken.
#pragma once
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/frame.h"

namespace framepath::graph {

// Thread-safe; outlives the engine through the leases.
class Admission {
 public:
  Admission(int maxLeases, int maxTasks) : maxLeases_(maxLeases), maxTasks_(maxTasks) {}

  // Takes one lease and one task slot; waits for both. False after close().
  bool enter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || hasRoom(); });
    return !closed_ && take();
  }
  // For a live source, which may not wait.
  bool tryEnter() {
    std::lock_guard lock(mutex_);
    return !closed_ && hasRoom() && take();
  }
  void leaseEnded() { give(leases_); }
  void taskEnded() { give(tasks_); }
  void close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  int leases() const {
    std::lock_guard lock(mutex_);
    return leases_;
  }

 private:
  bool hasRoom() const { return leases_ < maxLeases_ && tasks_ < maxTasks_; }
  bool take() {
    leases_++;
    tasks_++;
    return true;
  }
  void give(int& count) {
    std::lock_guard lock(mutex_);
    count--;
    changed_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  const int maxLeases_, maxTasks_;
  int leases_ = 0, tasks_ = 0;
  bool closed_ = false;
};

// A frame's pixels, alive until the last reader releases the lease.
class FrameLease {
 public:
  FrameLease(FrameRef frame, std::shared_ptr<Admission> admission)
      : frame_(std::move(frame)), admission_(std::move(admission)) {}
  ~FrameLease() {
    shared_.clear();
    frame_.reset();
    admission_->leaseEnded();
  }
  FrameLease(const FrameLease&) = delete;
  FrameLease& operator=(const FrameLease&) = delete;
  const FrameRef& frame() const { return frame_; }

  // Something made of the frame that its readers share: `make` runs once for a name, while others that want the same
  // wait; when it throws, the next one tries. Goes with the lease.
  template <typename T, typename Make>
  std::shared_ptr<const T> share(const std::string& name, Make make) const {
    Shared& shared = sharedAs(name);
    std::lock_guard lock(shared.making);
    if (!shared.made) shared.made = std::make_shared<const T>(make());
    return std::static_pointer_cast<const T>(shared.made);
  }

 private:
  struct Shared {
    std::mutex making;
    std::shared_ptr<const void> made;
  };
  Shared& sharedAs(const std::string& name) const {
    std::lock_guard lock(sharing_);
    return shared_[name];
  }

  FrameRef frame_;
  std::shared_ptr<Admission> admission_;
  mutable std::mutex sharing_;
  mutable std::map<std::string, Shared> shared_;
};

using LeaseRef = std::shared_ptr<const FrameLease>;

}  // namespace framepath::graph
