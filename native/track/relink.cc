#include "track/relink.h"

#include <algorithm>
#include <limits>

#include "track/doubtful.h"
#include "track/gallery.h"

namespace framepath::track {

namespace {

constexpr float kApartFactor = 0.85f;  // stricter limit for seeming to be in two undeclared places at once

struct Stretch {
  int32_t source;
  int64_t firstFrame, lastFrame;
  int64_t startUs, endUs;
};

// What is taken for one person so far.
struct Cluster {
  int32_t onlineId = 0;          // the smallest of its online ids
  std::vector<int32_t> onlineIds;
  std::vector<size_t> pieces;
  std::vector<Stretch> stretches;  // sorted by source and frame
  PrintSet prints{48};
  int64_t rows = 0;
  bool alive = true;
};

bool before(const Stretch& a, const Stretch& b) {
  return a.source != b.source ? a.source < b.source : a.firstFrame < b.firstFrame;
}

bool coexist(const Cluster& a, const Cluster& b) {
  size_t i = 0, j = 0;
  while (i < a.stretches.size() && j < b.stretches.size()) {
    const Stretch &x = a.stretches[i], &y = b.stretches[j];
    if (x.source == y.source && x.firstFrame <= y.lastFrame && y.firstFrame <= x.lastFrame) return true;
    if (x.source != y.source ? x.source < y.source : x.lastFrame < y.lastFrame) i++;
    else j++;
  }
  return false;
}

class Scenes {
 public:
  explicit Scenes(const std::vector<std::vector<int32_t>>& groups) : groups_(groups) {}
  bool same(int32_t a, int32_t b) const {
    return std::any_of(groups_.begin(), groups_.end(), [&](const std::vector<int32_t>& group) {
      return std::find(group.begin(), group.end(), a) != group.end() && std::find(group.begin(), group.end(), b) != group.end();
    });
  }
  // Seen at one time in two sources that are not declared to show the same scene.
  bool apart(const Cluster& a, const Cluster& b) const {
    for (const Stretch& x : a.stretches) {
      for (const Stretch& y : b.stretches) {
        if (x.source != y.source && x.startUs <= y.endUs && y.startUs <= x.endUs && !same(x.source, y.source)) return true;
      }
    }
    return false;
  }

 private:
  const std::vector<std::vector<int32_t>>& groups_;
};

class Relinker {
 public:
  Relinker(const std::vector<std::shared_ptr<SourceRecord>>& records, const IdentityOptions& identity, const RelinkOptions& options)
      : records_(records), space_(makePrintSpace(identity)), options_(options), scenes_(options.sameScene) {}

  Relinked link() {
    for (const auto& record : records_) gather(*record);
    for (Cluster& cluster : clusters_) std::sort(cluster.stretches.begin(), cluster.stretches.end(), before);
    merge();
    return number();
  }

 private:
  void gather(const SourceRecord& record) {
    std::lock_guard lock(record.mutex);
    for (const Claim& claim : claimSegments(record, space_)) {
      const Segment& segment = record.segments[claim.segment];
      if (claim.begin == claim.end) continue;
      Cluster& cluster = clusterOf(record, claim, segment);
      cluster.pieces.push_back(result_.pieces.size());
      result_.pieces.push_back({record.source, claim.segment, claim.begin, claim.end, 0});
      const TrackRow &first = segment.rows[claim.begin], &last = segment.rows[claim.end - 1];
      cluster.stretches.push_back({record.source, first.frameIndex, last.frameIndex, first.ptsUs, last.ptsUs});
      cluster.rows += static_cast<int64_t>(claim.end - claim.begin);
    }
  }

  Cluster& clusterOf(const SourceRecord& record, const Claim& claim, const Segment& segment) {
    if (claim.id) {
      const auto [found, added] = byOnlineId_.emplace(claim.id, clusters_.size());
      if (!added) return clusters_[found->second];
      clusters_.emplace_back();
      clusters_.back().onlineId = claim.id;
      clusters_.back().onlineIds.push_back(claim.id);
      if (const auto known = record.identities.find(claim.id); known != record.identities.end()) {
        for (const Print& print : known->second.prints()) clusters_.back().prints.add(space_, print);
      }
      return clusters_.back();
    }
    // Nobody known: the doubtful segments of a track stay together.
    const auto [found, added] = byTrack_.emplace(std::pair(record.source, segment.track), clusters_.size());
    if (added) clusters_.emplace_back();
    Cluster& cluster = clusters_[found->second];
    for (const Print& print : segment.prints.prints()) cluster.prints.add(space_, print);
    return cluster;
  }

