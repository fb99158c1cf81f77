// What is known of a live source's connection, by those who do not read it.
#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

#include "core/clock.h"
#include "media/source_info.h"

namespace framepath::media {

// Thread-safe. Written by the thread that reads the source.
class SourceLink {
 public:
  // Attempts to connect in the current outage; 0: none.
  void setAttempts(int32_t attempts) { attempts_ = attempts; }
  int32_t attempts() const { return attempts_; }
  // It was down when the run started, and is open now.
  void setInfo(SourceInfo info) {
    std::lock_guard lock(mutex_);
    info_ = std::move(info);
  }
  std::optional<SourceInfo> info() const {
    std::lock_guard lock(mutex_);
    return info_;
  }
  // When the latest picture came, of nowNs(); before the first, when it was made.
  void pictureCame() { pictureNs_ = nowNs(); }
  int64_t pictureNs() const { return pictureNs_; }
  // Nobody reads it any more.
  void end() { ended_ = true; }
  bool ended() const { return ended_; }

 private:
  std::atomic<int32_t> attempts_{0};
  std::atomic<int64_t> pictureNs_{nowNs()};
  std::atomic<bool> ended_{false};
  mutable std::mutex mutex_;
  std::optional<SourceInfo> info_;
};

}  // namespace framepath::media
