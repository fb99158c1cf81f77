#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "track/crop_quality.h"
#include "track/identity.h"
#include "track/overlap.h"

namespace framepath::track {

namespace {

constexpr float kGood = 0.4f;             // quality that counts as evidence
constexpr int32_t kWanted = 4;            // good crops after an event
constexpr int64_t kSpacingUs = 90'000;    // between crops of one track: neighbours show the same
constexpr int64_t kOverlapSpacingUs = 200'000;
constexpr int64_t kPatienceUs = 400'000;  // without a good crop for so long, a poor one is taken
constexpr int64_t kRefreshUs = 2'000'000;
constexpr int64_t kForgetUs = 30'000'000;
constexpr uint8_t kEvents = kTrackNew | kTrackRecovered | kTrackSeparated | kTrackReshaped;

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
    int32_t good = 0;          // since the last event
    int64_t eventUs = 0;       // of the last event
    int64_t cropUs = INT64_MIN / 2;
    int64_t seenUs = 0;
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
      if (other.track != track.track && area > 0) covered = std::max(covered, intersectionArea(crop.box, other.box) / area);
    }
    crop.quality = cropQuality(crop.box, detections.scores[track.detection], 1 - covered, crop.keypoints.data(),
                               static_cast<int32_t>(crop.keypoints.size() / 2), frameWidth, frameHeight);
    return crop;
  }

  bool wanted(const Track& track, float quality, int64_t ptsUs) {
    const auto [found, added] = history_.try_emplace(track.track);
    History& history = found->second;
    history.seenUs = ptsUs;
    if (added || (track.marks & kEvents)) history.good = 0, history.eventUs = ptsUs;
    if (track.marks & kTrackOccluded) return false;
    const bool good = quality >= kGood;
    const int64_t sinceCropUs = ptsUs - history.cropUs;
    bool take = false;
    if (track.marks & kTrackOverlapping) {
      take = good && sinceCropUs >= kOverlapSpacingUs;
    } else if (history.good < kWanted) {
      take = sinceCropUs >= kSpacingUs && (good || (ptsUs - history.eventUs >= kPatienceUs && sinceCropUs >= kPatienceUs));
    } else {
      take = good && sinceCropUs >= kRefreshUs;
    }
    if (!take) return false;
    history.cropUs = ptsUs;
    if (good) history.good++;
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
