#include "track/gallery.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "track/assignment.h"

namespace framepath::track {

namespace {

constexpr float kMatchWeight = 0.8f;    // quality sum before a known identity is given
constexpr float kNewWeight = 1.5f;      // before a new identity is made
constexpr float kMargin = 0.1f;         // of the limit: another identity must be nearer by this much
constexpr float kPoor = 0.2f;           // prints of lower quality say nothing
constexpr int32_t kStrangers = 3;       // prints in a row that contradict a settled identity
constexpr int64_t kReshapeRows = 5;     // a jump in shape opens a segment no more often than this

class SourceGallery final : public Gallery {
 public:
  SourceGallery(const IdentityOptions& options, std::shared_ptr<SourceRecord> record, const std::map<int32_t, PrintSet>& bank)
      : mode_(options.mode), space_(makePrintSpace(options)), capacity_(std::max(1, options.maxPrintsPerIdentity)),
        record_(std::move(record)), allocator_(record_->source) {
    for (const auto& [id, prints] : bank) record_->identities.emplace(id, prints);
  }

  People update(const Tracks& tracks, const Crops& crops, const Prints& prints, int64_t frameIndex, int64_t ptsUs) override {
    std::lock_guard lock(record_->mutex);
    record_->frames.push_back({frameIndex, ptsUs});
    for (const Track& track : tracks.items) open(track);
    dropSharedIds(tracks);
    for (const Track& track : tracks.items) {
      counts_.detections += track.detection >= 0;
      Live& live = live_.at(track.track);
      segment(live).rows.push_back({frameIndex, ptsUs, track.box, track.score, live.id, false});
    }
    takeEvidence(crops, prints, ptsUs);
    if (mode_ != ReidMode::off) settle(tracks);

    People people;
    for (const Track& track : tracks.items) {
      const Live& live = live_.at(track.track);
      record_->segments[live.segment].rows.back().onlineId = live.id;
      people.items.push_back({track.track, live.id, track.box, track.score, track.detection});
    }
    return people;
  }

  GalleryCounts counts() const override {
    std::lock_guard lock(record_->mutex);
    return counts_;
  }

 private:
  struct Live {
    size_t segment = 0;
    int32_t id = 0;
    bool proved = false;
    bool overlapping = false;
    bool fresh = false;       // evidence came in this frame
    int32_t strangers = 0;
    PrintSet evidence{8};     // since the last event
  };

  Segment& segment(const Live& live) { return record_->segments[live.segment]; }

  // Begins a segment where the track may have become somebody else.
  void open(const Track& track) {
    const auto [found, added] = live_.try_emplace(track.track);
    Live& live = found->second;
    const bool overlapping = track.marks & kTrackOverlapping;
    const bool reshaped = (track.marks & kTrackReshaped) && !added && static_cast<int64_t>(segment(live).rows.size()) > kReshapeRows;
    const bool event = (track.marks & (kTrackRecovered | kTrackSeparated)) || reshaped || (overlapping && !live.overlapping);
    live.overlapping = overlapping;
    live.fresh = false;
    if (!added && !event) return;
    if (added && mode_ == ReidMode::off) live.id = allocate(), live.proved = true;
    if (!added && mode_ != ReidMode::off) live.proved = false;
    live.segment = record_->segments.size();
    live.evidence.clear();
    live.strangers = 0;
    record_->segments.emplace_back(track.track, track.marks, live.id);
    record_->segments.back().proved = live.proved;
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
      Live& loser = live.proved && !other.proved ? other : live;
      if (&loser == &other) holder->second = track.track;
      loser.id = 0;
      loser.proved = false;
      segment(loser).id = 0;
    }
  }

  void takeEvidence(const Crops& crops, const Prints& prints, int64_t ptsUs) {
    const size_t count = std::min(crops.items.size(), prints.size());
    for (size_t i = 0; i < count; i++) {
      const Crop& crop = crops.items[i];
      const auto found = live_.find(crop.track);
      if (found == live_.end()) continue;
      counts_.extracted++;
      Live& live = found->second;
      BestShot& best = segment(live).best;
      if (best.source < 0 || crop.quality > best.quality) {
        const std::vector<TrackRow>& rows = segment(live).rows;
        best = {record_->source, crop.track, ptsUs, crop.box, rows.empty() ? 0 : rows.back().score, crop.quality};
      }
      if (crop.quality < kPoor) continue;
      const auto begin = prints.values.begin() + static_cast<std::ptrdiff_t>(i * prints.dims);
      Print print{{begin, begin + prints.dims}, crop.quality};
      segment(live).prints.add(space_, print);
      if (live.proved) {
        refresh(live, std::move(print));
      } else {
        live.evidence.add(space_, std::move(print));
        live.fresh = true;
      }
    }
  }

