// The last stage: canvases in, packets out, on a thread of its own.
//
// An encoder cannot be interrupted: one call of x265 may take seconds, and SVT-AV1 1.4 must be led to the end of its
// stream before it is closed. So when the time of a run that was broken off is up, the output is taken away from the
// thread and finished with the packets that came; the thread goes on alone (DetachedThreads), frees the encoder when it
// can, and touches nothing of the run any more.
#pragma once
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "compose/composer.h"
#include "core/channel.h"
#include "core/error.h"
#include "core/histogram.h"
#include "core/stop.h"
#include "graph/audio_cues.h"
#include "graph/reader_queue.h"
#include "graph/stage_stats.h"
#include "graph/trace.h"
#include "media/encoder.h"
#include "media/output.h"

namespace framepath::graph {

// Passes an encoder's recoveries to the run, which the encoder may outlive. Thread-safe.
class RecoveryListener {
 public:
  using Listener = std::function<void(const std::string& what, const std::string& reason)>;
  explicit RecoveryListener(Listener listener) : listener_(std::move(listener)) {}
  void report(const std::string& what, const std::string& reason) {
    std::lock_guard lock(mutex_);
    if (listener_) listener_(what, reason);
  }
  void stop() {  // once it has returned the listener is not called any more
    std::lock_guard lock(mutex_);
    listener_ = nullptr;
  }

 private:
  std::mutex mutex_;
  Listener listener_;
};

struct EncodingParts {
  std::string stage = "encode";  // its name in the report and the trace
  std::unique_ptr<media::Encoder> encoder;
  std::unique_ptr<media::Output> output;  // null: packets only
  bool realtime = false;                  // packets keep to the clock on the wall
  std::shared_ptr<PacketQueue> packets;   // null: output only
  std::shared_ptr<std::vector<Packet>>
      audio;  // where the output leaves its audio for `packets`; null: they end with the pictures
  std::shared_ptr<AudioCues> cues;
  StopRef deadline;                             // what is not encoded by then is not waited for
  StopRef closing;                              // once it is set no packet waits until it is due; null: never
  std::shared_ptr<Trace> trace;                 // null: none
  std::function<void(const Error&)> failed;     // from the encoder's thread, once
  std::shared_ptr<RecoveryListener> recovered;  // by the encoder; null: no listener
};

class Encoding {
 public:
  explicit Encoding(EncodingParts parts);
  ~Encoding();
  Encoding(const Encoding&) = delete;
  Encoding& operator=(const Encoding&) = delete;

  // Canvases pass through it before they are encoded. Before start().
  void setScaler(std::unique_ptr<compose::Composer> scaler);
  void start();
  // Waits for room. False: the encoder has ended. `readNs`: when its oldest new picture was read, for the latency; 0:
  // none is measured.
  bool push(FrameRef canvas, int64_t readNs = 0);
  Offer offer(FrameRef canvas, int64_t readNs = 0);  // does not wait; closed: the encoder has ended
  void close();                                      // no canvas follows
  void abort();                                      // what was pushed is dropped
  void wake();                                       // `deadline` or `closing` was changed

  struct End {
    std::unique_ptr<media::Output> output;  // to be finished
    bool whole = false;                     // every canvas that was pushed is in it
  };
  // Waits until everything is encoded or `deadline` has passed; packets are closed then. Once.
  End finish();
  // Waits until the encoder is freed, after `deadline` only for a moment: then the thread is detached.
  void freeEncoder();

  const std::string& codec() const { return codec_; }
  StageStats stats() const;
  int64_t bytes() const;            // of the packets that came
  Histogram latency() const;        // from readNs to the packet
  media::RateFigures rate() const;  // of what was pushed so far
  // Alive as long as the encoder is.
  std::weak_ptr<const void> encoder() const { return encoder_; }

 private:
  struct Work;
  static void run(const std::shared_ptr<Work>& work);
  enum class State : uint8_t { encoding, ended, freed };  // ended: no packet follows; freed: the encoder is gone
  bool waitFor(State state);

  const std::string codec_;
  std::shared_ptr<Work> work_;
  std::weak_ptr<const void> encoder_;
  std::thread thread_;
};

}  // namespace framepath::graph
