// Persons that are taken for one, while relinking.
#pragma once
#include <cstdint>
#include <vector>

#include "track/record.h"

namespace framepath::track {

// From the first to the last frame of a segment, in one source.
struct Interval {
  int32_t source;
  int64_t first, last;  // ordinals
  int64_t startUs, endUs;
};

struct Cluster {
  explicit Cluster(Person&& person);

  int32_t onlineId = 0;  // the smallest of its online ids
  std::vector<int32_t> onlineIds;
  std::vector<Person> persons;
  std::vector<Interval> intervals;  // by source and frame, none overlapping another
  EmbeddingSet embeddings{48};
  int64_t rows = 0;
  bool alive = true;

  void addIntervals(const Person& person);
  // Takes over what `other` is; its embeddings too.
  void join(Cluster& other, const EmbeddingSpace& space);
};

// Both were seen in one source at a time.
bool coexist(const Cluster& a, const Cluster& b);

// Groups of sources that show the same scene.
class Scenes {
 public:
  explicit Scenes(const std::vector<std::vector<int32_t>>& groups) : groups_(groups) {}
  // Both were seen at one time, in two sources that are not declared to show the same scene.
  bool apart(const Cluster& a, const Cluster& b) const;

 private:
  bool same(int32_t a, int32_t b) const;
  const std::vector<std::vector<int32_t>>& groups_;
};

}  // namespace framepath::track
