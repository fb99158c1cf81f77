// The follow tiles of a layout together: who is in each (cast), how the crop moves (camera), what it did (statistics).
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "compose/cast.h"
#include "compose/follow_camera.h"

namespace framepath::compose {

class FollowTiles {
 public:
  // What tile i stands on in this tick. width 0: no picture, nothing to do.
  struct Picture {
    int32_t width = 0, height = 0;
    Box rect;  // of the tile on the canvas
    const TileInput* input = nullptr;
    bool moving = false;  // false: the picture is frozen, and so is the crop
  };

  void addTile(const TileSpec& spec);
  void removeTile(size_t tile);
  // Takes the new observations, decides and moves every crop by the time since the last tick.
  void advance(int64_t ptsUs, std::span<const Picture> pictures);
  // The crop of tile i in picture coordinates; valid after advance() with a picture.
  Box crop(size_t tile) const { return tiles_[tile].camera->crop(); }
  bool follows(size_t tile) const { return !tiles_[tile].claim.spec.module.empty(); }
  int64_t personIn(size_t tile) const { return tiles_[tile].claim.uid; }  // 0 = the wide shot
  std::vector<FollowStats> stats() const;

 private:
  struct Tile {
    int32_t number = 0;  // in the statistics
    Claim claim;
    size_t cast = 0;
    std::unique_ptr<FollowCamera> camera;
    int32_t pictureWidth = 0, pictureHeight = 0;
    Box rect;
    int64_t aimedAt = 0;  // the member the crop belongs to, also while it eases away from it
    int64_t ticks = 0, switches = 0, wideTicks = 0, measured = 0;
    double squares = 0, worst = 0;
    int past = 0;  // consecutive positions known, 0..2
    double x[2] = {}, y[2] = {};
  };
  struct CastEntry {
    int32_t source;
    std::string module;
    Cast cast;
  };
  void move(Tile& tile, const Picture& picture, double seconds);
  void measure(Tile& tile, bool cut, double seconds);
  static FollowStats statsOf(const Tile& tile);

  std::vector<Tile> tiles_;
  std::vector<CastEntry> casts_;
  std::vector<FollowStats> gone_;  // of tiles that were removed
  int32_t added_ = 0;
  int64_t lastUs_ = -1;
};

}  // namespace framepath::compose
