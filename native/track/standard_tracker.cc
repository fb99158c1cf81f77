// The default tracker: ByteTrack's order with observation-centric additions.
#include "track/standard_tracker.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <deque>

#include "track/assignment.h"
#include "track/kalman.h"
#include "track/marks.h"
#include "track/overlap.h"

namespace framepath::track {

namespace {

double E(const char* n, double d) { const char* v = getenv(n); return v ? atof(v) : d; }

struct Tuning {
  double margin1 = E("M1", 0), margin2 = E("M2", 0), hm = E("HM", 0), fuse = E("FUSE", 1);
  double dir = E("DIR", 0), lostPen = E("LP", 0), ocrGate = E("OCR", 0), lowGate = E("LG", 0.5), unGate = E("UG", 0.7);
  double buf = E("BUF", 1000), velN = E("VN", 1), posN = E("PN", 1), measN = E("MN", 1), fpsPow = E("FP", 0), fpsPowP = E("FPP", 0), damp = E("DAMP", 1);
  double raw = E("RAW", 0), oru = E("ORU", 0), nsa = E("NSA", 0), gate = E("GATE", 0.8), dup = E("DUP", 0.15), lostLow = E("LL", 0);
  double newOv = E("NO", 0), hist = E("HI", 3), fpsMarg = E("FM", 0);
};

enum class State : uint8_t { tracked, lost };

struct Observation { int64_t frame; Box box; };

struct StandardTrack {
  StandardTrack(int64_t id, const Box& box, float score, int32_t detection, int64_t frame, const KalmanNoise& noise)
      : id(id), filter(box, noise), score(score), detection(detection), startFrame(frame), lastFrame(frame), saved(filter) {
    history.push_back({frame, box});
  }
  int64_t id;
  BoxFilter filter;
  float score;
  int32_t detection;
  int64_t startFrame, lastFrame;
  State state = State::tracked;
  bool confirmed = false, announced = false, recovered = false;
  std::deque<Observation> history;
  BoxFilter saved;
};

class StandardTracker final : public Tracker {
 public:
  explicit StandardTracker(const TrackerOptions& options)
      : options_(options), buffer_(static_cast<int64_t>(options.fps * t_.buf / 1000 + 1e-6)), marker_(options.fps) {
    const double k = std::pow(30 / options.fps, t_.fpsPow);
    noise_.velocity *= t_.velN * k;
    noise_.position *= t_.posN * std::pow(30 / options.fps, t_.fpsPowP);
    noise_.measurement *= t_.measN;
    const double m = std::pow(30 / options.fps, t_.fpsMarg);
    t_.margin1 *= m; t_.margin2 *= m;
  }

  Tracks update(const Detections& detections, int64_t) override {
    frame_++;
    std::vector<int32_t> high, low;
    for (size_t i = 0; i < detections.size(); i++) {
      const float score = detections.scores[i];
      if (score > options_.trackThreshold) high.push_back(static_cast<int32_t>(i));
      else if (score > options_.lowThreshold) low.push_back(static_cast<int32_t>(i));
    }
    predictPool();
    for (StandardTrack& track : tracks_) track.detection = -1, track.recovered = false;
    std::vector<int32_t> pool, unconfirmed;
    for (size_t i = 0; i < tracks_.size(); i++) (tracks_[i].confirmed ? pool : unconfirmed).push_back(static_cast<int32_t>(i));
    match(pool, high, detections, t_.fuse, t_.gate, t_.margin1, t_.dir, false);
    std::vector<int32_t> stillTracked, lost;
    for (int32_t i : pool) (tracks_[i].state == State::tracked || t_.lostLow ? stillTracked : lost).push_back(i);
    match(stillTracked, low, detections, 0, t_.lowGate, t_.margin1, 0, false);
    if (t_.margin2 > 0 || t_.ocrGate > 0) {
      for (int32_t i : lost) stillTracked.push_back(i);
      if (t_.ocrGate > 0) match(stillTracked, high, detections, 0, t_.ocrGate, t_.margin2, 0, true);
      else match(stillTracked, high, detections, 0, t_.gate, t_.margin2, 0, false);
    }
    for (int32_t i : stillTracked) tracks_[i].state = State::lost;
    match(unconfirmed, high, detections, 1, t_.unGate, t_.margin1, 0, false);
    std::vector<char> gone(tracks_.size(), 0);
    for (int32_t i : unconfirmed) gone[i] = 1;
    for (size_t i = 0; i < gone.size(); i++) {
      if (tracks_[i].state == State::lost && frame_ - tracks_[i].lastFrame > buffer_) gone[i] = 1;
    }
    for (int32_t index : high) {
      if (detections.scores[index] < options_.newThreshold) continue;
      tracks_.emplace_back(++lastId_, detections.boxes[index], detections.scores[index], index, frame_, noise_);
      tracks_.back().confirmed = frame_ == 1;
      gone.push_back(0);
    }
    removeDuplicates(gone);
    size_t next = 0;
    std::erase_if(tracks_, [&](const StandardTrack&) { return gone[next++]; });
    return seen(detections);
  }

  void predict(int64_t) override { frame_++; predictPool(); }

 private:
  void predictPool() {
    for (StandardTrack& track : tracks_) {
      const bool lost = track.state == State::lost;
      if (lost && t_.damp < 1) track.filter.damp(std::pow(t_.damp, 30 / options_.fps));
      track.filter.predict(lost);
    }
  }

