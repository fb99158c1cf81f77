#include "track/gallery.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include "track/assignment.h"
#include "track/doubtful.h"
#include "track/retention.h"

namespace framepath::track {

namespace {

constexpr float kMatchWeight = 0.5f;      // squared qualities before a known identity is given, from at least
constexpr size_t kMatchEmbeddings = 2;    // so many embeddings
constexpr float kNewWeight = 1.2f;        // before a new identity is made
constexpr float kLoyalty = 0.8f;          // the distance to the identity a track has counts this much
constexpr float kMargin = 0.9f;           // an embedding is a stranger's when another identity is nearer by this factor
constexpr float kPoor = 0.2f;             // embeddings of lower quality are ignored
constexpr int32_t kStrangers = 3;         // embeddings in a row that contradict a settled identity,
constexpr int32_t kYoungStrangers = 2;    // or one just made
constexpr int64_t kReshapeRows = 5;       // a jump in shape opens a segment no more often than this
constexpr int64_t kShortGapUs = 200'000;  // a track lost no longer than this, alone, is still the same
constexpr int64_t kForgetUs = 60'000'000;  // a track not seen for so long is over
// Rows of a segment in which it may still be cut: those of a settled one and of any other.
constexpr size_t kSettledRows = 16, kDoubtfulRows = 4096;

class SourceGallery final : public Gallery {
 public:
  SourceGallery(const IdentityOptions& options, std::shared_ptr<SourceRecord> record,
                const std::map<int32_t, EmbeddingSet>& bank, const IdentityLimits& limits,
                std::function<void(const Error&)> lost)
      : mode_(options.mode),
        space_(makeEmbeddingSpace(options)),
        capacity_(std::max(1, options.maxEmbeddingsPerIdentity)),
        record_(std::move(record)),
        limits_(limits),
        retention_(limits, space_),
        lost_(std::move(lost)),
        allocator_(record_->source) {
    for (const auto& [id, embeddings] : bank) record_->identities.emplace(id, embeddings);
  }

  People update(const Tracks& tracks, const Crops& crops, const Embeddings& embeddings, int64_t frameIndex,
                int64_t ptsUs) override {
    std::optional<Error> lost;
    People people;
    {
      std::lock_guard lock(record_->mutex);
      people = updateLocked(tracks, crops, embeddings, ptsUs);
      if (record_->spool && !record_->spool->write(spooled(tracks, frameIndex, ptsUs))) lost = record_->spool->error();
    }
    if (lost && lost_) lost_(*lost);
    return people;
  }

  GalleryCounts counts() const override {
    std::lock_guard lock(record_->mutex);
    return counts_;
  }

 private:
  struct Live {
    uint32_t segment = 0;
    bool begun = false;  // there is a segment
    int32_t id = 0;
    int32_t settledId = 0;  // the last one it was given
    bool proved = false;
    bool overlapping = false;
    bool fresh = false;     // evidence came in this frame
    bool bornHere = false;  // the identity was made from this segment
    int32_t strangers = 0;
    int64_t strangerOrdinal = 0;  // where the first of them appeared
    int64_t seenUs = 0;
    EmbeddingSet evidence{8};  // since the last event
  };

  People updateLocked(const Tracks& tracks, const Crops& crops, const Embeddings& embeddings, int64_t ptsUs) {
    for (const Track& track : tracks.items) open(track, ptsUs);
    dropSharedIds(tracks);
    for (const Track& track : tracks.items) {
      counts_.detections += track.detection >= 0;
      segment(live_.at(track.track)).trail.add({record_->frames, ptsUs, track.box, track.score});
    }
    takeEvidence(tracks, crops, embeddings, ptsUs);
    if (mode_ != ReidMode::off) settle(tracks);

    People people;
    for (const Track& track : tracks.items) {
      const Live& live = live_.at(track.track);
      const bool settled = live.proved && !live.bornHere && live.strangers == 0;
      segment(live).trail.keep(settled ? kSettledRows : kDoubtfulRows);
      people.items.push_back({track.track, live.id, track.box, track.score, track.detection});
      if (live.proved) lastProved_[live.id] = {track.track, record_->frames};
    }
    record_->frames++;
    forgetOld(ptsUs);
    if (waiting_ > limits_.segments || waitingEmbeddings_ > limits_.segmentEmbeddings) settleWaiting();
    retention_.apply(record_->identities, counts_, [&](int32_t id) {
      const auto last = lastProved_.find(id);
      return last == lastProved_.end() ? record_->frames : last->second.ordinal;
    });
    return people;
  }

