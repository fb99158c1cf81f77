// Crop selection, galleries, relinking, timeline rows and the identity bank, on made-up people with made-up embeddings.
#include "track/identity.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "check.h"
#include "core/error.h"
#include "track/crop_quality.h"
#include "track/embedding_set.h"

using namespace framepath;
using namespace framepath::track;

namespace {

constexpr int32_t kDims = 32;
constexpr int64_t kFrameUs = 40'000;

// Embeddings of one person lie about 0.3 apart, of two people about 0.9.
class Faces {
 public:
  explicit Faces(uint32_t seed) : random_(seed) {}
  std::vector<float> embedding(int32_t person) {
    std::mt19937 own(static_cast<uint32_t>(person) * 7919 + 1);
    std::normal_distribution<float> base(0, 0.65f / std::sqrt(static_cast<float>(kDims)));
    std::normal_distribution<float> noise(0, 0.2f / std::sqrt(static_cast<float>(kDims)));
    std::vector<float> values(kDims);
    for (float& value : values) value = base(own) + noise(random_);
    return values;
  }

 private:
  std::mt19937 random_;
};

// One source, as the pipeline drives it: `show` sets which track has which person at which place.
struct Shot {
  int64_t track;
  int32_t person;
  float x;
  uint8_t marks = 0;
  float score = 0.9f;
};

class Scene {
 public:
  Scene(Identities& identities, const IdentityOptions& options, int32_t source, uint32_t seed = 1)
      : selector_(makeCropSelector(options)), gallery_(identities.openGallery(source)), faces_(seed) {}

  People show(std::vector<Shot> list) {
    Tracks tracks;
    Detections detections;
    for (Shot& shot : list) {
      if (known_.insert(shot.track).second) shot.marks |= kTrackNew;
      const Box box{shot.x, 100, shot.x + 90, 190};
      tracks.items.push_back({shot.track, static_cast<int32_t>(detections.size()), box, shot.score, shot.marks});
      detections.boxes.push_back(box);
      detections.scores.push_back(shot.score);
      detections.classes.push_back(0);
    }
    const int64_t ptsUs = frame_ * kFrameUs;
    const Crops crops = selector_->select(tracks, detections, 1920, 1080, ptsUs);
    Embeddings embeddings;
    embeddings.dims = kDims;
    for (const Crop& crop : crops.items) {
      const std::vector<float> values = faces_.embedding(list[crop.detection].person);
      embeddings.values.insert(embeddings.values.end(), values.begin(), values.end());
    }
    extracted += crops.items.size();
    return gallery_->update(tracks, crops, embeddings, frame_++, ptsUs);
  }
  void show(int32_t frames, const std::vector<Shot>& list) {
    for (int32_t i = 0; i < frames; i++) last = show(list);
  }
  void skip(int32_t frames) { frame_ += frames; }
  int32_t idOf(int64_t track) const {
    for (const Person& person : last.items) {
      if (person.track == track) return person.id;
    }
    return -1;
  }
  GalleryCounts counts() const { return gallery_->counts(); }

  People last;
  size_t extracted = 0;

 private:
  std::unique_ptr<CropSelector> selector_;
  std::unique_ptr<Gallery> gallery_;
  Faces faces_;
  std::set<int64_t> known_;
  int64_t frame_ = 0;
};

void checkRowsAreExclusive(const std::vector<FinalRow>& rows) {
  std::set<std::tuple<int32_t, int64_t, int32_t>> seen;
  for (const FinalRow& row : rows) {
    CHECK(row.id > 0);
    CHECK(seen.insert({row.source, row.frameIndex, row.id}).second);
  }
}

// Identities that keep rows.
std::shared_ptr<Identities> withRows(const IdentityOptions& options) {
  return makeIdentities(options, {true, "", {}});
}

std::vector<FinalRow> rowsOf(Identities& identities, int32_t sources = 1) {
  std::vector<FinalRow> all, frame;
  const RelinkRef linked = identities.relink({});
  for (int32_t source = 0; source < sources; source++)
    for (const auto rows = identities.rows(source, linked); rows->next(frame);)
      all.insert(all.end(), frame.begin(), frame.end());
  return all;
}

}  // namespace