  // A print of a settled track: more of the same person, or a sign that it is somebody else by now.
  void refresh(Live& live, Print print) {
    PrintSet single(1);
    single.add(space_, print);
    if (single.empty()) return;
    PrintSet& known = record_->identities.at(live.id);
    if (setDistance(space_, single, known) < space_.limit) {
      live.strangers = 0;
      live.evidence.clear();
      known.add(space_, std::move(print));
      return;
    }
    if (live.strangers == 0) live.evidence.clear();
    live.evidence.add(space_, std::move(print));
    if (++live.strangers >= kStrangers) live.proved = false, live.strangers = 0, live.fresh = true;
  }

  // Gives identities to the tracks that have new evidence, all of them at once.
  void settle(const Tracks& tracks) {
    std::vector<int64_t> rows;
    std::set<int32_t> held;
    for (const Track& track : tracks.items) {
      const Live& live = live_.at(track.track);
      if (live.proved) {
        held.insert(live.id);
      } else if (live.fresh && live.evidence.weight() >= kMatchWeight) {
        rows.push_back(track.track);
      }
    }
    if (rows.empty()) return;
    std::vector<int32_t> ids;
    for (const auto& [id, prints] : record_->identities) {
      if (!held.contains(id) && !prints.empty()) ids.push_back(id);
    }
    std::sort(ids.begin(), ids.end());
    const float limit = limitFor(space_, record_->identities.size());
    CostMatrix costs(static_cast<int32_t>(rows.size()), static_cast<int32_t>(ids.size()), std::numeric_limits<float>::max());
    for (int32_t i = 0; i < costs.rows(); i++) {
      const Live& live = live_.at(rows[i]);
      for (int32_t j = 0; j < costs.columns(); j++) {
        const float distance = setDistance(space_, live.evidence, record_->identities.at(ids[j]), limit);
        costs.at(i, j) = live.id == ids[j] ? distance - kMargin * limit : distance;
      }
    }
    const Assignment assignment = assign(costs, limit);
    for (int32_t i = 0; i < costs.rows(); i++) {
      Live& live = live_.at(rows[i]);
      const int32_t j = assignment.rowToColumn[i];
      if (j >= 0) {
        give(live, ids[j], tracks);
      } else if (live.evidence.weight() >= kNewWeight) {
        give(live, allocate(), tracks);
      }
    }
  }

  void give(Live& live, int32_t id, const Tracks& tracks) {
    for (const Track& track : tracks.items) {
      Live& other = live_.at(track.track);
      if (&other == &live || other.id != id) continue;
      other.id = 0;
      other.proved = false;
      segment(other).id = 0;
    }
    if (live.id != 0 && live.id != id) counts_.changed++;
    live.id = id;
    live.proved = true;
    live.strangers = 0;
    segment(live).id = id;
    segment(live).proved = true;
    PrintSet& known = record_->identities.try_emplace(id, capacity_).first->second;
    for (const Print& print : live.evidence.prints()) known.add(space_, print);
    live.evidence.clear();
  }

  int32_t allocate() {
    int32_t id = allocator_.next();
    while (record_->identities.contains(id)) id = allocator_.next();
    if (mode_ == ReidMode::off) record_->identities.try_emplace(id, capacity_);
    return id;
  }

  const ReidMode mode_;
  const PrintSpace space_;
  const int32_t capacity_;
  const std::shared_ptr<SourceRecord> record_;
  IdAllocator allocator_;
  std::unordered_map<int64_t, Live> live_;
  GalleryCounts counts_;
};

}  // namespace

float limitFor(const PrintSpace& space, size_t identities) {
  const double doublings = std::log2(std::max<double>(1, static_cast<double>(identities)));
  return space.limit * static_cast<float>(std::max(0.8, 1 - 0.02 * doublings));
}

std::unique_ptr<Gallery> makeGallery(const IdentityOptions& options, std::shared_ptr<SourceRecord> record,
                                     const std::map<int32_t, PrintSet>& bank) {
  return std::make_unique<SourceGallery>(options, std::move(record), bank);
}

}  // namespace framepath::track
