#include "graph/canvas_source.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "compose/look_ahead.h"

namespace framepath::graph {

compose::TileBoxes tileBoxes(const std::string& module, const Observation& result) {
  compose::TileBoxes boxes;
  boxes.module = module;
  const auto add = [&](const Box& box, int64_t track, int32_t id, float score) {
    boxes.boxes.push_back(box);
    boxes.tracks.push_back(track);
    boxes.ids.push_back(id);
    boxes.scores.push_back(score);
  };
  if (const auto* people = result.as<People>())
    for (const Person& p : people->items) add(p.box, p.track, p.id, p.score);
  if (const auto* tracks = result.as<Tracks>())
    for (const Track& t : tracks->items) add(t.box, t.track, 0, t.score);
  if (const auto* detections = result.as<Detections>())
    for (size_t i = 0; i < detections->size(); i++) add(detections->boxes[i], 0, 0, detections->scores[i]);
  return boxes;
}

void CanvasSource::push(CanvasFrame frame, int64_t durationUs) {
  newestUs = frame.ptsUs;
  endUs = frame.ptsUs + std::max<int64_t>(durationUs, 1);
  seen = true;
  waiting.push_back(std::move(frame));
}

void CanvasSource::placeLive(CanvasFrame& frame, compose::LiveClock& clock, int64_t wallNs,
                             std::vector<CanvasFrame>& past) {
  arrivedUs = clock.timeUs(wallNs);
  const compose::LiveTimes::Placed placed = times.place(clock, frame.ptsUs, arrivedUs);
  for (CanvasFrame& other : waiting) other.ptsUs += placed.movedUs;
  frame.ptsUs = placed.ptsUs;
  // At most one frame a tick waits.
  while (!waiting.empty() && clock.tickUsFrom(waiting.back().ptsUs) >= clock.tickUsFrom(frame.ptsUs)) {
    past.push_back(std::move(waiting.back()));
    waiting.pop_back();
    counts.skipped++;
  }
}

// How far frames may be shown at a tick.
int64_t CanvasSource::knownUs(int64_t tickUs) const {
  return state >= CanvasState::ended ? tickUs : std::min(tickUs, newestUs - lookAheadUs);
}

void CanvasSource::advance(int64_t tickUs, std::vector<CanvasFrame>& past) {
  tickUs = knownUs(tickUs);
  while (!waiting.empty() && waiting.front().ptsUs <= tickUs) {
    if (current && current->fresh) counts.skipped++;
    if (current) past.push_back(std::move(*current));
    current = std::move(waiting.front());
    waiting.pop_front();
  }
}

void CanvasSource::drawn(int64_t tickUs, std::vector<CanvasFrame>& past) {
  if (!note.empty()) counts.cards++;
  if (!current) return;
  if (note.empty()) (current->fresh ? counts.shown : counts.repeated)++;
  current->fresh = false;
  if (!over(tickUs)) return;
  past.push_back(std::move(*current));  // the composer keeps its own copy
  current.reset();
}

void CanvasSource::skip(int64_t tickUs, std::vector<CanvasFrame>& past) {
  tickUs = knownUs(tickUs);
  while (waiting.size() > 1 && waiting[1].ptsUs <= tickUs) {
    counts.skipped++;
    past.push_back(std::move(waiting.front()));
    waiting.pop_front();
  }
}

void CanvasSource::releaseLeases(int64_t tickUs, std::vector<CanvasFrame>& past) {
  if (lookAheadUs == 0) return;
  for (CanvasFrame& frame : waiting)
    if (frame.lease && frame.ptsUs <= tickUs + lookAheadUs) past.emplace_back().lease = std::move(frame.lease);
}

void CanvasSource::dropAll(std::vector<CanvasFrame>& past) {
  std::move(waiting.begin(), waiting.end(), std::back_inserter(past));
  waiting.clear();
  if (current) past.push_back(std::move(*current));
  current.reset();
}

std::string CanvasSource::card(int64_t tickUs, int64_t staleUs) const {
  if (!live) return "";
  const bool stale = tickUs - arrivedUs > staleUs;
  if (state >= CanvasState::ended) {
    if (!over(tickUs) || (seen && !stale)) return "";
    return state == CanvasState::failed ? "failed" : "ended";
  }
  if (seen && !stale) return "";
  const int32_t attempts = link ? link->attempts() : 0;
  if (attempts > 0) return "reconnecting, attempt " + std::to_string(attempts);
  return seen || stale ? "no signal" : "starting";
}

std::vector<Box> CanvasSource::coming(const std::string& module) const {
  if (lookAheadUs == 0 || !current) return {};
  const auto foundIn = [&](const CanvasFrame& frame) {
    compose::FoundBoxes found{frame.ptsUs, nullptr};
    for (const compose::TileBoxes& boxes : frame.boxes)
      if (boxes.module == module) found.boxes = &boxes.boxes;
    return found;
  };
  std::vector<compose::FoundBoxes> later;
  for (const CanvasFrame& frame : waiting) later.push_back(foundIn(frame));
  return compose::comingBoxes(wholeFrame(*current->frame), foundIn(*current), later, lookAheadUs);
}

}  // namespace framepath::graph
