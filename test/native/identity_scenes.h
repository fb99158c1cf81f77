// Made-up films of people for track > identify > rows, without pixels: tracks, detections and embeddings.
#pragma once
#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "core/results.h"

namespace identity_scenes {

using namespace framepath;

struct Film {
  struct Picture {
    int64_t index = 0, ptsUs = 0;
    Tracks tracks;
    Detections detections;
    std::map<int64_t, int32_t> person;  // whom each track shows
  };
  std::vector<Picture> pictures;
};

// Embeddings of one person lie about 0.3 apart, of two people about 0.9.
inline std::vector<float> embedding(uint32_t seed, int32_t person, int32_t dims) {
  std::mt19937 own(static_cast<uint32_t>(person) * 7919 + 1), random(seed);
  const float scale = 1 / std::sqrt(static_cast<float>(dims));
  std::normal_distribution<float> base(0, 0.65f * scale), noise(0, 0.2f * scale);
  std::vector<float> values(static_cast<size_t>(dims));
  for (float& value : values) value = base(own) + noise(random);
  return values;
}

inline void show(Film::Picture& picture, int64_t track, int32_t person, const Box& box, float score, uint8_t marks) {
  picture.person[track] = person;
  picture.tracks.items.push_back({track, static_cast<int32_t>(picture.detections.size()), box, score, marks});
  picture.detections.boxes.push_back(box);
  picture.detections.scores.push_back(score);
  picture.detections.classes.push_back(0);
}

// Every trouble there is: holes, lost and found tracks, overlaps, jumps, people exchanged, breaks in time.
inline Film restless(uint32_t seed, int32_t count) {
  std::mt19937 random(seed);
  const auto chance = [&](uint32_t thousandths) { return random() % 1000 < thousandths; };
  struct Alive {
    int32_t person;
    float x;
    int64_t left;
    bool fresh, lost;
  };
  Film film;
  std::map<int64_t, Alive> alive;
  int64_t next = 1, index = 0, ptsUs = 0;
  for (int32_t i = 0; i < count; i++) {
    index += 1 + chance(10) * (random() % 5);
    ptsUs += 33'333 + chance(2) * 3'000'000;
    Film::Picture picture{index, ptsUs, {}, {}, {}};
    if (alive.size() < 6 && chance(50))
      alive[next++] = {static_cast<int32_t>(random() % 6), static_cast<float>(random() % 1500),
                       20 + static_cast<int64_t>(random() % 400), true, false};
    for (auto it = alive.begin(); it != alive.end();) {
      Alive& one = it->second;
      if (one.left-- == 0) {
        it = alive.erase(it);
        continue;
      }
      if (chance(1)) one.person = static_cast<int32_t>(random() % 6);
      one.x += static_cast<float>(random() % 11) - 5;
      if (chance(20) || (one.lost && chance(600))) {
        one.lost = true;
      } else {
        uint8_t marks = one.fresh ? kTrackNew : 0;
        if (one.lost) marks |= kTrackRecovered;
        if (chance(10)) marks |= chance(300) ? kTrackOverlapping : chance(500) ? kTrackSeparated : kTrackReshaped;
        one.fresh = one.lost = false;
        show(picture, it->first, one.person, {one.x, 100, one.x + 90, 190},
             0.4f + 0.05f * static_cast<float>(random() % 12), marks);
      }
      ++it;
    }
    film.pictures.push_back(std::move(picture));
  }
  return film;
}

// What a camera over a door sees, day after day: up to `places` people at a time who stay, go and come back, now and
// then somebody new; detectors miss a box, people touch one another.
class Door {
 public:
  Door(uint32_t seed, int32_t places, int32_t strangersIn100, int32_t meanFrames)
      : random_(seed), strangersIn100_(strangersIn100), meanFrames_(meanFrames), places_(static_cast<size_t>(places)) {}

  Film::Picture next() {
    Film::Picture picture{frame_, frame_ * 100'000 / 3, {}, {}, {}};
    frame_++;
    for (size_t i = 0; i < places_.size(); i++) {
      Place& place = places_[i];
      if (place.left-- <= 0) {
        place.here = !place.here;
        const auto frames = static_cast<int64_t>(1 + random_() % static_cast<uint32_t>(2 * meanFrames_));
        place.left = place.here ? frames : frames / 4;
        place.fresh = place.here;
        if (place.here) {
          place.track = ++tracks_;
          place.person =
              static_cast<int32_t>(random_() % 100) < strangersIn100_ ? ++strangers_ : static_cast<int32_t>(i);
        }
      }
      if (!place.here) continue;
      if (random_() % 50 == 0) {  // not found in this frame
        place.lost = true;
        continue;
      }
      uint8_t marks = place.fresh ? kTrackNew : place.lost ? kTrackRecovered : 0;
      if (random_() % 900 == 0) marks |= kTrackOverlapping;
      place.fresh = place.lost = false;
      place.sway = std::clamp(place.sway + static_cast<float>(random_() % 201) / 100 - 1, -40.0f, 40.0f);
      const float x = 100 + 150 * static_cast<float>(i) + place.sway;
      show(picture, place.track, place.person, {x, 100 + place.sway / 3, x + 90.25f, 190 + place.sway / 3},
           0.6f + 0.0001f * static_cast<float>(random_() % 4000), marks);
    }
    return picture;
  }
  int64_t tracks() const { return tracks_; }

 private:
  struct Place {
    bool here = false, fresh = false, lost = false;
    int64_t left = 0, track = 0;
    int32_t person = 0;
    float sway = 0;
  };
  std::mt19937 random_;
  int32_t strangersIn100_, meanFrames_, strangers_ = 100'000;
  std::vector<Place> places_;
  int64_t frame_ = 0, tracks_ = 0;
};

// One source, as the pipeline drives it.
template <typename Selector, typename Gallery>
class Watcher {
 public:
  Watcher(Selector selector, Gallery gallery, uint32_t seed, int32_t dims)
      : selector_(std::move(selector)), gallery_(std::move(gallery)), seed_(seed), dims_(dims) {}

  void watch(const Film::Picture& picture) {
    const Crops crops = selector_->select(picture.tracks, picture.detections, 1920, 1080, picture.ptsUs);
    Embeddings embeddings;
    embeddings.dims = dims_;
    for (const Crop& crop : crops.items) {
      const auto seed = static_cast<uint32_t>(seed_ * 977 + picture.index * 31 + crop.track);
      const std::vector<float> values = embedding(seed, picture.person.at(crop.track), dims_);
      embeddings.values.insert(embeddings.values.end(), values.begin(), values.end());
    }
    gallery_->update(picture.tracks, crops, embeddings, picture.index, picture.ptsUs);
  }
  const Gallery& gallery() const { return gallery_; }

 private:
  Selector selector_;
  Gallery gallery_;
  uint32_t seed_;
  int32_t dims_;
};
template <typename Selector, typename Gallery>
Watcher(Selector, Gallery, uint32_t, int32_t) -> Watcher<Selector, Gallery>;

}  // namespace identity_scenes
