#include "track/standard_tracker.h"

#include <algorithm>
#include <cmath>

#include "track/assignment.h"
#include "track/kalman.h"
#include "track/marks.h"
#include "track/overlap.h"

namespace framepath::track {

namespace {

constexpr float kLowGate = 0.5f, kUnconfirmedGate = 0.7f, kDuplicateOverlap = 0.85f;
constexpr float kMargin = 0.03f;      // boxes are compared grown by this much of their size
constexpr double kScoreNoise = 1;     // measurement noise at score 0 is 1 + this times that at score 1
constexpr double kReferenceFps = 30;  // the rate the filter's constants were made for

enum class State : uint8_t { unconfirmed, tracked, lost };

struct MotionTrack {
  int64_t id;
  BoxFilter filter;
  float score;
  int32_t detection;
  int64_t startFrame, lastFrame;
  State state = State::unconfirmed;
  bool returned = false;   // in an earlier frame
  bool recovered = false;  // in this frame
};

// Between two frames a random walk of the velocity spreads with the root of the time between them.
KalmanNoise noiseAt(double fps) {
  KalmanNoise noise;
  noise.velocity *= std::sqrt(kReferenceFps / std::clamp(fps, 1.0, 240.0));
  return noise;
}

class StandardTracker final : public Tracker {
 public:
  explicit StandardTracker(const TrackerOptions& options)
      : options_(options),
        buffer_(static_cast<int64_t>(options.fps * options.bufferMs / 1000 + 1e-6)),
        noise_(noiseAt(options.fps)),
        marker_(options.fps) {}

  Tracks update(const Detections& detections, int64_t ptsUs) override {
    advance(ptsUs);
    std::vector<int32_t> high, low;
    for (size_t i = 0; i < detections.size(); i++) {
      if (!usable(detections.boxes[i])) continue;
      const float score = detections.scores[i];
      if (score > options_.trackThreshold) {
        high.push_back(static_cast<int32_t>(i));
      } else if (score > options_.lowThreshold) {
        low.push_back(static_cast<int32_t>(i));
      }
    }
    std::vector<int32_t> pool, unconfirmed;
    for (size_t i = 0; i < tracks_.size(); i++) {
      tracks_[i].detection = -1;
      tracks_[i].recovered = false;
      (tracks_[i].state == State::unconfirmed ? unconfirmed : pool).push_back(static_cast<int32_t>(i));
    }
    match(pool, high, detections, true, options_.matchGate);
    std::erase_if(pool, [&](int32_t i) { return tracks_[i].state == State::lost; });
    match(pool, low, detections, false, kLowGate);
    for (const int32_t i : pool) tracks_[i].state = State::lost;
    match(unconfirmed, high, detections, true, kUnconfirmedGate);

    std::vector<char> gone(tracks_.size(), 0);
    for (const int32_t i : unconfirmed) gone[i] = 1;
    for (size_t i = 0; i < gone.size(); i++) {
      if (tracks_[i].state == State::lost && frame_ - tracks_[i].lastFrame > buffer_) gone[i] = 1;
    }
    for (const int32_t i : high) begin(detections, i);
    gone.resize(tracks_.size(), 0);
    removeDuplicates(gone);
    size_t next = 0;
    std::erase_if(tracks_, [&](const MotionTrack&) { return gone[next++]; });
    first_ = false;
    return seen();
  }

  void predict(int64_t ptsUs) override { advance(ptsUs); }

 private:
  // Moves every track to the time of this frame, over frames that never came.
  void advance(int64_t ptsUs) {
    int64_t frames = 1;
    if (started_) {
      const double passed = static_cast<double>(ptsUs - lastUs_) * options_.fps / 1e6;
      frames = static_cast<int64_t>(std::llround(std::clamp(passed, 1.0, static_cast<double>(buffer_ + 1))));
    }
    started_ = true;
    lastUs_ = ptsUs;
    frame_ += frames;
    for (MotionTrack& track : tracks_) {
      for (int64_t i = 0; i < frames; i++) track.filter.predict(track.state == State::lost);
    }
  }

