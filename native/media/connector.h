// Opens the connection of a network output, again and again within a budget, on a thread of its own: connecting may
// take seconds, and nobody waits for it who has other things to do.
#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/stop.h"
#include "media/muxer.h"
#include "media/source_info.h"

namespace framepath::media {

// What a connection carries: streams in the order of their numbers.
struct Broadcast {
  struct Stream {
    AvCodecParameters parameters;
    AVRational timeBase;
    Rational fps;
    HdrMetadata hdrMetadata = {};
  };
  std::string path;
  Container container;
  std::vector<Stream> streams;
};

// Thread-safe. One connection is made at a time.
class Connector : public std::enable_shared_from_this<Connector> {
 public:
  // `most` attempts in a row; -1: no limit. Connections end soon after `stop` has passed.
  Connector(Broadcast broadcast, int32_t most, StopRef stop);
  // A call that cannot be interrupted (the look-up of a name) is left to end by itself.
  ~Connector() = default;

  // Connects on the caller's thread. Throws what Muxer throws.
  std::unique_ptr<Muxer> connect();
  // Begins to connect: at once, or, where one was lost, after it was closed and a pause, which grows with every
  // attempt.
  void begin(std::unique_ptr<Muxer> lost, bool atOnce = false);
  // Waits; false: nothing has come.
  bool waitFor(int64_t ns);
  // What has come: null = nothing yet. Throws OUTPUT_FAILED when no attempt is left.
  std::unique_ptr<Muxer> take();
  // Nobody waits any more: what is at work ends soon.
  void cancel();

  int32_t attempts() const;
  int32_t most() const { return most_; }
  void steady();  // the connection holds: all attempts are there again
  std::string lastFailure() const;

 private:
  void work(bool atOnce);
  bool pause(int32_t attempt);

  const Broadcast broadcast_;
  const int32_t most_;
  const std::shared_ptr<Stop> stop_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<Muxer> lost_, made_;
  std::optional<Error> failure_;  // no attempt is left
  std::string last_;
  int32_t attempts_ = 0;  // since the connection was last steady
  bool working_ = false;
};

}  // namespace framepath::media