  static SpooledFrame spooled(const Tracks& tracks, int64_t frameIndex, int64_t ptsUs) {
    SpooledFrame frame{frameIndex, ptsUs, {}};
    for (const auto& [track, detection, box, score, marks] : tracks.items)
      frame.rows.push_back({track, {box.x1, box.y1, box.x2, box.y2, score}});
    return frame;
  }

  Segment& segment(const Live& live) { return record_->segments.at(live.segment); }

  // Nothing of it changes any more; it waits until those around it are settled, too.
  void closeSegment(const Live& live) {
    Segment& old = segment(live);
    old.closed = true;
    old.trail.keep(0);
    if (old.proved) old.embeddings = EmbeddingSet(1);
    waiting_++;
    waitingEmbeddings_ += old.embeddings.size();
  }

  void settleWaiting() {
    settleOldest(*record_, space_);
    waiting_ = waitingEmbeddings_ = 0;
    for (const auto& [number, segment] : record_->segments) {
      waiting_ += segment.closed;
      waitingEmbeddings_ += segment.closed ? segment.embeddings.size() : 0;
    }
  }

  // Tracks that have ended leave only what was written down.
  void forgetOld(int64_t ptsUs) {
    if (ptsUs - sweptUs_ < kForgetUs) return;
    sweptUs_ = ptsUs;
    std::erase_if(live_, [&](const auto& entry) {
      if (ptsUs - entry.second.seenUs <= kForgetUs) return false;
      closeSegment(entry.second);
      return true;
    });
  }

  struct Sighting {
    int64_t track, ordinal;
  };

  Segment& beginSegment(int64_t track, Live& live, uint8_t marks) {
    if (live.begun) closeSegment(live);
    live.begun = true;
    live.segment = record_->nextSegment++;
    live.evidence.clear();
    live.strangers = 0;
    live.bornHere = false;
    Segment& begun = record_->segments.try_emplace(live.segment, record_->source, track, marks, live.id).first->second;
    begun.proved = live.proved;
    return begun;
  }

  // Begins a segment where the track may have become somebody else.
  void open(const Track& track, int64_t ptsUs) {
    const auto [found, added] = live_.try_emplace(track.track);
    Live& live = found->second;
    const bool overlapping = track.marks & kTrackOverlapping, near = overlapping || live.overlapping;
    const bool recovered = (track.marks & kTrackRecovered) && (near || ptsUs - live.seenUs > kShortGapUs);
    const bool reshaped = (track.marks & kTrackReshaped) && !added && segment(live).trail.size() > kReshapeRows;
    const bool event = recovered || reshaped || (track.marks & kTrackSeparated) || (overlapping && !live.overlapping);
    live.overlapping = overlapping;
    live.fresh = false;
    live.seenUs = ptsUs;
    if (!added && !event) return;
    if (mode_ == ReidMode::off) {
      if (added) live.id = allocate();
      live.proved = true;
    } else {
      live.proved = false;
    }
    beginSegment(track.track, live, track.marks);
  }

  // The track has lost its identity to another one; what it proved before stays.
  void dropId(int64_t track, Live& live) {
    live.id = 0;
    if (live.proved) {
      live.proved = false;
      beginSegment(track, live, 0);
    } else {
      segment(live).id = 0;
    }
  }

  // A track found again may find its identity taken: the one that proved it keeps it.
  void dropSharedIds(const Tracks& tracks) {
    std::map<int32_t, int64_t> holders;
    for (const Track& track : tracks.items) {
      Live& live = live_.at(track.track);
      if (live.id == 0) continue;
      const auto [holder, added] = holders.emplace(live.id, track.track);
      if (added) continue;
      Live& other = live_.at(holder->second);
      if (live.proved && !other.proved) {
        dropId(holder->second, other);
        holder->second = track.track;
      } else {
        dropId(track.track, live);
      }
    }
  }