TEST(a_crop_is_better_when_larger_surer_freer_and_more_frontal) {
  const float frontal[] = {30, 40, 60, 40, 45, 60}, profile[] = {30, 40, 60, 40, 62, 60};
  const auto quality = [](float size, float score, float visible, const float* keypoints) {
    return cropQuality({100, 100, 100 + size, 100 + size}, score, visible, keypoints, 3, 1000, 1000);
  };
  const float best = quality(90, 0.9f, 1, frontal);
  CHECK(best > 0.85f);
  CHECK(quality(25, 0.9f, 1, frontal) < best);
  CHECK(quality(90, 0.5f, 1, frontal) < best);
  CHECK(quality(90, 0.9f, 0.5f, frontal) < best);
  CHECK(quality(90, 0.9f, 1, profile) < best);
  CHECK_EQUAL(cropQuality({-90, 0, 10, 90}, 0.9f, 1, nullptr, 0, 1000, 1000), 0.0f);
}

TEST(a_calm_track_costs_few_crops) {
  IdentityOptions options;
  const auto identities = makeIdentities(options);
  Scene scene(*identities, options, 0);
  scene.show(1500, {{1, 1, 100}, {2, 2, 500}});  // a minute
  CHECK(scene.extracted >= 2 * 20);
  CHECK(scene.extracted <= 2 * 50);
  CHECK_EQUAL(scene.counts().detections, 3000);
  CHECK_EQUAL(scene.counts().extracted, static_cast<int64_t>(scene.extracted));
}

TEST(always_embeds_every_detection_and_off_none) {
  for (const ReidMode mode : {ReidMode::always, ReidMode::off}) {
    IdentityOptions options;
    options.mode = mode;
    const auto identities = makeIdentities(options);
    Scene scene(*identities, options, 0);
    scene.show(50, {{1, 1, 100}, {2, 2, 500}});
    CHECK_EQUAL(scene.extracted, mode == ReidMode::always ? size_t{100} : size_t{0});
    CHECK(scene.idOf(1) > 0);
    CHECK(scene.idOf(1) != scene.idOf(2));
  }
}

TEST(an_occluded_track_is_not_embedded) {
  IdentityOptions options;
  const auto selector = makeCropSelector(options);
  Detections detections;
  detections.boxes = {{0, 0, 90, 90}, {5, 20, 95, 110}};
  detections.scores = {0.9f, 0.9f};
  Tracks tracks;
  tracks.items = {{1, 0, detections.boxes[0], 0.9f, kTrackNew | kTrackOverlapping | kTrackOccluded},
                  {2, 1, detections.boxes[1], 0.9f, kTrackNew | kTrackOverlapping}};
  for (const Crop& crop : selector->select(tracks, detections, 1000, 1000, 0).items) CHECK_EQUAL(crop.track, 2);
}

TEST(a_person_who_comes_back_gets_the_old_identity) {
  IdentityOptions options;
  const auto identities = makeIdentities(options);
  Scene scene(*identities, options, 0);
  scene.show(50, {{1, 7, 100}});
  const int32_t first = scene.idOf(1);
  scene.show(100, std::vector<Shot>{});
  scene.show(50, {{2, 7, 900}});
  CHECK_EQUAL(scene.idOf(2), first);
  scene.show(50, {{3, 8, 900}});
  CHECK(scene.idOf(3) != first);
  const RelinkRef linked = identities->relink({});
  const RelinkResult& result = *linked;
  CHECK_EQUAL(result.identities.size(), size_t{2});
  CHECK_EQUAL(result.identities[0].subIds.size(), size_t{2});
  CHECK_EQUAL(result.identities[0].spans.size(), size_t{2});
}