  void match(std::vector<int32_t>& pool, std::vector<int32_t>& candidates, const Detections& detections, double fuse, double gate, double margin, double dirW, bool lastBox) {
    if (pool.empty() || candidates.empty()) return;
    CostMatrix costs(static_cast<int32_t>(pool.size()), static_cast<int32_t>(candidates.size()));
    for (int32_t i = 0; i < costs.rows(); i++) {
      const StandardTrack& track = tracks_[pool[i]];
      const Box box = lastBox ? track.history.back().box : track.filter.box();
      const double age = (frame_ - track.lastFrame - 1) / options_.fps;
      for (int32_t j = 0; j < costs.columns(); j++) {
        const Box& d = detections.boxes[candidates[j]];
        float overlap = margin > 0 ? intersectionOverUnion(grown(box, margin), grown(d, margin)) : intersectionOverUnion(box, d);
        if (overlap <= 0) continue;
        if (t_.hm > 0) {
          const double both = std::min(box.y2, d.y2) - std::max(box.y1, d.y1), all = std::max(box.y2, d.y2) - std::min(box.y1, d.y1);
          overlap *= std::pow(std::max(0.0, both / all), t_.hm);
        }
        const float score = detections.scores[candidates[j]];
        double cost = 1 - overlap * (1 - fuse + fuse * score);
        cost += t_.lostPen * age;
        if (dirW > 0 && track.history.size() > 1) {
          // direction of the last frames against direction to the candidate
          const Observation& b = track.history.back();
          const Observation& a = track.history.front();
          const double vx = (b.box.x1 + b.box.x2 - a.box.x1 - a.box.x2), vy = (b.box.y1 + b.box.y2 - a.box.y1 - a.box.y2);
          const double wx = (d.x1 + d.x2 - a.box.x1 - a.box.x2), wy = (d.y1 + d.y2 - a.box.y1 - a.box.y2);
          const double n = std::hypot(vx, vy) * std::hypot(wx, wy);
          if (n > 0) {
            const double ang = std::acos(std::clamp((vx * wx + vy * wy) / n, -1.0, 1.0));
            cost += dirW * (ang / M_PI - 0.5) * score;
          }
        }
        costs.at(i, j) = cost;
      }
    }
    const Assignment assignment = assign(costs, gate);
    for (int32_t i = 0; i < costs.rows(); i++) {
      const int32_t j = assignment.rowToColumn[i];
      if (j < 0) continue;
      StandardTrack& track = tracks_[pool[i]];
      track.detection = candidates[j];
      const Box& d = detections.boxes[track.detection];
      track.score = detections.scores[track.detection];
      const int64_t gap = frame_ - track.lastFrame;
      if (t_.oru > 0 && gap > 1) {
        track.filter = track.saved;
        const Box from = track.history.back().box;
        for (int64_t k = 1; k < gap; k++) {
          const float r = float(k) / gap;
          track.filter.predict();
          track.filter.update({from.x1 + r * (d.x1 - from.x1), from.y1 + r * (d.y1 - from.y1), from.x2 + r * (d.x2 - from.x2), from.y2 + r * (d.y2 - from.y2)});
        }
        track.filter.predict();
      }
      track.filter.update(d, 1 + t_.nsa * (1 - track.score));
      track.saved = track.filter;
      track.recovered = track.state == State::lost;
      track.state = State::tracked;
      track.confirmed = true;
      track.lastFrame = frame_;
      track.history.push_back({frame_, d});
      while (track.history.size() > size_t(t_.hist) + 1) track.history.pop_front();
    }
    size_t next = 0;
    std::erase_if(pool, [&](int32_t) { return assignment.rowToColumn[next++] >= 0; });
    next = 0;
    std::erase_if(candidates, [&](int32_t) { return assignment.columnToRow[next++] >= 0; });
  }

  void removeDuplicates(std::vector<char>& gone) const {
    for (size_t i = 0; i < tracks_.size(); i++) {
      if (gone[i] || tracks_[i].state != State::tracked) continue;
      const Box box = tracks_[i].filter.box();
      for (size_t j = 0; j < tracks_.size(); j++) {
        const StandardTrack& other = tracks_[j];
        if (gone[j] || other.state != State::lost) continue;
        if (1 - intersectionOverUnion(box, other.filter.box()) >= t_.dup) continue;
        const int64_t age = tracks_[i].lastFrame - tracks_[i].startFrame, otherAge = other.lastFrame - other.startFrame;
        gone[age > otherAge ? j : i] = 1;
      }
    }
  }

  Tracks seen(const Detections& detections) {
    Tracks tracks;
    std::vector<HiddenTrack> hidden;
    for (StandardTrack& track : tracks_) {
      if (!track.confirmed) continue;
      if (track.state == State::lost) { hidden.push_back({track.id, track.filter.box()}); continue; }
      uint8_t marks = track.announced ? 0 : kTrackNew;
      if (track.recovered) marks |= kTrackRecovered;
      track.announced = true;
      const Box f = track.filter.box(), d = detections.boxes[track.detection];
      const float r = t_.raw;
      tracks.items.push_back({track.id, track.detection, {f.x1 + r * (d.x1 - f.x1), f.y1 + r * (d.y1 - f.y1), f.x2 + r * (d.x2 - f.x2), f.y2 + r * (d.y2 - f.y2)}, track.score, marks});
    }
    marker_.mark(tracks, hidden);
    return tracks;
  }

  const TrackerOptions options_;
  Tuning t_;
  const int64_t buffer_;
  KalmanNoise noise_;
  std::vector<StandardTrack> tracks_;
  int64_t frame_ = 0, lastId_ = 0;
  Marker marker_;
};

}  // namespace

std::unique_ptr<Tracker> makeStandardTracker(const TrackerOptions& options) { return std::make_unique<StandardTracker>(options); }

}  // namespace framepath::track