  void takeEvidence(const Tracks& tracks, const Crops& crops, const Embeddings& embeddings, int64_t ptsUs) {
    std::set<int32_t> held;
    for (const Track& track : tracks.items) {
      if (const Live& live = live_.at(track.track); live.proved) held.insert(live.id);
    }
    const size_t count = std::min(crops.items.size(), embeddings.size());
    for (size_t i = 0; i < count; i++) {
      const Crop& crop = crops.items[i];
      const auto found = live_.find(crop.track);
      if (found == live_.end()) continue;
      counts_.extracted++;
      Live& live = found->second;
      BestShot& best = segment(live).best;
      if (best.source < 0 || crop.quality > best.quality) {
        const Trail& trail = segment(live).trail;
        best = {record_->source, crop.track, ptsUs, crop.box, trail.empty() ? 0 : trail.back().score, crop.quality};
      }
      if (crop.quality < kPoor || mode_ == ReidMode::off) continue;
      const auto begin = embeddings.values.begin() + static_cast<std::ptrdiff_t>(i * embeddings.dims);
      Embedding embedding{{begin, begin + embeddings.dims}, crop.quality * crop.quality};
      if (live.proved) {
        refresh(crop.track, live, std::move(embedding), held);
      } else {
        segment(live).embeddings.add(space_, embedding);
        live.evidence.add(space_, std::move(embedding));
        live.fresh = true;
      }
    }
  }

  // An embedding of a settled track: more of the same person, or a sign that it is somebody else by now.
  void refresh(int64_t track, Live& live, Embedding embedding, const std::set<int32_t>& held) {
    EmbeddingSet single(1);
    single.add(space_, embedding);
    if (single.empty()) return;
    EmbeddingSet& known = record_->identities.at(live.id);
    const float own = setDistance(space_, single, known);
    float other = space_.limit / kLoyalty;
    for (const auto& [id, embeddings] : record_->identities) {
      if (!held.contains(id)) other = std::min(other, setDistance(space_, single, embeddings, std::min(other, own)));
    }
    if (other >= kMargin * own) {
      if (own >= space_.limit) return;  // a poor likeness, but nobody else's either
      live.strangers = 0;
      live.evidence.clear();
      known.add(space_, std::move(embedding));
      return;
    }
    if (live.strangers++ == 0) {
      live.evidence.clear();
      live.strangerOrdinal = segment(live).trail.back().ordinal;
    }
    live.evidence.add(space_, std::move(embedding));
    if (live.strangers >= (live.bornHere ? kYoungStrangers : kStrangers)) doubt(track, live);
  }

  // Whose embedding was taken for a stranger's so often is somebody else: since the first of these embeddings, or, when
  // the identity was made from this very segment, it was never anybody.
  void doubt(int64_t track, Live& live) {
    live.proved = false;
    live.fresh = true;
    live.strangers = 0;
    if (live.bornHere && lastProved_[live.id].track == track) {
      record_->identities.erase(live.id);
      live.id = segment(live).id = 0;
      segment(live).proved = false;
      segment(live).embeddings = live.evidence;
      return;
    }
    splitSegment(track, live, live.strangerOrdinal);
  }

  // The rows from this frame on become a segment of their own.
  void splitSegment(int64_t track, Live& live, int64_t ordinal) {
    const EmbeddingSet evidence = live.evidence;
    Trail later = segment(live).trail.cut(ordinal);
    Segment& begun = beginSegment(track, live, 0);
    live.evidence = evidence;
    begun.trail = std::move(later);
    begun.embeddings = evidence;
  }

