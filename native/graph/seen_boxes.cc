#include "graph/seen_boxes.h"

#include "core/results.h"

namespace framepath::graph {

std::vector<SeenBox> boxesOf(const Observation& result) {
  std::vector<SeenBox> boxes;
  if (const auto* detections = result.as<Detections>()) {
    for (size_t i = 0; i < detections->size(); i++) boxes.push_back({detections->boxes[i], 0, static_cast<int32_t>(i)});
  } else if (const auto* tracks = result.as<Tracks>()) {
    for (const Track& track : tracks->items) boxes.push_back({track.box, track.track, track.detection});
  } else if (const auto* people = result.as<People>()) {
    for (const Person& person : people->items) boxes.push_back({person.box, person.track, person.detection});
  }
  return boxes;
}

}  // namespace framepath::graph