  float linkDistance(const Cluster& a, const Cluster& b, float limit) const {
    if (a.prints.empty() || b.prints.empty()) return std::numeric_limits<float>::infinity();
    const float distance = setDistance(space_, a.prints, b.prints, limit);
    if (distance >= limit || coexist(a, b)) return std::numeric_limits<float>::infinity();
    if (distance >= kApartFactor * limit && scenes_.apart(a, b)) return std::numeric_limits<float>::infinity();
    return distance;
  }

  // Joins the nearest two until none are near enough. Each cluster remembers its nearest later one.
  void merge() {
    const size_t count = clusters_.size();
    const float limit = limitFor(space_, count);
    const float none = std::numeric_limits<float>::infinity();
    std::vector<float> nearest(count, none);
    std::vector<size_t> partner(count, 0);
    const auto search = [&](size_t i) {
      nearest[i] = none;
      for (size_t j = i + 1; j < count; j++) {
        if (!clusters_[j].alive) continue;
        const float distance = linkDistance(clusters_[i], clusters_[j], limit);
        if (distance < nearest[i]) nearest[i] = distance, partner[i] = j;
      }
    };
    for (size_t i = 0; i < count; i++) search(i);
    while (true) {
      const size_t a = static_cast<size_t>(std::min_element(nearest.begin(), nearest.end()) - nearest.begin());
      if (count == 0 || nearest[a] == none) return;
      const size_t b = partner[a];
      join(clusters_[a], clusters_[b]);
      nearest[b] = none;
      for (size_t i = 0; i < count; i++) {
        if (!clusters_[i].alive) continue;
        if (i == a || (nearest[i] < none && (partner[i] == a || partner[i] == b))) {
          search(i);
        } else if (i < a) {
          const float distance = linkDistance(clusters_[i], clusters_[a], limit);
          if (distance < nearest[i]) nearest[i] = distance, partner[i] = a;
        }
      }
    }
  }

  void join(Cluster& a, Cluster& b) {
    if (b.onlineId && (!a.onlineId || b.onlineId < a.onlineId)) a.onlineId = b.onlineId;
    a.onlineIds.insert(a.onlineIds.end(), b.onlineIds.begin(), b.onlineIds.end());
    a.pieces.insert(a.pieces.end(), b.pieces.begin(), b.pieces.end());
    a.stretches.insert(a.stretches.end(), b.stretches.begin(), b.stretches.end());
    std::sort(a.stretches.begin(), a.stretches.end(), before);
    a.rows += b.rows;
    for (const Print& print : b.prints.prints()) a.prints.add(space_, print);
    b.alive = false;
  }

  // A cluster keeps its smallest online id; those without one get the ids after the largest.
  Relinked number() {
    int32_t largest = 0;
    for (const auto& record : records_) {
      std::lock_guard lock(record->mutex);
      for (const auto& [id, prints] : record->identities) largest = std::max(largest, id);
    }
    for (Cluster& cluster : clusters_) {
      if (!cluster.alive || (cluster.prints.empty() && cluster.rows < options_.minFrames)) continue;
      const int32_t id = cluster.onlineId ? cluster.onlineId : ++largest;
      for (const size_t piece : cluster.pieces) result_.pieces[piece].id = id;
      for (const int32_t onlineId : cluster.onlineIds) {
        if (onlineId != id) result_.merged.emplace_back(onlineId, id);
      }
      if (!cluster.prints.empty()) result_.prints.emplace(id, std::move(cluster.prints));
    }
    std::sort(result_.merged.begin(), result_.merged.end());
    return std::move(result_);
  }

  const std::vector<std::shared_ptr<SourceRecord>>& records_;
  const PrintSpace space_;
  const RelinkOptions& options_;
  const Scenes scenes_;
  std::vector<Cluster> clusters_;
  std::map<int32_t, size_t> byOnlineId_;
  std::map<std::pair<int32_t, int64_t>, size_t> byTrack_;
  Relinked result_;
};

}  // namespace

Relinked relinkRecords(const std::vector<std::shared_ptr<SourceRecord>>& records, const IdentityOptions& identity,
                       const RelinkOptions& options) {
  return Relinker(records, identity, options).link();
}

}  // namespace framepath::track
