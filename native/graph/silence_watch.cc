#include "graph/silence_watch.h"

#include <algorithm>
#include <chrono>

#include "core/clock.h"
#include "core/thread_name.h"

namespace framepath::graph {

void SilenceWatch::add(std::string id, std::shared_ptr<const media::SourceLink> link) {
  std::lock_guard lock(mutex_);
  if (stopped_ || !link) return;
  watched_.push_back({std::move(id), std::move(link), nowNs()});
  if (!thread_.joinable()) thread_ = std::thread([this] { watch(); });
}

void SilenceWatch::stop() {
  std::thread ended;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    ended = std::move(thread_);
    changed_.notify_all();
  }
  if (ended.joinable()) ended.join();
}

void SilenceWatch::watch() {
  const ThreadName named("silence");
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, std::chrono::milliseconds(500), [&] { return stopped_; })) {
    std::erase_if(watched_, [](const Watched& one) { return one.link->ended(); });
    std::vector<Recovery> silent;
    for (Watched& one : watched_) {
      const bool gives = nowNs() - std::max(one.sinceNs, one.link->pictureNs()) < kSilentNs;
      if (gives) one.reported = false;
      if (gives || one.reported || one.link->attempts() > 0) continue;
      one.reported = true;
      silent.push_back({one.id, "silent", "It gave no picture for 5 s, and its connection did not break off."});
    }
    lock.unlock();  // a listener is called
    for (Recovery& recovery : silent) recoveries_.add(std::move(recovery));
    lock.lock();
  }
}

}  // namespace framepath::graph
