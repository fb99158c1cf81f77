// ByteTrack as published (Zhang et al., ECCV 2022; yolox/tracker/byte_tracker.py), quirks included.
#include "track/byte_tracker.h"

#include <algorithm>

#include "track/assignment.h"
#include "track/kalman.h"
#include "track/marks.h"
#include "track/overlap.h"

namespace framepath::track {

namespace {

constexpr float kLowGate = 0.5f, kUnconfirmedGate = 0.7f, kDuplicateDistance = 0.15f;

enum class State : uint8_t { tracked, lost };

struct ByteTrack {
  ByteTrack(int64_t id, const Box& box, float score, int32_t detection, int64_t frame)
      : id(id), filter(box), score(score), detection(detection), startFrame(frame), lastFrame(frame) {}
  int64_t id;
  BoxFilter filter;
  float score;
  int32_t detection;
  int64_t startFrame, lastFrame;
  State state = State::tracked;
  bool confirmed = false;
  bool returned = false;   // in an earlier frame
  bool recovered = false;  // in this frame
  bool condemned = false;  // too old; the published code still offers it once more
};

class ByteTracker final : public Tracker {
 public:
  explicit ByteTracker(const TrackerOptions& options)
      : options_(options),
        buffer_(static_cast<int64_t>(options.fps * options.bufferMs / 1000 + 1e-6)),
        marker_(options.fps) {}

  Tracks update(const Detections& detections, int64_t) override {
    frame_++;
    std::vector<int32_t> high, low;
    for (size_t i = 0; i < detections.size(); i++) {
      const float score = detections.scores[i];
      if (!usable(detections.boxes[i])) continue;
      if (score > options_.trackThreshold) {
        high.push_back(static_cast<int32_t>(i));
      } else if (score > options_.lowThreshold && score < options_.trackThreshold) {
        low.push_back(static_cast<int32_t>(i));
      }
    }
    predictPool();
    for (ByteTrack& track : tracks_) track.detection = -1, track.recovered = false;

    std::vector<int32_t> pool, unconfirmed;
    for (size_t i = 0; i < tracks_.size(); i++) {
      (tracks_[i].confirmed || tracks_[i].state == State::lost ? pool : unconfirmed).push_back(static_cast<int32_t>(i));
    }
    match(pool, high, detections, true, options_.matchGate);
    std::vector<int32_t> stillTracked;
    for (int32_t i : pool) {
      if (tracks_[i].state == State::tracked) stillTracked.push_back(i);
    }
    match(stillTracked, low, detections, false, kLowGate);
    for (int32_t i : stillTracked) tracks_[i].state = State::lost;
    match(unconfirmed, high, detections, true, kUnconfirmedGate);
    std::vector<char> gone(tracks_.size(), 0);
    for (int32_t i : unconfirmed) gone[i] = 1;

    for (size_t i = 0; i < gone.size(); i++) {
      ByteTrack& track = tracks_[i];
      if (track.state != State::lost) continue;
      if (track.condemned) gone[i] = 1;
      if (frame_ - track.lastFrame > buffer_) track.condemned = true;
    }
    for (int32_t index : high) {
      if (detections.scores[index] < options_.newThreshold) continue;
      tracks_.emplace_back(++lastId_, detections.boxes[index], detections.scores[index], index, frame_);
      tracks_.back().confirmed = frame_ == 1;
      gone.push_back(0);
    }
    removeDuplicates(gone);
    size_t next = 0;
    std::erase_if(tracks_, [&](const ByteTrack&) { return gone[next++]; });
    return seen();
  }

  void predict(int64_t) override {
    frame_++;
    predictPool();
  }

 private:
  void predictPool() {
    for (ByteTrack& track : tracks_) {
      if (track.confirmed || track.state == State::lost) track.filter.predict(track.state == State::lost);
    }
  }

  // Matches `candidates` with `pool`; both keep what is left over.
  void match(std::vector<int32_t>& pool, std::vector<int32_t>& candidates, const Detections& detections, bool fuse,
             float gate) {
    CostMatrix costs(static_cast<int32_t>(pool.size()), static_cast<int32_t>(candidates.size()));
    for (int32_t i = 0; i < costs.rows(); i++) {
      const Box box = tracks_[pool[i]].filter.box();
      for (int32_t j = 0; j < costs.columns(); j++) {
        const float overlap = inclusiveOverlap(box, detections.boxes[candidates[j]]);
        costs.at(i, j) = 1 - (fuse ? overlap * detections.scores[candidates[j]] : overlap);
      }
    }
    const Assignment assignment = assign(costs, gate);
    for (int32_t i = 0; i < costs.rows(); i++) {
      const int32_t j = assignment.rowToColumn[i];
      if (j < 0) continue;
      ByteTrack& track = tracks_[pool[i]];
      track.detection = candidates[j];
      track.filter.update(detections.boxes[track.detection]);
      track.score = detections.scores[track.detection];
      track.recovered = track.state == State::lost;
      track.state = State::tracked;
      track.confirmed = true;
      track.lastFrame = frame_;
    }
    size_t next = 0;
    std::erase_if(pool, [&](int32_t) { return assignment.rowToColumn[next++] >= 0; });
    next = 0;
    std::erase_if(candidates, [&](int32_t) { return assignment.columnToRow[next++] >= 0; });
  }

  // A tracked and a lost track on the same place: the longer-lived one stays.
  void removeDuplicates(std::vector<char>& gone) const {
    for (size_t i = 0; i < tracks_.size(); i++) {
      if (gone[i] || tracks_[i].state != State::tracked) continue;
      const Box box = tracks_[i].filter.box();
      for (size_t j = 0; j < tracks_.size(); j++) {
        const ByteTrack& other = tracks_[j];
        if (gone[j] || other.state != State::lost) continue;
        if (1 - inclusiveOverlap(box, other.filter.box()) >= kDuplicateDistance) continue;
        const int64_t age = tracks_[i].lastFrame - tracks_[i].startFrame, otherAge = other.lastFrame - other.startFrame;
        gone[age > otherAge ? j : i] = 1;
      }
    }
  }

  Tracks seen() {
    Tracks tracks;
    std::vector<HiddenTrack> hidden;
    for (ByteTrack& track : tracks_) {
      if (!track.confirmed) continue;
      if (track.state == State::lost) {
        hidden.push_back({track.id, track.filter.box()});
        continue;
      }
      uint8_t marks = track.returned ? 0 : kTrackNew;
      if (track.recovered) marks |= kTrackRecovered;
      track.returned = true;
      tracks.items.push_back({track.id, track.detection, track.filter.box(), track.score, marks});
    }
    marker_.mark(tracks, hidden);
    return tracks;
  }

  const TrackerOptions options_;
  const int64_t buffer_;
  std::vector<ByteTrack> tracks_;
  int64_t frame_ = 0, lastId_ = 0;
  Marker marker_;
};

}  // namespace

std::unique_ptr<Tracker> makeByteTracker(const TrackerOptions& options) {
  return std::make_unique<ByteTracker>(options);
}

}  // namespace framepath::track