  // Gives identities to the tracks that have new evidence, all of them at once.
  void settle(const Tracks& tracks) {
    std::vector<int64_t> rows;
    std::set<int32_t> held;
    for (const Track& track : tracks.items) {
      const Live& live = live_.at(track.track);
      if (live.proved) {
        held.insert(live.id);
      } else if (live.fresh && live.evidence.size() >= kMatchEmbeddings && live.evidence.weight() >= kMatchWeight) {
        rows.push_back(track.track);
      }
    }
    if (rows.empty()) return;
    std::vector<int32_t> ids;
    for (const auto& [id, embeddings] : record_->identities) {
      if (!held.contains(id) && !embeddings.empty()) ids.push_back(id);
    }
    std::sort(ids.begin(), ids.end());
    const float limit = limitFor(space_, record_->identities.size());
    CostMatrix costs(static_cast<int32_t>(rows.size()), static_cast<int32_t>(ids.size()),
                     std::numeric_limits<float>::max());
    for (int32_t i = 0; i < costs.rows(); i++) {
      const Live& live = live_.at(rows[i]);
      const Trail& trail = segment(live).trail;
      const int64_t middle = trail.ordinalOf(trail.size() / 2);
      for (int32_t j = 0; j < costs.columns(); j++) {
        if (elsewhere(ids[j], rows[i], middle)) continue;
        const float loyalty = live.id == ids[j] ? kLoyalty : 1;
        costs.at(i, j) = loyalty * setDistance(space_, live.evidence, record_->identities.at(ids[j]), limit / loyalty);
      }
    }
    const Assignment assignment = assign(costs, limit);
    for (int32_t i = 0; i < costs.rows(); i++) {
      Live& live = live_.at(rows[i]);
      const int32_t j = assignment.rowToColumn[i];
      if (j >= 0) {
        give(rows[i], live, ids[j], tracks);
      } else if (live.evidence.weight() >= kNewWeight) {
        give(rows[i], live, allocate(), tracks);
        live.bornHere = true;
      }
    }
  }

  // Another track proved to be this identity during most of a segment, whose middle row has this ordinal.
  bool elsewhere(int32_t id, int64_t track, int64_t middle) const {
    const auto last = lastProved_.find(id);
    return last != lastProved_.end() && last->second.track != track && last->second.ordinal >= middle;
  }

  void give(int64_t track, Live& live, int32_t id, const Tracks& tracks) {
    for (const Track& item : tracks.items) {
      Live& other = live_.at(item.track);
      if (&other != &live && other.id == id) dropId(item.track, other);
    }
    if (const auto last = lastProved_.find(id); last != lastProved_.end() && last->second.track != track) {
      if (segment(live).trail.firstOrdinal() <= last->second.ordinal)
        splitSegment(track, live, last->second.ordinal + 1);
    }
    counts_.changed += live.settledId != 0 && live.settledId != id;
    live.id = live.settledId = id;
    live.proved = true;
    live.strangers = 0;
    segment(live).id = id;
    segment(live).proved = true;
    segment(live).embeddings.clear();  // a settled segment has its identity's
    EmbeddingSet& known = record_->identities.try_emplace(id, capacity_).first->second;
    known.setCapacity(space_, capacity_);  // it may have been thinned
    for (const Embedding& embedding : live.evidence.embeddings()) known.add(space_, embedding);
    live.evidence.clear();
  }

  int32_t allocate() {
    int32_t id = allocator_.next();
    while (record_->identities.contains(id)) id = allocator_.next();
    retention_.born(id);
    if (mode_ == ReidMode::off) record_->identities.try_emplace(id, capacity_);
    return id;
  }

  const ReidMode mode_;
  const EmbeddingSpace space_;
  const int32_t capacity_;
  const std::shared_ptr<SourceRecord> record_;
  const IdentityLimits limits_;
  Retention retention_;
  const std::function<void(const Error&)> lost_;
  IdAllocator allocator_;
  std::unordered_map<int64_t, Live> live_;
  std::unordered_map<int32_t, Sighting> lastProved_;
  GalleryCounts counts_;
  size_t waiting_ = 0, waitingEmbeddings_ = 0;  // closed segments not settled yet, and their embeddings
  int64_t sweptUs_ = 0;
};

}  // namespace

std::unique_ptr<Gallery> makeGallery(const IdentityOptions& options, std::shared_ptr<SourceRecord> record,
                                     const std::map<int32_t, EmbeddingSet>& bank, const IdentityLimits& limits,
                                     std::function<void(const Error&)> lost) {
  return std::make_unique<SourceGallery>(options, std::move(record), bank, limits, std::move(lost));
}

}  // namespace framepath::track
