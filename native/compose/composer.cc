#include "compose/composer.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "compose/annotate.h"
#include "compose/canvas_launch.h"
#include "compose/follow.h"
#include "compose/hidden_boxes.h"
#include "compose/redactor.h"
#include "core/error.h"

namespace framepath::compose {
namespace {

constexpr int64_t kStaleBoxesUs = 1'000'000;  // boxes of a module that stopped speaking are drawn no longer than this

// What a tile shows: a live frame, or the copy of the last one.
struct Picture {
  ImageView view;
  int32_t width = 0, height = 0;
  FrameRef frame;  // null for a copy
};

struct Held {
  Image image;
  int32_t width = 0, height = 0;
};

struct LatestBoxes {
  TileBoxes boxes;
  int64_t atUs = 0;
};

struct Tile {
  TileSpec spec;
  TileState state = TileState::starting;
  std::optional<Picture> picture;  // this tick
  std::shared_ptr<Held> held;
  std::weak_ptr<const Frame> last;  // in case the engine released it without passing it again
  std::vector<LatestBoxes> latest;  // of each module, as of the tile's picture
  HiddenBoxes hidden;
  std::string hiddenOf;     // the module that `hidden` is about
  std::vector<Box> coming;  // hidden too, before they are found
  std::string status;

  bool over() const { return state == TileState::ended || state == TileState::failed; }
};

// A canvas that fades out.
struct Fade {
  FrameRef before;
  int64_t us = 0;
  int64_t startUs = -1;
};

ComposeTile kernelTile(const Picture& picture, const Placement& place, float alpha, const ImageView& canvas) {
  const double sx = static_cast<double>(picture.view.width) / picture.width;
  const double sy = static_cast<double>(picture.view.height) / picture.height;
  auto fixed = [](double v) { return static_cast<int32_t>(std::lround(v * 256)); };
  ComposeTile tile{};
  const Box& s = place.source;
  placeComposeTile(tile, picture.view, fixed(s.x1 * sx), fixed(s.y1 * sy), std::max(1, fixed((s.x2 - s.x1) * sx)),
                   std::max(1, fixed((s.y2 - s.y1) * sy)), place.x, place.y, place.width, place.height);
  tile.alpha = static_cast<int32_t>(std::lround(alpha * 256));
  setTileColor(tile, canvas.matrix, canvas.range, canvas.format.depth);
  return tile;
}

bool overlap(const Placement& a, const Placement& b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

class DeviceComposer : public Composer {
 public:
  DeviceComposer(const LayoutSpec& spec, std::shared_ptr<Device> device, const CanvasFormat& canvas, int32_t canvases)
      : spec_(spec),
        transfer_(canvas.transfer),
        device_(std::move(device)),
        queue_(device_->openQueue()),
        pool_(static_cast<size_t>(canvases),
              [device = device_, format = canvas.format, width = spec.width, height = spec.height] {
                return std::make_unique<Image>(allocateImage(*device, format, width, height));
              }),
        redactor_(std::in_place, device_, spec.redact) {
    for (const TileSpec& tile : spec.tiles) append(tile);
  }

  void addTile(const TileSpec& tile) override {
    LayoutSpec larger = spec_;
    larger.tiles.push_back(tile);
    checkLayout(larger);
    spec_ = std::move(larger);
    append(tile);
    visible_.clear();
  }

  void removeTile(size_t tile) override {
    const auto at = static_cast<ptrdiff_t>(tile);
    spec_.tiles.erase(spec_.tiles.begin() + at);
    tiles_.erase(tiles_.begin() + at);
    follow_.removeTile(tile);
    visible_.clear();
  }

  void setLayout(const LayoutSpec& spec, std::span<const int32_t> same, FrameRef before,
                 int64_t transitionUs) override {
    checkLayout(spec);
    queue_->synchronize();  // what is released is not drawn any more
    const std::vector<Tile> old = std::exchange(tiles_, {});
    for (size_t t = old.size(); t-- > 0;) follow_.removeTile(t);
    spec_ = spec;
    redactor_.emplace(device_, spec.redact);
    for (size_t i = 0; i < spec.tiles.size(); i++) {
      append(spec.tiles[i]);
      if (same[i] < 0) continue;
      tiles_[i] = old[static_cast<size_t>(same[i])];
      tiles_[i].spec = spec.tiles[i];
    }
    visible_.clear();
    fade_.reset();
    if (before) fade_ = Fade{std::move(before), std::max<int64_t>(1, transitionUs)};
  }

  FrameRef compose(int64_t tick, int64_t ptsUs, std::span<const TileInput> inputs) override {
    if (inputs.size() != tiles_.size())
      throw Error(ErrorCode::INTERNAL, "The composer has " + std::to_string(tiles_.size()) + " tiles but received " +
                                           std::to_string(inputs.size()) + " inputs.");
    std::shared_ptr<Image> canvas = pool_.lease();
    if (!canvas) return nullptr;
    const bool wide = transfer_ != ColorTransfer::sdr;
    canvas->view.matrix = wide ? ColorMatrix::bt2020 : ColorMatrix::bt709;
    canvas->view.primaries = wide ? ColorPrimaries::bt2020 : ColorPrimaries::bt709;
    canvas->view.transfer = transfer_;
    canvas->view.range = ColorRange::limited;

    for (size_t i = 0; i < tiles_.size(); i++) take(tiles_[i], inputs[i], ptsUs);
    place();
    follow(ptsUs, inputs);
    paint(canvas->view, ptsUs);

    const Fence done = queue_->record();
    if (faded_) std::exchange(faded_, nullptr)->addReadFence(done);
    for (Tile& tile : tiles_) {
      if (tile.picture && tile.picture->frame) tile.picture->frame->addReadFence(done);
      tile.picture.reset();
    }
    const ImageView view = canvas->view;
    auto frame = std::make_shared<Frame>(view, view.width, view.height, std::move(canvas), done);
    frame->ptsUs = ptsUs;
    frame->index = tick;
    return frame;
  }

  std::vector<FollowStats> followStats() const override { return follow_.stats(); }
  void close() override { pool_.close(); }

 private:
  void append(const TileSpec& spec) {
    tiles_.emplace_back().spec = spec;
    follow_.addTile(spec);
  }

  void take(Tile& tile, const TileInput& input, int64_t ptsUs) {
    tile.state = input.state;
    tile.status = input.status;
    if (tile.state == TileState::stale) {
      if (tile.held) queue_->synchronize();  // it is still drawn
      tile.held.reset();
      tile.latest.clear();
      return;
    }
    for (const TileBoxes& boxes : input.observations) {
      auto same = [&](const LatestBoxes& s) { return s.boxes.module == boxes.module; };
      auto found = std::find_if(tile.latest.begin(), tile.latest.end(), same);
      if (found == tile.latest.end())
        tile.latest.push_back({boxes, ptsUs});
      else
        *found = {boxes, ptsUs};
    }
    if (!spec_.redact.module.empty() && (input.fresh || (input.frame && tile.hiddenOf != spec_.redact.module))) {
      if (tile.hiddenOf != spec_.redact.module) tile.hidden = HiddenBoxes();
      tile.hiddenOf = spec_.redact.module;
      hide(tile.hidden, input.observations, ptsUs);
    }
    if (input.frame) tile.coming = input.coming;
    FrameRef frame = input.frame;
    if (tile.over() && spec_.whenEnded == WhenEnded::hold) {
      if (!frame) frame = tile.last.lock();
      if (frame && !tile.held) tile.held = copy(*frame);
      if (tile.held) tile.picture = Picture{tile.held->image.view, tile.held->width, tile.held->height, nullptr};
      return;
    }
    if (tile.over()) {
      tile.held.reset();
      return;
    }
    if (!frame) return;
    queue_->wait(frame->ready);
    tile.last = frame;
    tile.held.reset();
    tile.picture = Picture{frame->view, frame->width, frame->height, frame};
  }

  void hide(HiddenBoxes& hidden, const std::vector<TileBoxes>& observations, int64_t ptsUs) const {
    for (const TileBoxes& boxes : observations)
      if (boxes.module == spec_.redact.module) return hidden.found(ptsUs, boxes.boxes);
    hidden.noResult(ptsUs);
  }

  std::shared_ptr<Held> copy(const Frame& frame) {
    auto held = std::make_shared<Held>();
    held->image = allocateImage(*device_, frame.view.format, frame.view.width, frame.view.height);
    held->image.view.matrix = frame.view.matrix;
    held->image.view.range = frame.view.range;
    held->image.view.transfer = frame.view.transfer;
    held->image.view.primaries = frame.view.primaries;
    held->width = frame.width;
    held->height = frame.height;
    queue_->wait(frame.ready);
    copyImage(*device_, *queue_, held->image.view, frame.view, CopyKind::internal);
    frame.addReadFence(queue_->record());
    return held;
  }

  // Which tiles are in the layout, and where.
  void place() {
    std::vector<bool> visible(tiles_.size(), true);
    if (spec_.whenEnded == WhenEnded::relayout)
      for (size_t i = 0; i < tiles_.size(); i++)
        visible[i] = !tiles_[i].over() && (tiles_[i].picture.has_value() || tiles_[i].state == TileState::stale);
    if (visible == visible_ || tiles_.empty()) return;
    visible_ = visible;
    rects_ = layoutRects(spec_, visible);
  }

  void follow(int64_t ptsUs, std::span<const TileInput> inputs) {
    std::vector<FollowTiles::Picture> pictures(tiles_.size());
    for (size_t i = 0; i < tiles_.size(); i++) {
      const Tile& tile = tiles_[i];
      if (tile.picture && visible_[i])
        pictures[i] = {tile.picture->width, tile.picture->height, rects_[i], &inputs[i],
                       tile.picture->frame != nullptr};
    }
    follow_.advance(ptsUs, pictures);
  }

  Placement placement(size_t i) const {
    const Picture& picture = *tiles_[i].picture;
    Placement place =
        placeFit(rects_[i], follow_.follows(i) ? Fit::stretch : tiles_[i].spec.fit, picture.width, picture.height);
    if (follow_.follows(i)) place.source = follow_.crop(i);
    return place;
  }

  // Tiles from back to front. Tiles that do not touch share a launch; before one that lies over another is painted,
  // what belongs on the lower one (redaction, boxes) is finished.
  void paint(const ImageView& canvas, int64_t ptsUs) {
    std::vector<size_t> order;
    for (size_t i = 0; i < tiles_.size(); i++)
      if (visible_[i]) order.push_back(i);
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return tiles_[a].spec.z < tiles_[b].spec.z; });

    ComposeArgs args{};
    args.canvas = canvas;
    const uint8_t* background = spec_.background;
    std::ranges::copy(onCanvas({background[0], background[1], background[2]}, canvas), args.background);
    args.clear = true;
    DrawList list(*device_, *queue_, canvas);
    std::vector<std::pair<size_t, Placement>> group;
    auto finishGroup = [&] {
      const Grid grid = composeGrid(args);
      if (args.clear || args.count) launchOnCanvas(*device_, *queue_, args, grid);
      args.clear = false;
      args.count = 0;
      for (const auto& [i, place] : group) hideBoxes(tiles_[i], place, canvas);
      for (const auto& [i, place] : group) drawBoxes(list, tiles_[i], place, canvas, ptsUs);
      list.flush();
      group.clear();
    };
    for (size_t i : order) {
      const Tile& tile = tiles_[i];
      const bool card =
          tile.state == TileState::stale || (!tile.picture && tile.over() && spec_.whenEnded != WhenEnded::relayout);
      if (!tile.picture && !card) continue;
      const Box& rect = rects_[i];
      const Placement place = card ? Placement{{},
                                               static_cast<int32_t>(rect.x1),
                                               static_cast<int32_t>(rect.y1),
                                               static_cast<int32_t>(rect.width()),
                                               static_cast<int32_t>(rect.height())}
                                   : placement(i);
      if (card || std::any_of(group.begin(), group.end(), [&](auto& other) { return overlap(other.second, place); }))
        finishGroup();
      if (card) {
        drawCard(list, rect, tile.spec, tile.status, tile.over() && spec_.whenEnded == WhenEnded::black, canvas);
        list.flush();
        continue;
      }
      args.tiles[args.count++] = kernelTile(*tile.picture, place, tile.spec.alpha, canvas);
      group.emplace_back(i, place);
    }
    finishGroup();
    fade(canvas, ptsUs);
    if (spec_.draw.time) drawTime(list, ptsUs, canvas);
    list.flush();
  }

