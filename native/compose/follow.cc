#include "compose/follow.h"

#include <algorithm>
#include <cmath>

namespace framepath::compose {
namespace {

constexpr double kMaxEnlargement = 4;  // a crop is never smaller than a quarter of its tile

constexpr int64_t kStaleUs = 250'000;  // somebody not seen for so long may have stopped
constexpr double kLeadShare = 0.85;    // of the way that the camera would lag behind
constexpr double kStanding = 0.10;     // crop heights a second: below that somebody stands
constexpr double kLongestLead = 0.3;   // crop heights

// A camera that only goes where somebody is stays behind who walks: it is aimed at where they will be when it is there.
Box leadOf(const Member& member, int64_t nowUs, double lagSeconds, double cropHeight) {
  if (nowUs - member.seenUs > kStaleUs) return member.box;
  const double speed = std::hypot(member.speedX, member.speedY), walking = speed - kStanding * cropHeight;
  if (walking <= 0) return member.box;
  const double way = std::min(kLeadShare * walking * lagSeconds, kLongestLead * cropHeight);
  const auto dx = static_cast<float>(way * member.speedX / speed), dy = static_cast<float>(way * member.speedY / speed);
  return {member.box.x1 + dx, member.box.y1 + dy, member.box.x2 + dx, member.box.y2 + dy};
}

const TileBoxes* boxesOf(const TileInput& input, const std::string& module) {
  for (const TileBoxes& boxes : input.observations)
    if (boxes.module == module) return &boxes;
  return nullptr;
}

}  // namespace

void FollowTiles::addTile(const TileSpec& spec) {
  Tile tile;
  tile.number = added_++;
  tile.claim.spec = spec.follow;
  if (!spec.follow.module.empty()) {
    auto same = [&](const CastEntry& c) { return c.source == spec.source && c.module == spec.follow.module; };
    auto found = std::find_if(casts_.begin(), casts_.end(), same);
    tile.cast = static_cast<size_t>(found - casts_.begin());
    if (found == casts_.end()) casts_.push_back({spec.source, spec.follow.module, {}});
  }
  tiles_.push_back(std::move(tile));
}

void FollowTiles::removeTile(size_t tile) {
  if (follows(tile)) gone_.push_back(statsOf(tiles_[tile]));
  tiles_.erase(tiles_.begin() + static_cast<ptrdiff_t>(tile));
}

void FollowTiles::advance(int64_t ptsUs, std::span<const Picture> pictures) {
  const double seconds = lastUs_ < 0 ? 0 : std::max<int64_t>(0, ptsUs - lastUs_) / 1e6;
  lastUs_ = ptsUs;
  for (size_t c = 0; c < casts_.size(); c++) {
    bool observed = false;
    std::vector<Claim*> claims;
    for (size_t i = 0; i < tiles_.size(); i++) {
      const Picture& picture = pictures[i];
      if (!follows(i) || tiles_[i].cast != c || picture.width <= 0 || !picture.moving) continue;
      claims.push_back(&tiles_[i].claim);
      const TileBoxes* boxes = picture.input->fresh ? boxesOf(*picture.input, casts_[c].module) : nullptr;
      if (boxes && !observed)
        casts_[c].cast.observe(ptsUs, *boxes, static_cast<double>(picture.width) * picture.height);
      observed = observed || boxes;
    }
    if (!claims.empty()) assign(casts_[c].cast, ptsUs, claims);
  }
  for (size_t i = 0; i < tiles_.size(); i++)
    if (follows(i) && pictures[i].width > 0) move(tiles_[i], pictures[i], seconds);
}

void FollowTiles::move(Tile& tile, const Picture& picture, double seconds) {
  const double aspect = static_cast<double>(picture.rect.width()) / picture.rect.height();
  const double minHeight = picture.rect.height() / kMaxEnlargement;
  bool cut = false;
  if (!tile.camera || tile.pictureWidth != picture.width || tile.pictureHeight != picture.height) {
    CameraLimits limits;
    limits.responseMs = tile.claim.spec.responseMs;
    tile.camera = std::make_unique<FollowCamera>(picture.width, picture.height, aspect, minHeight, limits);
    tile.pictureWidth = picture.width;
    tile.pictureHeight = picture.height;
    tile.aimedAt = 0;
    cut = true;
  } else if (tile.rect.width() != picture.rect.width() || tile.rect.height() != picture.rect.height()) {
    tile.camera->reshape(aspect, minHeight);
    cut = true;
  }
  tile.rect = picture.rect;
  if (!picture.moving) return;

  const Cast& cast = casts_[tile.cast].cast;
  tile.ticks++;
  if (const Member* member = tile.claim.uid ? cast.find(tile.claim.uid) : nullptr) {
    const int64_t before = tile.aimedAt ? cast.resolve(tile.aimedAt) : 0;
    if (before != member->uid) {
      tile.switches += tile.aimedAt != 0;
      cut = true;
    }
    tile.aimedAt = member->uid;
    if (cut)
      tile.camera->centreOn(member->box, tile.claim.spec.zoom);
    else
      tile.camera->aimAt(leadOf(*member, lastUs_, tile.camera->lagSeconds(), tile.camera->crop().height()),
                         tile.claim.spec.zoom);
  } else {
    tile.camera->aimWide();
    tile.wideTicks++;
  }
  if (!cut) tile.camera->advance(seconds);
  measure(tile, cut, seconds);
}

void FollowTiles::measure(Tile& tile, bool cut, double seconds) {
  const Box crop = tile.camera->crop();
  const double x = (crop.x1 + crop.x2) / 2.0, y = (crop.y1 + crop.y2) / 2.0;
  if (cut || seconds <= 0) tile.past = 0;
  if (tile.past == 2) {
    const double square = seconds * seconds;
    const double a = std::hypot(x - 2 * tile.x[1] + tile.x[0], y - 2 * tile.y[1] + tile.y[0]) / square;
    tile.squares += a * a;
    tile.worst = std::max(tile.worst, a);
    tile.measured++;
  }
  tile.x[0] = tile.x[1];
  tile.y[0] = tile.y[1];
  tile.x[1] = x;
  tile.y[1] = y;
  tile.past = std::min(2, tile.past + 1);
}

FollowStats FollowTiles::statsOf(const Tile& t) {
  const double rms = t.measured ? std::sqrt(t.squares / static_cast<double>(t.measured)) : 0;
  return {t.number, t.ticks, t.switches, t.wideTicks, rms, t.worst};
}

std::vector<FollowStats> FollowTiles::stats() const {
  std::vector<FollowStats> out = gone_;
  for (size_t i = 0; i < tiles_.size(); i++)
    if (follows(i)) out.push_back(statsOf(tiles_[i]));
  return out;
}

}  // namespace framepath::compose