TEST(tracks_that_swap_people_in_an_overlap_swap_identities) {
  IdentityOptions options;
  const auto identities = withRows(options);
  Scene scene(*identities, options, 0);
  scene.show(50, {{1, 1, 100}, {2, 2, 500}});
  const int32_t one = scene.idOf(1), two = scene.idOf(2);
  scene.show(10, {{1, 1, 300, kTrackOverlapping}, {2, 2, 320, kTrackOverlapping | kTrackOccluded}});
  scene.show({{1, 2, 200, kTrackSeparated}, {2, 1, 400, kTrackSeparated}});
  scene.show(50, {{1, 2, 150}, {2, 1, 450}});
  CHECK_EQUAL(scene.idOf(1), two);
  CHECK_EQUAL(scene.idOf(2), one);
  CHECK_EQUAL(scene.counts().changed, 2);
  const std::vector<FinalRow> rows = rowsOf(*identities);
  checkRowsAreExclusive(rows);
  // From the separation on, rows carry the identity of who is there, late as it was settled.
  for (const FinalRow& row : rows) {
    if (row.frameIndex >= 60) {
      CHECK_EQUAL(row.id, row.track == 1 ? two : one);
    }
    if (row.frameIndex < 50) {
      CHECK_EQUAL(row.id, row.track == 1 ? one : two);
    }
  }
}

TEST(a_swap_nobody_marked_is_noticed_by_refreshing) {
  IdentityOptions options;
  const auto identities = makeIdentities(options);
  Scene scene(*identities, options, 0);
  scene.show(50, {{1, 1, 100}});
  const int32_t one = scene.idOf(1);
  scene.show(50, std::vector<Shot>{});
  scene.show(100, {{2, 2, 100}});
  const int32_t two = scene.idOf(2);
  scene.show(500, {{2, 1, 100}});
  CHECK_EQUAL(scene.idOf(2), one);
  CHECK(one != two);
}

TEST(two_tracks_in_one_frame_never_share_an_identity) {
  IdentityOptions options;
  for (uint32_t seed = 1; seed <= 40; seed++) {
    const auto identities = withRows(options);
    Scene scene(*identities, options, 0, seed);
    std::mt19937 random(seed);
    std::map<int64_t, int32_t> alive;
    int64_t next = 1;
    for (int32_t frame = 0; frame < 300; frame++) {
      if (random() % 20 == 0) alive[next++] = static_cast<int32_t>(random() % 4);  // the same face twice at times
      if (!alive.empty() && random() % 30 == 0) alive.erase(alive.begin());
      if (!alive.empty() && random() % 25 == 0) alive.begin()->second = static_cast<int32_t>(random() % 4);
      std::vector<Shot> list;
      for (const auto& [track, person] : alive) {
        const uint32_t event = random() % 16;
        const uint8_t marks = event == 0   ? kTrackOverlapping
                              : event == 1 ? kTrackSeparated
                              : event == 2 ? kTrackRecovered
                              : event == 3 ? kTrackReshaped
                                           : 0;
        list.push_back({track, person, 100.0f * static_cast<float>(track), marks, 0.4f + 0.05f * (random() % 10)});
      }
      std::set<int32_t> ids;
      for (const Person& person : scene.show(list).items) {
        if (person.id) {
          CHECK(ids.insert(person.id).second);
        }
      }
    }
    checkRowsAreExclusive(rowsOf(*identities));
  }
}

TEST(relinking_joins_over_sources_but_never_what_coexists) {
  IdentityOptions options;
  const auto identities = withRows(options);
  Scene left(*identities, options, 0), right(*identities, options, 1, 2);
  left.show(60, {{1, 1, 100}, {2, 2, 500}, {3, 2, 900}});  // person 2 twice at once: a mirror
  right.show(60, {{1, 2, 100}, {2, 3, 500}});
  const RelinkRef linked = identities->relink({});
  const RelinkResult& result = *linked;
  std::map<std::pair<int32_t, int64_t>, int32_t> idOf;
  for (const Identity& identity : result.identities) {
    for (const SubId& sub : identity.subIds) idOf[{sub.source, sub.track}] = identity.id;
  }
  CHECK_EQUAL(idOf.size(), size_t{5});
  CHECK_EQUAL(result.identities.size(), size_t{4});
  const int32_t mirror = idOf[{0, 3}], two = idOf[{0, 2}], other = idOf[{1, 1}];
  CHECK(two != mirror);
  CHECK(other == two || other == mirror);
  CHECK_EQUAL(result.merged.size(), size_t{1});
  CHECK_EQUAL(result.merged[0].first, 101);  // source 1 counts from 101
  CHECK_EQUAL(result.merged[0].second, other);
  checkRowsAreExclusive(rowsOf(*identities, 2));
}