  // The last canvas of the layout before, over this one: less of it with every tick.
  void fade(const ImageView& canvas, int64_t ptsUs) {
    if (!fade_) return;
    if (fade_->startUs < 0) fade_->startUs = ptsUs;
    const double share = 1 - static_cast<double>(ptsUs - fade_->startUs) / static_cast<double>(fade_->us);
    if (share > 0) {
      const Frame& before = *fade_->before;
      ComposeArgs args{};
      args.canvas = canvas;
      args.count = 1;
      const Placement whole{{0, 0, static_cast<float>(before.width), static_cast<float>(before.height)},
                            0,
                            0,
                            canvas.width,
                            canvas.height};
      args.tiles[0] =
          kernelTile({before.view, before.width, before.height, nullptr}, whole, static_cast<float>(share), canvas);
      launchOnCanvas(*device_, *queue_, args, composeGrid(args));
      faded_ = fade_->before;
    } else {
      fade_.reset();
    }
  }

  void hideBoxes(const Tile& tile, const Placement& place, const ImageView& canvas) {
    if (spec_.redact.module.empty()) return;
    if (tile.hidden.blind()) return redactor_->hide(*queue_, canvas, place, place.source);
    std::vector<Box> boxes = tile.hidden.boxes();
    boxes.insert(boxes.end(), tile.coming.begin(), tile.coming.end());
    redactor_->hide(*queue_, canvas, place, boxes);
  }