  void begin(const Detections& detections, int32_t index) {
    if (detections.scores[index] < options_.newThreshold) return;
    tracks_.push_back(
        {++lastId_, BoxFilter(detections.boxes[index], noise_), detections.scores[index], index, frame_, frame_});
    if (first_) tracks_.back().state = State::tracked;
  }

  // Matches `candidates` with `pool`; both keep what is left over.
  void match(std::vector<int32_t>& pool, std::vector<int32_t>& candidates, const Detections& detections, bool fuse,
             float gate) {
    if (pool.empty() || candidates.empty()) return;
    std::vector<Box> grownCandidates;
    for (const int32_t j : candidates) grownCandidates.push_back(grown(detections.boxes[j], kMargin));
    CostMatrix costs(static_cast<int32_t>(pool.size()), static_cast<int32_t>(candidates.size()));
    for (int32_t i = 0; i < costs.rows(); i++) {
      const Box box = grown(tracks_[pool[i]].filter.box(), kMargin);
      for (int32_t j = 0; j < costs.columns(); j++) {
        const float overlap = intersectionOverUnion(box, grownCandidates[j]);
        costs.at(i, j) = 1 - (fuse ? overlap * detections.scores[candidates[j]] : overlap);
      }
    }
    const Assignment assignment = assign(costs, gate);
    for (int32_t i = 0; i < costs.rows(); i++) {
      if (assignment.rowToColumn[i] >= 0) observe(tracks_[pool[i]], detections, candidates[assignment.rowToColumn[i]]);
    }
    size_t next = 0;
    std::erase_if(pool, [&](int32_t) { return assignment.rowToColumn[next++] >= 0; });
    next = 0;
    std::erase_if(candidates, [&](int32_t) { return assignment.columnToRow[next++] >= 0; });
  }

  void observe(MotionTrack& track, const Detections& detections, int32_t index) {
    track.detection = index;
    track.score = detections.scores[index];
    track.filter.update(detections.boxes[index], 1 + kScoreNoise * (1 - std::clamp(track.score, 0.0f, 1.0f)));
    track.recovered = track.state == State::lost;
    track.state = State::tracked;
    track.lastFrame = frame_;
  }

  // A tracked and a lost track on the same place: the longer-lived one stays.
  void removeDuplicates(std::vector<char>& gone) const {
    for (size_t j = 0; j < tracks_.size(); j++) {
      const MotionTrack& lost = tracks_[j];
      if (gone[j] || lost.state != State::lost) continue;
      const Box box = lost.filter.box();
      for (size_t i = 0; i < tracks_.size() && !gone[j]; i++) {
        const MotionTrack& other = tracks_[i];
        if (gone[i] || other.state == State::lost ||
            intersectionOverUnion(box, other.filter.box()) <= kDuplicateOverlap)
          continue;
        gone[other.lastFrame - other.startFrame > lost.lastFrame - lost.startFrame ? j : i] = 1;
      }
    }
  }

  Tracks seen() {
    Tracks tracks;
    std::vector<HiddenTrack> hidden;
    for (MotionTrack& track : tracks_) {
      if (track.state == State::lost) hidden.push_back({track.id, track.filter.box()});
      if (track.state != State::tracked) continue;
      uint8_t marks = track.returned ? 0 : kTrackNew;
      if (track.recovered) marks |= kTrackRecovered;
      track.returned = true;
      tracks.items.push_back({track.id, track.detection, track.filter.box(), track.score, marks});
    }
    marker_.mark(tracks, hidden);
    return tracks;
  }

  const TrackerOptions options_;
  const int64_t buffer_;  // frames
  const KalmanNoise noise_;
  std::vector<MotionTrack> tracks_;
  int64_t frame_ = 0, lastId_ = 0, lastUs_ = 0;
  bool started_ = false, first_ = true;
  Marker marker_;
};

}  // namespace

std::unique_ptr<Tracker> makeStandardTracker(const TrackerOptions& options) {
  return std::make_unique<StandardTracker>(options);
}

}  // namespace framepath::track
