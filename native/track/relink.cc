#include "track/relink.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

#include "track/cluster.h"
#include "track/doubtful.h"
#include "track/gallery.h"
#include "track/nearness.h"
#include "track/timeline.h"

namespace framepath::track {

namespace {

constexpr float kApartFactor = 0.85f;  // stricter limit for seeming to be in two undeclared places at once
constexpr float kNone = std::numeric_limits<float>::infinity();

class Relinker {
 public:
  Relinker(const std::vector<std::shared_ptr<SourceRecord>>& records, const IdentityOptions& identity,
           const RelinkOptions& options)
      : records_(records), space_(makeEmbeddingSpace(identity)), options_(options), scenes_(options.sameScene) {}

  RelinkResult link() {
    for (const auto& record : records_) gather(*record);
    merge();
    return number();
  }

 private:
  void gather(const SourceRecord& record) {
    Persons persons;
    std::map<int32_t, EmbeddingSet> known;
    {
      std::lock_guard lock(record.mutex);
      persons = allPersons(record, space_);
      for (const auto& [key, person] : persons) {
        const auto found = record.identities.find(person.id);
        if (found != record.identities.end() && !found->second.empty()) known.emplace(person.id, found->second);
      }
      for (const auto& [id, embeddings] : record.identities) largest_ = std::max(largest_, id);
    }
    std::vector<Person*> ordered;
    for (auto& [key, person] : persons) ordered.push_back(&person);
    std::sort(ordered.begin(), ordered.end(), [](const Person* a, const Person* b) { return a->first < b->first; });
    for (Person* person : ordered) {
      const int32_t id = person->id;
      if (const auto found = byOnlineId_.find(id); id && found != byOnlineId_.end()) {  // of the bank, seen elsewhere
        Cluster& cluster = clusters_[found->second];
        cluster.addIntervals(*person);
        cluster.rows += person->rows;
        cluster.persons.push_back(std::move(*person));
        continue;
      }
      EmbeddingSet embeddings = std::move(person->embeddings);
      clusters_.emplace_back(std::move(*person));
      if (!id) {
        clusters_.back().embeddings = std::move(embeddings);
        continue;
      }
      byOnlineId_.emplace(id, clusters_.size() - 1);
      if (const auto found = known.find(id); found != known.end())
        for (const Embedding& embedding : found->second.embeddings())
          clusters_.back().embeddings.add(space_, embedding);
    }
  }

  float linkDistance(size_t i, size_t j) const {
    if (means_.beyond(i, j)) return kNone;
    const Cluster &a = clusters_[i], &b = clusters_[j];
    if (a.embeddings.empty() || b.embeddings.empty()) return kNone;
    const float distance = setDistance(space_, a.embeddings, b.embeddings, limit_);
    if (distance >= limit_ || coexist(a, b)) return kNone;
    if (distance >= kApartFactor * limit_ && scenes_.apart(a, b)) return kNone;
    return distance;
  }

  bool stopped() {
    if (options_.stop && options_.stop->passed()) result_.complete = false;
    return !result_.complete;
  }

  // Joins the nearest two until none are near enough. Each cluster remembers its nearest later one.
  void merge() {
    const size_t count = clusters_.size();
    limit_ = limitFor(space_, count);
    means_ = Means(space_, limit_, count);
    for (size_t i = 0; i < count; i++) means_.set(i, clusters_[i].embeddings.mean());
    std::vector<float> nearest(count, kNone);
    std::vector<size_t> partner(count, 0);
    const auto search = [&](size_t i) {
      nearest[i] = kNone;
      for (size_t j = i + 1; j < count; j++) {
        if (!clusters_[j].alive) continue;
        const float distance = linkDistance(i, j);
        if (distance < nearest[i]) nearest[i] = distance, partner[i] = j;
      }
    };
    for (size_t i = 0; i < count && !stopped(); i++) search(i);
    while (count > 0 && !stopped()) {
      const size_t a = static_cast<size_t>(std::min_element(nearest.begin(), nearest.end()) - nearest.begin());
      if (nearest[a] == kNone) return;
      const size_t b = partner[a];
      clusters_[a].join(clusters_[b], space_);
      means_.set(a, clusters_[a].embeddings.mean());
      nearest[b] = kNone;
      for (size_t i = 0; i < count; i++) {
        if (!clusters_[i].alive) continue;
        if (i == a || (nearest[i] < kNone && (partner[i] == a || partner[i] == b))) {
          search(i);
        } else if (i < a) {
          const float distance = linkDistance(i, a);
          if (distance < nearest[i]) nearest[i] = distance, partner[i] = a;
        }
      }
    }
  }

  // A cluster keeps its smallest online id; those without one get the ids after the largest.
  RelinkResult number() {
    for (Cluster& cluster : clusters_) {
      if (!cluster.alive || (cluster.embeddings.empty() && cluster.rows < options_.minFrames)) continue;
      const int32_t id = cluster.onlineId ? cluster.onlineId : ++largest_;
      for (const int32_t onlineId : cluster.onlineIds)
        if (onlineId != id) result_.merged.emplace_back(onlineId, id);
      if (!cluster.embeddings.empty()) result_.embeddings.emplace(id, std::move(cluster.embeddings));
      for (const Person& person : cluster.persons)
        for (const Stretch& stretch : person.stretches)
          result_.stretches.push_back({stretch.source, id, stretch.track, stretch.first.ordinal, stretch.last.ordinal});
      result_.identities.push_back(finalIdentity(id, cluster.persons));
    }
    std::sort(result_.merged.begin(), result_.merged.end());
    std::sort(result_.identities.begin(), result_.identities.end(),
              [](const Identity& a, const Identity& b) { return a.id < b.id; });
    std::sort(result_.stretches.begin(), result_.stretches.end(), [](const FinalStretch& a, const FinalStretch& b) {
      return std::tie(a.source, a.first, a.track) < std::tie(b.source, b.first, b.track);
    });
    return std::move(result_);
  }

  const std::vector<std::shared_ptr<SourceRecord>>& records_;
  const EmbeddingSpace space_;
  const RelinkOptions& options_;
  const Scenes scenes_;
  std::vector<Cluster> clusters_;
  std::map<int32_t, size_t> byOnlineId_;
  Means means_;
  float limit_ = 0;
  int32_t largest_ = 0;
  RelinkResult result_;
};

}  // namespace

RelinkResult relinkRecords(const std::vector<std::shared_ptr<SourceRecord>>& records, const IdentityOptions& identity,
                           const RelinkOptions& options) {
  return Relinker(records, identity, options).link();
}

}  // namespace framepath::track
