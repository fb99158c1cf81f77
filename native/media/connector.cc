#include "media/connector.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <thread>
#include <utility>

#include "core/clock.h"
#include "core/thread_name.h"
#include "media/retry.h"

namespace framepath::media {
namespace {

constexpr int64_t kLookNs = 20'000'000;  // how soon a passed stop is noticed

}  // namespace

Connector::Connector(Broadcast broadcast, int32_t most, StopRef stop)
    : broadcast_(std::move(broadcast)), most_(most), stop_(std::make_shared<Stop>(std::move(stop))) {}

std::unique_ptr<Muxer> Connector::connect() {
  auto muxer = std::make_unique<Muxer>(broadcast_.path, broadcast_.container, nullptr, stop_);
  for (const Broadcast::Stream& stream : broadcast_.streams)
    muxer->addStream(*stream.parameters, stream.timeBase, {stream.fps.num, stream.fps.den}, stream.hdrMetadata);
  AvDictionary privates;
  const std::string_view format = broadcast_.container.format;
  if (format == "flv") privates.set("flvflags", "no_duration_filesize");
  // A receiver has a picture when it has its length, else when the next one begins.
  if (format == "mpegts") privates.set("omit_video_pes_length", int64_t{0});
  privates.set("flush_packets", int64_t{1});
  muxer->begin(privates);
  return muxer;
}

void Connector::begin(std::unique_ptr<Muxer> lost, bool atOnce) {
  {
    std::lock_guard lock(mutex_);
    lost_ = std::move(lost);
    working_ = true;
  }
  std::thread([self = shared_from_this(), atOnce] {
    const ThreadName named("connect");
    self->work(atOnce);
  }).detach();
}

// False: nobody waits any more.
bool Connector::pause(int32_t attempt) {
  const int64_t untilNs = nowNs() + retryPauseMs(attempt) * 1'000'000;
  std::unique_lock lock(mutex_);
  while (!stop_->passed()) {
    const int64_t leftNs = untilNs - nowNs();
    if (leftNs <= 0) return true;
    changed_.wait_for(lock, std::chrono::nanoseconds(std::min(leftNs, kLookNs)));
  }
  return false;
}

void Connector::work(bool atOnce) {
  std::unique_ptr<Muxer> lost;
  {
    std::lock_guard lock(mutex_);
    lost = std::move(lost_);
  }
  lost.reset();  // it may talk to its peer
  std::unique_ptr<Muxer> made;
  std::optional<Error> failure;
  while (!made && !failure) {
    if (!std::exchange(atOnce, false)) {
      std::unique_lock lock(mutex_);
      if (most_ >= 0 && attempts_ >= most_) {
        failure = Error(ErrorCode::OUTPUT_FAILED, last_, "");
        break;
      }
      const int32_t attempt = attempts_++;
      lock.unlock();
      if (!pause(attempt)) break;
    }
    try {
      made = connect();
    } catch (const Error& error) {
      std::lock_guard lock(mutex_);
      last_ = error.sentence;
    } catch (const std::exception& error) {
      std::lock_guard lock(mutex_);
      last_ = error.what();
    }
    if (stop_->passed()) break;
  }
  std::unique_lock lock(mutex_);
  made_ = std::move(made);
  failure_ = std::move(failure);
  working_ = false;
  changed_.notify_all();
}

bool Connector::waitFor(int64_t ns) {
  const int64_t untilNs = nowNs() + ns;
  std::unique_lock lock(mutex_);
  while (working_ && !stop_->passed()) {
    const int64_t leftNs = untilNs - nowNs();
    if (leftNs <= 0) return false;
    changed_.wait_for(lock, std::chrono::nanoseconds(std::min(leftNs, kLookNs)));
  }
  return !working_;
}

std::unique_ptr<Muxer> Connector::take() {
  std::lock_guard lock(mutex_);
  if (failure_) throw *failure_;
  return std::move(made_);
}

void Connector::cancel() {
  stop_->now();
  std::unique_ptr<Muxer> unused;
  std::lock_guard lock(mutex_);
  unused = std::move(made_);
  changed_.notify_all();
}

int32_t Connector::attempts() const {
  std::lock_guard lock(mutex_);
  return attempts_;
}

void Connector::steady() {
  std::lock_guard lock(mutex_);
  attempts_ = 0;
}

std::string Connector::lastFailure() const {
  std::lock_guard lock(mutex_);
  return last_;
}

}  // namespace framepath::media