TEST(relinking_again_gives_the_same) {
  IdentityOptions options;
  const auto identities = makeIdentities(options);
  Scene scene(*identities, options, 0);
  scene.show(40, {{1, 1, 100}, {2, 2, 500}});
  scene.show(40, {{3, 1, 100}, {4, 3, 500}});
  const RelinkRef first = identities->relink({});
  CHECK_EQUAL(first->identities.size(), size_t{3});
  CHECK(identities->relink({}) == first);  // nothing new was seen: it is not made again
  scene.show(1, {{3, 1, 100}, {4, 3, 500}});
  const RelinkRef second = identities->relink({});
  CHECK(second != first);
  CHECK_EQUAL(second->identities.size(), size_t{3});
  CHECK(first->merged == second->merged);
}

TEST(gaps_are_filled_at_frames_that_were_looked_at) {
  IdentityOptions options;
  const auto identities = withRows(options);
  Scene scene(*identities, options, 0);
  scene.show(20, {{1, 1, 100}});
  scene.show(5, std::vector<Shot>{});
  scene.skip(3);
  scene.show(20, {{1, 1, 148, kTrackRecovered}});
  scene.show(60, std::vector<Shot>{});
  scene.show(20, {{1, 1, 148, kTrackRecovered}});  // 2.4 s later
  std::map<int64_t, FinalRow> byFrame;
  for (const FinalRow& row : rowsOf(*identities)) byFrame.emplace(row.frameIndex, row);
  CHECK_EQUAL(byFrame.size(), size_t{65});
  CHECK(byFrame.contains(24) && byFrame.at(24).interpolated);
  CHECK(!byFrame.contains(25));
  CHECK_NEAR(byFrame.at(22).box.x1, 100 + 48 * 3.0 / 9, 0.01);
  const RelinkRef linked = identities->relink({});
  CHECK_EQUAL(linked->identities.at(0).frames, 65);  // as many as there are rows
}

TEST(identities_and_their_best_shots_are_reported) {
  IdentityOptions options;
  const auto identities = makeIdentities(options);
  Scene scene(*identities, options, 0);
  scene.show(10, {{1, 1, 100, 0, 0.6f}});
  scene.show(30, {{1, 1, 200, 0, 0.95f}});
  const RelinkRef linked = identities->relink({});
  const RelinkResult& result = *linked;
  CHECK_EQUAL(result.identities.size(), size_t{1});
  const Identity& identity = result.identities[0];
  CHECK_EQUAL(identity.frames, 40);
  CHECK_EQUAL(identity.best.source, 0);
  CHECK_NEAR(identity.best.score, 0.95, 1e-5);
  CHECK_NEAR(identity.best.box.x1, 200, 1e-3);
  CHECK_EQUAL(identity.spans.size(), size_t{1});
  CHECK_EQUAL(identity.spans[0].startUs, 0);
  CHECK_EQUAL(identity.spans[0].endUs, 39 * kFrameUs);
}

TEST(a_saved_bank_recognises_people_in_another_run) {
  IdentityOptions options;
  const auto first = makeIdentities(options);
  Scene before(*first, options, 0);
  before.show(50, {{1, 1, 100}, {2, 2, 500}});
  const int32_t one = before.idOf(1), two = before.idOf(2);
  const std::vector<uint8_t> bytes = first->save(*first->relink({}));

  const auto second = makeIdentities(options);
  second->load(bytes);
  Scene after(*second, options, 0, 9);
  after.show(50, {{1, 3, 100}, {2, 2, 500}});
  CHECK_EQUAL(after.idOf(2), two);
  CHECK(after.idOf(1) != one && after.idOf(1) != two);
  const auto third = makeIdentities(options);
  third->load(second->save(*second->relink({})));  // knows all three
  Scene last(*third, options, 0, 10);
  last.show(50, {{1, 1, 100}, {2, 2, 500}, {3, 3, 900}});
  CHECK_EQUAL(last.idOf(1), one);
  CHECK_EQUAL(last.idOf(2), two);
  CHECK_EQUAL(last.idOf(3), after.idOf(1));
  CHECK_ERROR(third->load(bytes), INVALID_ARGUMENT);  // too late
}

