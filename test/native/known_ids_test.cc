#include "graph/known_ids.h"

#include "check.h"

using namespace framepath;
using graph::KnownIds;

namespace {

People people(int64_t track, int32_t id) {
  People people;
  people.items.push_back({track, id, {}, 1, 0});
  return people;
}

int32_t idOf(const KnownIds& known, int64_t track, int32_t own = 0) {
  compose::TileBoxes boxes{"tracks", {{}}, {track}, {own}, {1}};
  known.fill(boxes);
  return boxes.ids[0];
}

}  // namespace

TEST(a_box_gets_the_identity_that_its_track_was_given_later) {
  KnownIds known;
  known.saw(people(5, 0));
  CHECK_EQUAL(idOf(known, 5), 0);
  known.saw(people(5, 2));
  CHECK_EQUAL(idOf(known, 5), 2);
  CHECK_EQUAL(idOf(known, 6), 0);
  CHECK_EQUAL(idOf(known, 5, 7), 7);  // what its own picture knew stays
}

TEST(an_identity_that_a_track_lost_is_forgotten) {
  KnownIds known;
  known.saw(people(5, 2));
  known.saw(people(5, 0));
  CHECK_EQUAL(idOf(known, 5), 0);
}

TEST(only_the_latest_tracks_are_kept) {
  KnownIds known;
  for (int64_t track = 1; track <= 5000; track++) known.saw(people(track, 1));
  CHECK_EQUAL(idOf(known, 1), 0);
  CHECK_EQUAL(idOf(known, 5000), 1);
}

TEST_MAIN()
