#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "track/crop_quality.h"
#include "track/identity.h"
#include "track/overlap.h"

namespace framepath::track {

namespace {

constexpr float kGood = 0.4f;           // quality that counts
constexpr float kEnough = 2;            // sum of squared qualities after an event
constexpr int32_t kMost = 8;            // crops after an event, however poor
constexpr float kBetter = 1.2f;         // a crop so much better than the best since the event is taken, too
constexpr int64_t kSpacingUs = 90'000;  // between crops of one track: neighbours show the same
constexpr int64_t kOverlapSpacingUs = 200'000;
constexpr int64_t kPatienceUs = 400'000;  // without a good crop for so long, a poor one is taken
constexpr int64_t kFirstRefreshUs = 500'000, kRefreshUs = 2'000'000;  // doubling from the first to the last
constexpr int64_t kShortGapUs = 200'000;  // a track lost no longer than this, alone, is still the same
constexpr int64_t kForgetUs = 30'000'000;
constexpr uint8_t kEvents = kTrackNew | kTrackSeparated | kTrackReshaped;

class MarkSelector final : public CropSelector {
 public:
  explicit MarkSelector(const IdentityOptions& options) : mode_(options.mode) {}

  Crops select(const Tracks& tracks, const Detections& detections, int32_t frameWidth, int32_t frameHeight,
               int64_t ptsUs) override {
    Crops crops;
    if (mode_ == ReidMode::off) return crops;
    for (const Track& track : tracks.items) {
      if (track.detection < 0 || track.detection >= static_cast<int32_t>(detections.size())) continue;
      Crop crop = cropOf(track, tracks, detections, frameWidth, frameHeight);
      if (mode_ == ReidMode::always || wanted(track, crop.quality, ptsUs)) crops.items.push_back(std::move(crop));
    }
    if (ptsUs - lastSweepUs_ > kForgetUs) {
      std::erase_if(history_, [&](const auto& entry) { return ptsUs - entry.second.seenUs > kForgetUs; });
      lastSweepUs_ = ptsUs;
    }
    return crops;
  }

 private:
  struct History {
    float evidence = 0, best = 0;  // since the last event
    int32_t crops = 0;
    int64_t eventUs = 0;
    int64_t refreshUs = kFirstRefreshUs;
    int64_t cropUs = INT64_MIN / 2;
    int64_t seenUs = 0;
    bool overlapping = false;
  };

  static Crop cropOf(const Track& track, const Tracks& tracks, const Detections& detections, int32_t frameWidth,
                     int32_t frameHeight) {
    Crop crop;
    crop.track = track.track;
    crop.detection = track.detection;
    crop.box = detections.boxes[track.detection];
    const size_t values = static_cast<size_t>(detections.keypointsPer) * 2;
    const size_t at = values * static_cast<size_t>(track.detection);
    if (values > 0 && at + values <= detections.keypoints.size()) {
      const auto begin = detections.keypoints.begin() + static_cast<std::ptrdiff_t>(at);
      crop.keypoints.assign(begin, begin + static_cast<std::ptrdiff_t>(values));
    }
    float covered = 0;
    const float area = crop.box.area();
    for (const Track& other : tracks.items) {
      if (other.track != track.track && area > 0)
        covered = std::max(covered, intersectionArea(crop.box, other.box) / area);
    }
    crop.quality = cropQuality(crop.box, detections.scores[track.detection], 1 - covered, crop.keypoints.data(),
                               static_cast<int32_t>(crop.keypoints.size() / 2), frameWidth, frameHeight);
    return crop;
  }

  // Something happened after which the track may show somebody else.
  static bool event(const Track& track, const History& history, int64_t ptsUs) {
    if (track.marks & kEvents) return true;
    const bool near = history.overlapping || (track.marks & kTrackOverlapping);
    return (track.marks & kTrackRecovered) && (near || ptsUs - history.seenUs > kShortGapUs);
  }

  bool wanted(const Track& track, float quality, int64_t ptsUs) {
    const auto [found, added] = history_.try_emplace(track.track);
    History& history = found->second;
    if (added || event(track, history, ptsUs)) {
      history.evidence = history.best = 0;
      history.crops = 0;
      history.eventUs = ptsUs;
      history.refreshUs = kFirstRefreshUs;
    }
    history.seenUs = ptsUs;
    history.overlapping = track.marks & kTrackOverlapping;
    if ((track.marks & kTrackOccluded) || !due(history, quality, ptsUs)) return false;
    history.cropUs = ptsUs;
    history.crops++;
    history.evidence += quality * quality;
    history.best = std::max(history.best, quality);
    return true;
  }

  static bool due(History& history, float quality, int64_t ptsUs) {
    const int64_t sinceUs = ptsUs - history.cropUs;
    const bool good = quality >= kGood;
    if (history.overlapping) return good && sinceUs >= kOverlapSpacingUs;
    if (history.evidence < kEnough && history.crops < kMost) {
      if (good) return sinceUs >= kSpacingUs;
      return sinceUs >= kPatienceUs && ptsUs - history.eventUs >= kPatienceUs;
    }
    if (!good) return false;
    if (quality > kBetter * history.best && sinceUs >= kOverlapSpacingUs) return true;
    if (sinceUs < history.refreshUs) return false;
    history.refreshUs = std::min(2 * history.refreshUs, kRefreshUs);
    return true;
  }

  const ReidMode mode_;
  std::unordered_map<int64_t, History> history_;
  int64_t lastSweepUs_ = 0;
};

}  // namespace

std::unique_ptr<CropSelector> makeCropSelector(const IdentityOptions& options) {
  return std::make_unique<MarkSelector>(options);
}

}  // namespace framepath::track
