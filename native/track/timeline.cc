#include "track/timeline.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace framepath::track {

Identity finalIdentity(int32_t id, const std::vector<Person>& persons) {
  Identity identity;
  identity.id = id;
  std::vector<const Stretch*> ordered;
  std::set<std::pair<int32_t, int64_t>> tracks;
  BestShot best;
  for (const Person& person : persons) {
    for (const Stretch& stretch : person.stretches) {
      ordered.push_back(&stretch);
      tracks.insert({stretch.source, stretch.track});
    }
    keepBetter(identity.best, person.standIn);
    keepBetter(best, person.best);
  }
  if (best.source >= 0 && best.quality > identity.best.quality) identity.best = best;
  for (const auto& [source, track] : tracks) identity.subIds.push_back({source, track});
  std::sort(ordered.begin(), ordered.end(), [](const Stretch* a, const Stretch* b) {
    return std::tie(a->source, a->first.ordinal) < std::tie(b->source, b->first.ordinal);
  });
  const SeenRow* last = nullptr;  // of the span
  for (const Stretch* stretch : ordered) {
    const bool sameSource = last && identity.spans.back().source == stretch->source;
    if (sameSource && stretch->first.ordinal <= last->ordinal) {  // in a hole of the one before
      identity.frames += std::max<int64_t>(0, stretch->last.ordinal - last->ordinal);
      if (stretch->last.ordinal <= last->ordinal) continue;
    } else {
      identity.frames += stretch->frames();
      if (sameSource && fillable(*last, stretch->first)) identity.frames += stretch->first.ordinal - last->ordinal - 1;
    }
    if (!sameSource || stretch->first.ptsUs - last->ptsUs > kFillUs)
      identity.spans.push_back({stretch->source, stretch->first.ptsUs, stretch->last.ptsUs});
    else
      identity.spans.back().endUs = stretch->last.ptsUs;
    last = &stretch->last;
  }
  return identity;
}

}  // namespace framepath::track
