// The last seconds of a live source's audio, as samples on the clock of its pictures: written as it comes, read by any
// number of outputs.
//
//   container times of the audio --offset of the source's pictures--> times of its frames --LivePlace--> composition
#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "media/source_reader.h"

namespace framepath::media {

// Where the pictures of a source lie in a composition, which shows them: its time is a frame's and `offsetUs`. Written
// by who composes, read by who writes audio.
struct LivePlace {
  static constexpr int64_t kNowhere = INT64_MIN;  // no picture came yet
  std::atomic<int64_t> offsetUs{kNowhere};
};

// Thread-safe. Samples have positions, which count on forever; the oldest are overwritten. What follows without a break
// is a stretch: a gap in the times, or a new connection, begins another one.
class LiveAudio {
 public:
  static constexpr int64_t kSamples = int64_t{1} << 18;  // 5.5 s, 2 MiB once there is any

  // For the source's thread. A connection is open: its times have nothing to do with those before.
  void begin();
  // Samples at `us` of the source's own clock; none = they follow the last.
  void add(std::optional<int64_t> us, const float* left, const float* right, int count);
  // Of each picture in turn; audio before the first one of a connection waits for it.
  void place(const OwnTime& picture);

  // An output reads it, or will: nothing is decoded before.
  void want() const { wanted_ = true; }
  bool wanted() const { return wanted_; }

  // For an output, while it reads a few samples.
  class Reading {
   public:
    explicit Reading(const LiveAudio& audio) : audio_(audio), lock_(audio.mutex_) {}
    // Position of what belongs to a time of the source's frames; none: there is nothing, or not any more.
    std::optional<double> at(int64_t timeUs) const;
    // Where the stretch ends that `position` is in; 0 where it is gone.
    int64_t endOf(double position) const;
    // The end of the newest samples, and the position there.
    struct End {
      int64_t timeUs, position;
    };
    std::optional<End> newest() const;
    // How many times are kept beside the samples.
    size_t pieces() const;
    // Both channels between samples (band-limited).
    void sample(double position, float& left, float& right) const;

   private:
    const LiveAudio& audio_;
    const std::lock_guard<std::mutex> lock_;
  };

 private:
  // Samples whose times were stated together.
  struct Piece {
    int64_t position = 0;
    int count = 0;
    int64_t us = 0;                   // of the source's own clock
    std::optional<int64_t> offsetUs;  // to the times of its frames
    bool follows = false;             // the piece before, without a break
    int64_t end() const { return position + count; }
  };
  void forget();

  mutable std::atomic<bool> wanted_ = false;
  mutable std::mutex mutex_;
  std::vector<float> samples_[2];
  int64_t end_ = 0;
  std::deque<Piece> pieces_;
  bool connected_ = false;          // the next piece is of the connection of the last
  std::optional<OwnTime> picture_;  // the latest of this connection
};

}  // namespace framepath::media