  void drawBoxes(DrawList& list, const Tile& tile, const Placement& place, const ImageView& canvas, int64_t ptsUs) {
    if (spec_.draw.boxes.empty()) return;
    for (const LatestBoxes& latest : tile.latest)
      if (latest.boxes.module == spec_.draw.boxes && (tile.held || ptsUs - latest.atUs <= kStaleBoxesUs))
        annotate(list, latest.boxes, place, spec_.draw.labels, canvas);
  }

  LayoutSpec spec_;
  const ColorTransfer transfer_;
  std::shared_ptr<Device> device_;
  std::unique_ptr<Queue> queue_;
  Pool<Image> pool_;
  std::optional<Redactor> redactor_;
  std::optional<Fade> fade_;
  FrameRef faded_;  // read by the canvas that is drawn
  std::vector<Tile> tiles_;
  FollowTiles follow_;
  std::vector<bool> visible_;
  std::vector<Box> rects_;
};

}  // namespace

std::unique_ptr<Composer> makeComposer(const LayoutSpec& spec, std::shared_ptr<Device> device,
                                       const CanvasFormat& canvas, int32_t canvases) {
  checkLayout(spec);
  const PixelFormat& format = canvas.format;
  const bool deep = canvas.transfer != ColorTransfer::sdr;
  if (!(format == (deep ? pixelFormat::yuv420p10 : pixelFormat::yuv420p)) &&
      !(format == (deep ? pixelFormat::p010 : pixelFormat::nv12)))
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "A canvas is yuv420p or nv12 of 8 bits or, of high dynamic range, yuv420p10 or p010.");
  if (canvases < 1)
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "Expected at least 1 canvas but received " + std::to_string(canvases) + ".");
  return std::make_unique<DeviceComposer>(spec, std::move(device), canvas, canvases);
}

}  // namespace framepath::compose
