#include "track/cluster.h"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace framepath::track {

namespace {

bool before(const Interval& a, const Interval& b) {
  return std::tie(a.source, a.first) < std::tie(b.source, b.first);
}

// Sorted intervals, those that overlap made one.
void unite(std::vector<Interval>& intervals) {
  size_t kept = 0;
  for (size_t i = 1; i < intervals.size(); i++) {
    Interval &last = intervals[kept], &next = intervals[i];
    if (next.source == last.source && next.first <= last.last) {
      last.endUs = next.last > last.last ? next.endUs : last.endUs;
      last.last = std::max(last.last, next.last);
    } else {
      intervals[++kept] = next;
    }
  }
  if (!intervals.empty()) intervals.resize(kept + 1);
}

using At = std::vector<Interval>::const_iterator;

// The intervals of the source that `at` is in.
At endOfSource(At at, At end) {
  return std::find_if(at, end, [source = at->source](const Interval& item) { return item.source != source; });
}

bool timesOverlap(At x, At xEnd, At y, At yEnd) {
  while (x != xEnd && y != yEnd) {
    if (x->startUs <= y->endUs && y->startUs <= x->endUs) return true;
    if (x->endUs < y->endUs)
      ++x;
    else
      ++y;
  }
  return false;
}

}  // namespace

Cluster::Cluster(Person&& person) : onlineId(person.id), rows(person.rows) {
  if (person.id) onlineIds.push_back(person.id);
  addIntervals(person);
  persons.push_back(std::move(person));
}

void Cluster::addIntervals(const Person& person) {
  std::vector<const Stretch*> ordered;
  for (const Stretch& stretch : person.stretches) ordered.push_back(&stretch);
  std::sort(ordered.begin(), ordered.end(), [](const Stretch* a, const Stretch* b) {
    return std::tie(a->source, a->track, a->first.ordinal) < std::tie(b->source, b->track, b->first.ordinal);
  });
  for (size_t i = 0; i < ordered.size(); i++) {
    const Stretch& stretch = *ordered[i];
    if (stretch.joined && i > 0 && ordered[i - 1]->source == stretch.source && ordered[i - 1]->track == stretch.track) {
      intervals.back().last = stretch.last.ordinal;
      intervals.back().endUs = stretch.last.ptsUs;
    } else {
      intervals.push_back(
          {stretch.source, stretch.first.ordinal, stretch.last.ordinal, stretch.first.ptsUs, stretch.last.ptsUs});
    }
  }
  std::sort(intervals.begin(), intervals.end(), before);
  unite(intervals);
}

void Cluster::join(Cluster& other, const EmbeddingSpace& space) {
  if (other.onlineId && (!onlineId || other.onlineId < onlineId)) onlineId = other.onlineId;
  onlineIds.insert(onlineIds.end(), other.onlineIds.begin(), other.onlineIds.end());
  std::move(other.persons.begin(), other.persons.end(), std::back_inserter(persons));
  const auto middle = static_cast<std::ptrdiff_t>(intervals.size());
  intervals.insert(intervals.end(), other.intervals.begin(), other.intervals.end());
  std::inplace_merge(intervals.begin(), intervals.begin() + middle, intervals.end(), before);
  unite(intervals);
  rows += other.rows;
  for (const Embedding& embedding : other.embeddings.embeddings()) embeddings.add(space, embedding);
  other.alive = false;
  other.persons.clear();
  other.intervals = {};
}

bool coexist(const Cluster& a, const Cluster& b) {
  size_t i = 0, j = 0;
  while (i < a.intervals.size() && j < b.intervals.size()) {
    const Interval &x = a.intervals[i], &y = b.intervals[j];
    if (x.source == y.source && x.first <= y.last && y.first <= x.last) return true;
    if (x.source != y.source ? x.source < y.source : x.last < y.last)
      i++;
    else
      j++;
  }
  return false;
}

bool Scenes::same(int32_t a, int32_t b) const {
  return std::any_of(groups_.begin(), groups_.end(), [&](const std::vector<int32_t>& group) {
    return std::find(group.begin(), group.end(), a) != group.end() &&
           std::find(group.begin(), group.end(), b) != group.end();
  });
}

bool Scenes::apart(const Cluster& a, const Cluster& b) const {
  for (At x = a.intervals.begin(); x != a.intervals.end();) {
    const At xEnd = endOfSource(x, a.intervals.end());
    for (At y = b.intervals.begin(); y != b.intervals.end();) {
      const At yEnd = endOfSource(y, b.intervals.end());
      if (x->source != y->source && !same(x->source, y->source) && timesOverlap(x, xEnd, y, yEnd)) return true;
      y = yEnd;
    }
    x = xEnd;
  }
  return false;
}

}  // namespace framepath::track
