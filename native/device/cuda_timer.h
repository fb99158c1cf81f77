// When CUDA queues were at work, and on what: for traces.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "device/cuda_gpu.h"
#include "device/device.h"

namespace framepath::cuda {

class StreamOwner;

// Two events around each piece of work that take the time, against one that was seen on both clocks. Thread-safe.
class QueueTimer : public std::enable_shared_from_this<QueueTimer> {
  struct Event;
  struct Base;
  struct Piece;

 public:
  // `idle`: a stream that nothing else is on.
  QueueTimer(std::shared_ptr<StreamOwner> idle, std::function<void(const QueueWork&)> listener);
  ~QueueTimer();

  // Of one queue, on its thread. What it is given while its thread is at work on one thing (core/work.h) is one piece,
  // from its first to its last, with what others enqueue on the stream between.
  class Track {
   public:
    Track(std::shared_ptr<QueueTimer> timer, Stream stream);
    ~Track();      // the stream has done everything
    void begin();  // something will be enqueued; in the context
    void end();    // it is

   private:
    std::shared_ptr<QueueTimer> timer_;
    const Stream stream_;
    std::string name_;
    std::unique_ptr<Piece> open_;
    std::shared_ptr<int64_t> lastEndNs_ = std::make_shared<int64_t>(0);
  };

 private:
  std::string nameFor(const Work& work);
  std::shared_ptr<const Base> base();
  void finished(std::unique_ptr<Piece> piece);
  void reportDone();
  bool done(const Piece& piece) const;
  std::optional<int64_t> timeOf(const Base& base, const Event& event) const;

  const std::shared_ptr<Gpu> gpu_;
  const std::function<void(const QueueWork&)> listener_;
  std::mutex mutex_;
  const std::shared_ptr<StreamOwner> idle_;  // of the bases
  std::shared_ptr<const Base> base_;
  std::map<std::string, int> names_;
  std::deque<std::unique_ptr<Piece>> pieces_;  // in the order in which they ended
};

}  // namespace framepath::cuda
