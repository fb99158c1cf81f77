#include "compose/cast.h"

#include <algorithm>
#include <cmath>

namespace framepath::compose {

namespace {

// Speed is the mean over this time. After a longer gap, or a jump, it is not known.
constexpr double kSpeedSeconds = 0.35, kGapSeconds = 0.5, kJump = 0.3;

void move(Member& m, const Box& box, int64_t nowUs) {
  const double dt = (nowUs - m.seenUs) / 1e6;
  const double dx = (box.x1 + box.x2 - m.box.x1 - m.box.x2) / 2, dy = (box.y1 + box.y2 - m.box.y1 - m.box.y2) / 2;
  if (dt > kGapSeconds || std::hypot(dx, dy) > kJump * box.height()) {
    m.speedX = m.speedY = 0;
  } else if (dt > 0) {
    const double share = 1 - std::exp(-dt / kSpeedSeconds);
    m.speedX += share * (dx / dt - m.speedX);
    m.speedY += share * (dy / dt - m.speedY);
  }
  m.box = box;
  m.seenUs = nowUs;
}

}  // namespace

const Member* Cast::find(int64_t uid) const {
  uid = resolve(uid);
  for (const Member& m : members_)
    if (m.uid == uid) return &m;
  return nullptr;
}

int64_t Cast::resolve(int64_t uid) const {
  for (const Merge& merge : merges_)  // in the order they happened
    if (merge.from == uid) uid = merge.into;
  return uid;
}

Member* Cast::match(int32_t id, int64_t track, const Box& box, std::vector<char>& taken) {
  auto pick = [&](auto&& fits) -> Member* {
    for (size_t i = 0; i < members_.size(); i++)
      if (!taken[i] && fits(members_[i])) {
        taken[i] = 1;
        return &members_[i];
      }
    return nullptr;
  };
  if (id) {
    Member* known = pick([&](const Member& m) { return m.id == id; });
    Member* moving = pick([&](const Member& m) { return track && m.track == track; });
    if (known && moving) {
      if (moving->id == 0 || lastUs_ - known->seenUs > kGraceUs) {
        // Somebody seen for a while is recognised as somebody known: one person from here on.
        merges_.push_back({moving->uid, known->uid});
        known->presence = std::max(known->presence, moving->presence);
        moving->seenUs = lastUs_ - 2 * kForgetUs;
        moving->track = 0;
        moving->id = 0;
      } else {
        // Both were just seen: identities were exchanged between two tracks, and each person keeps its own.
        taken[static_cast<size_t>(moving - members_.data())] = 0;
      }
    }
    return known ? known : moving;
  }
  if (track) return pick([&](const Member& m) { return m.track == track; });
  double best = 0;
  size_t at = members_.size();
  for (size_t i = 0; i < members_.size(); i++) {
    const Member& m = members_[i];
    if (taken[i] || m.id || m.track || lastUs_ - m.seenUs > kGraceUs) continue;
    const double dx = (m.box.x1 + m.box.x2 - box.x1 - box.x2) / 2, dy = (m.box.y1 + m.box.y2 - box.y1 - box.y2) / 2;
    const double reach = (m.box.height() + box.height()) / 2;
    const double score = 1 + intersectionOverUnion(m.box, box) - std::hypot(dx, dy) / std::max(1.0, reach);
    if (score > best) {
      best = score;
      at = i;
    }
  }
  if (at == members_.size()) return nullptr;
  taken[at] = 1;
  return &members_[at];
}

void Cast::observe(int64_t nowUs, const TileBoxes& boxes, double pictureArea) {
  constexpr double kPresenceSeconds = 2.0;
  const double dt = lastUs_ < 0 ? 0.04 : std::clamp((nowUs - lastUs_) / 1e6, 0.0, 1.0);
  const double keep = std::exp(-dt / kPresenceSeconds);
  std::vector<char> taken(members_.size(), 0);
  for (Member& m : members_) m.presence *= keep;
  for (size_t i = 0; i < boxes.boxes.size(); i++) {
    const int32_t id = i < boxes.ids.size() ? boxes.ids[i] : 0;
    const int64_t track = i < boxes.tracks.size() ? boxes.tracks[i] : 0;
    Member* m = match(id, track, boxes.boxes[i], taken);
    if (!m) {
      members_.push_back({nextUid_++, id, track, boxes.boxes[i], nowUs, 0, 0, 0, nowUs});
      taken.push_back(1);
      m = &members_.back();
    }
    if (id) m->id = id;
    m->track = track;
    move(*m, boxes.boxes[i], nowUs);
    m->presence += (1 - keep) * m->box.area() / std::max(1.0, pictureArea);
  }
  std::erase_if(members_, [&](const Member& m) { return nowUs - m.seenUs > kForgetUs; });
  std::erase_if(merges_, [&](const Merge& merge) {
    return std::none_of(members_.begin(), members_.end(),
                        [&](const Member& m) { return m.uid == resolve(merge.into); });
  });
  lastUs_ = nowUs;
  sortByPresence();
}

void Cast::sortByPresence() {
  std::erase_if(order_, [&](int64_t uid) {
    return std::none_of(members_.begin(), members_.end(), [&](const Member& m) { return m.uid == uid; });
  });
  for (const Member& m : members_)
    if (std::find(order_.begin(), order_.end(), m.uid) == order_.end()) order_.push_back(m.uid);
  auto presence = [&](int64_t uid) {
    const Member* m = find(uid);
    return m ? m->presence : 0;
  };
  // Insertion sort with a threshold: stable where the difference is small.
  for (size_t i = 1; i < order_.size(); i++)
    for (size_t j = i; j > 0 && presence(order_[j]) > kOvertake * presence(order_[j - 1]); j--)
      std::swap(order_[j], order_[j - 1]);
}

void assign(const Cast& cast, int64_t nowUs, std::vector<Claim*>& claims) {
  std::vector<int64_t> held;  // members that a tile has, tile by tile
  auto isHeld = [&](int64_t uid) { return std::find(held.begin(), held.end(), uid) != held.end(); };
  auto visible = [&](int64_t uid) {
    const Member* m = uid ? cast.find(uid) : nullptr;
    return m && cast.visible(*m, nowUs);
  };
  auto show = [&](Claim& claim, int64_t uid) {
    if (claim.uid != uid) {
      claim.uid = uid;
      claim.sinceUs = nowUs;
    }
    if (uid) held.push_back(uid);
  };

  for (Claim* claim : claims) {
    claim->uid = claim->uid ? cast.resolve(claim->uid) : 0;
    if (claim->spec.pick != Pick::id) continue;
    int64_t wanted = 0;
    for (int64_t uid : cast.order())
      if (const Member* m = cast.find(uid); m && m->id == claim->spec.value && m->id && !isHeld(uid)) wanted = uid;
    show(*claim, visible(wanted) ? wanted : 0);
  }
  std::vector<Claim*> ranks, mains;
  for (Claim* claim : claims) {
    if (claim->spec.pick == Pick::rank) ranks.push_back(claim);
    if (claim->spec.pick == Pick::main) mains.push_back(claim);
  }
  std::stable_sort(ranks.begin(), ranks.end(),
                   [](const Claim* a, const Claim* b) { return a->spec.value < b->spec.value; });
  const auto heldLong = [&](const Claim& claim) { return nowUs - claim.sinceUs >= claim.spec.minHoldMs * 1000; };
  // Who a rank's tile belongs to comes back to it; the one who stood in leaves it.
  std::vector<Claim*> others;
  for (Claim* claim : ranks) {
    const Member* home = claim->home ? cast.find(claim->home) : nullptr;
    claim->home = home && !isHeld(home->uid) ? home->uid : 0;
    const bool settled = claim->uid == claim->home || !visible(claim->uid) || heldLong(*claim);
    if (visible(claim->home) && settled)
      show(*claim, claim->home);
    else
      others.push_back(claim);
  }
  others.insert(others.end(), mains.begin(), mains.end());
  // Who is on the air stays there; only then the free places are filled.
  for (Claim* claim : others) {
    if (visible(claim->uid) && !isHeld(claim->uid))
      held.push_back(claim->uid);
    else
      show(*claim, 0);
  }
  const auto standsIn = [&](int64_t uid) {
    const Member* m = cast.find(uid);
    return m->id || nowUs - m->bornUs >= Cast::kUnknownUs;
  };
  const auto belongsTo = [&](int64_t uid) {
    return std::any_of(ranks.begin(), ranks.end(), [&](const Claim* claim) { return claim->home == uid; });
  };
  for (Claim* claim : ranks) {
    int32_t skip = claim->spec.value - static_cast<int32_t>(held.size());  // members that other tiles have count first
    for (int64_t uid : cast.order()) {
      if (claim->uid) break;
      if (!visible(uid) || isHeld(uid) || belongsTo(uid) || (claim->home && !standsIn(uid))) continue;
      if (skip-- <= 0) show(*claim, uid);
    }
    if (claim->uid && !claim->home && heldLong(*claim)) claim->home = claim->uid;
  }
  for (Claim* claim : mains) {
    if (claim->uid && !heldLong(*claim)) continue;
    int64_t wanted = 0;
    for (int64_t uid : cast.order()) {
      if (!visible(uid)) continue;
      if (uid == claim->uid || !isHeld(uid)) {
        wanted = uid;
        break;
      }
    }
    if (!wanted || wanted == claim->uid) continue;
    std::erase(held, claim->uid);
    show(*claim, wanted);
  }
}

}  // namespace framepath::compose