TEST(a_damaged_bank_is_refused) {
  IdentityOptions options;
  const auto identities = makeIdentities(options);
  Scene scene(*identities, options, 0);
  scene.show(50, {{1, 1, 100}});
  const std::vector<uint8_t> bytes = identities->save(*identities->relink({}));
  std::mt19937 random(4);
  for (int32_t i = 0; i < 200; i++) {
    std::vector<uint8_t> damaged = bytes;
    if (i % 2)
      damaged.resize(random() % bytes.size());
    else
      damaged[random() % bytes.size()] ^= static_cast<uint8_t>(1 + random() % 255);
    CHECK_ERROR(makeIdentities(options)->load(damaged), INVALID_ARGUMENT);
  }
  options.metric = "cosine";
  options.threshold = 0.5;
  CHECK_ERROR(makeIdentities(options)->load(bytes), INVALID_ARGUMENT);
}

TEST(cosine_embeddings_are_compared_by_direction) {
  IdentityOptions options;
  options.metric = "cosine";
  options.threshold = 0.5;
  const EmbeddingSpace space = makeEmbeddingSpace(options);
  EmbeddingSet a, b, c;
  a.add(space, {{1, 0, 0}, 1});
  b.add(space, {{5, 1, 0}, 1});
  c.add(space, {{0, 1, 0}, 1});
  CHECK(setDistance(space, a, b) < space.limit);
  CHECK(setDistance(space, a, c) > space.limit);
  options.metric = "manhattan";
  CHECK_ERROR(makeIdentities(options), INVALID_ARGUMENT);
}

TEST(an_embedding_set_stays_bounded_and_keeps_the_good_ones) {
  const EmbeddingSpace space;
  Faces faces(3);
  EmbeddingSet set(8);
  for (int32_t i = 0; i < 100; i++) set.add(space, {faces.embedding(1), i % 10 == 0 ? 0.9f : 0.1f});
  CHECK_EQUAL(set.size(), size_t{8});
  CHECK(set.weight() > 6);
  set.add(space, {{NAN, 1, 2}, 1});
  set.add(space, {std::vector<float>(kDims, INFINITY), 1});
  CHECK(std::isfinite(set.weight()) && set.size() == 8);
}

TEST(sources_are_independent_of_one_another) {
  IdentityOptions options;
  const auto run = [&](bool together) {
    const auto identities = withRows(options);
    Scene left(*identities, options, 0, 1), right(*identities, options, 1, 2);
    std::vector<int32_t> ids;
    const auto play = [](Scene& scene, int32_t base) {
      for (int64_t track = 1; track < 12; track++)
        scene.show(30, {{track, base + static_cast<int32_t>(track % 3), 100}});
    };
    if (together) {
      std::thread other([&] { play(right, 5); });
      play(left, 4);
      other.join();
    } else {
      play(right, 5);
      play(left, 4);
    }
    for (const FinalRow& row : rowsOf(*identities, 2)) ids.push_back(row.id);
    return ids;
  };
  const std::vector<int32_t> alone = run(false);
  CHECK(!alone.empty());
  for (int32_t i = 0; i < 5; i++) CHECK(run(true) == alone);
}

TEST(a_source_has_one_gallery) {
  const auto identities = makeIdentities({});
  const auto gallery = identities->openGallery(0);
  CHECK_ERROR(identities->openGallery(0), INVALID_ARGUMENT);
  CHECK_ERROR(identities->openGallery(-1), INVALID_ARGUMENT);
}

TEST_MAIN()
