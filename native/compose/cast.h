// The people of one source as the follow tiles know them, and who of them each tile shows.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "compose/composer.h"

namespace framepath::compose {

// One person over time. Found again by identity, else by track, else (plain detections) by overlap with the last box.
struct Member {
  int64_t uid = 0;                // never reused
  int32_t id = 0;                 // identity, 0 = none yet
  int64_t track = 0;              // latest track, 0 = none
  Box box;                        // latest
  int64_t seenUs = 0;             // when
  double presence = 0;            // area x time: the mean share of the picture over the last seconds
  double speedX = 0, speedY = 0;  // of the box's centre, pixels a second, over the last moments
  int64_t bornUs = 0;             // first seen
};

// All tiles that follow one module of one source share a cast.
class Cast {
 public:
  // The module's boxes of a new frame.
  void observe(int64_t nowUs, const TileBoxes& boxes, double pictureArea);

  const Member* find(int64_t uid) const;  // follows merges; null when forgotten
  int64_t resolve(int64_t uid) const;     // the uid after merges
  bool visible(const Member& member, int64_t nowUs) const { return nowUs - member.seenUs <= kGraceUs; }

  // Members in order of presence, with hysteresis: one overtakes another only by being clearly larger.
  const std::vector<int64_t>& order() const { return order_; }

  static constexpr int64_t kGraceUs = 800'000;  // a missing box is waited for
  static constexpr int64_t kForgetUs = 30'000'000;
  static constexpr int64_t kUnknownUs = 1'000'000;
  static constexpr double kOvertake = 1.3;

 private:
  Member* match(int32_t id, int64_t track, const Box& box, std::vector<char>& taken);
  void sortByPresence();

  std::vector<Member> members_;
  std::vector<int64_t> order_;
  struct Merge {
    int64_t from, into;
  };
  std::vector<Merge> merges_;
  int64_t nextUid_ = 1, lastUs_ = -1;
};

// One tile's claim on a cast.
struct Claim {
  FollowSpec spec;
  int64_t uid = 0;      // in the tile now, 0 = nobody
  int64_t sinceUs = 0;  // when that began
  int64_t home = 0;     // of a rank: who the tile belongs to until the cast drops them, 0 = nobody yet
};

// Decides for all tiles of a cast together; never gives one member to two of them. Ids come first, then ranks, then the
// tiles of the main person in their order. A member keeps its tile while visible.
// main: a better one takes over, but only after the minimum hold.
// rank: decides only who a tile is given first. Then the tile is theirs, whatever their size: somebody else stands in
// while they are away, and they come back to their own tile. Who may turn out to be somebody known does not stand in
// for kUnknownUs.
void assign(const Cast& cast, int64_t nowUs, std::vector<Claim*>& claims);

}  // namespace framepath::compose
