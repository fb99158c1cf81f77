// When blocking calls end: never, at a deadline, or now. Who closes something sets it, who waits checks it.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "core/clock.h"

namespace framepath {

// Thread-safe. A deadline can only move earlier, never later. A stop with a parent also holds when its parent
// does.
class Stop {
 public:
  explicit Stop(std::shared_ptr<const Stop> parent = nullptr) : parent_(std::move(parent)) {}

  void now() { at(nowNs()); }
  void at(int64_t ns) {  // of nowNs()
    int64_t known = atNs_.load();
    while (ns < known && !atNs_.compare_exchange_weak(known, ns)) {
    }
  }
  bool passed() const {
    const int64_t ns = atNs_.load(std::memory_order_relaxed);
    return (ns != INT64_MAX && nowNs() >= ns) || (parent_ && parent_->passed());
  }

  int64_t atNs() const { return atNs_.load(); }  // its own deadline; INT64_MAX = never

 private:
  std::atomic<int64_t> atNs_{INT64_MAX};
  const std::shared_ptr<const Stop> parent_;
};

using StopRef = std::shared_ptr<const Stop>;

}  // namespace framepath
