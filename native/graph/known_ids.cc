#include "graph/known_ids.h"

namespace framepath::graph {

void KnownIds::saw(const People& people) {
  for (const Person& person : people.items) {
    if (person.id > 0)
      ids_[person.track] = person.id;
    else
      ids_.erase(person.track);  // what was known proved wrong
  }
  while (ids_.size() > kTracks) ids_.erase(ids_.begin());
}

void KnownIds::fill(compose::TileBoxes& boxes) const {
  for (size_t i = 0; i < boxes.ids.size() && i < boxes.tracks.size(); i++) {
    if (boxes.ids[i] != 0) continue;
    if (const auto known = ids_.find(boxes.tracks[i]); known != ids_.end()) boxes.ids[i] = known->second;
  }
}

}  // namespace framepath::graph
