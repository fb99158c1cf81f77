// Tiles of the composition: which there are at a tick, and what each of them shows.
#include <algorithm>

#include "graph/composition.h"

namespace framepath::graph {
namespace {

// A reserved tile without its source has a number of its own below 0, the same for all tiles of one id.
int32_t reservedNumber(const std::vector<compose::TileSpec>& tiles, const std::string& id) {
  const auto first = std::ranges::find(tiles, id, &compose::TileSpec::reserved);
  return -1 - static_cast<int32_t>(first - tiles.begin());
}

std::string canvasOf(const compose::LayoutSpec& layout) {
  return std::to_string(layout.width) + "x" + std::to_string(layout.height) + " pixels at " +
         std::to_string(layout.fpsNum) + "/" + std::to_string(layout.fpsDen) + " pictures a second";
}

}  // namespace

void Composition::numberReserved(std::vector<compose::TileSpec>& tiles) {
  for (compose::TileSpec& tile : tiles)
    if (!tile.reserved.empty()) tile.source = reservedNumber(tiles, tile.reserved);
}

// Sources that joined get their tile, those that were taken out lose theirs, or leave it to whoever has their id next.
void Composition::changeTiles() {
  for (auto& [number, queue] : sources_) {
    const bool removed = queue.state == CanvasState::removed;
    for (size_t t = tiles_.size(); t-- > 0;) {
      compose::TileSpec& tile = tiles_[t];
      if (!tile.reserved.empty()) {
        if (removed && tile.source == number) tile.source = reservedNumber(tiles_, tile.reserved);
        if (!removed && tile.reserved == queue.id && tile.source < number) tile.source = number;
      } else if (removed && tile.source == number) {
        composer_->removeTile(t);
        tiles_.erase(tiles_.begin() + static_cast<ptrdiff_t>(t));
      }
    }
    if (removed || queue.tiled || queue.state == CanvasState::joining) continue;
    queue.tiled = true;
    if (!queue.current && queue.waiting.empty()) continue;
    composer_->addTile(tiles_.emplace_back(tileOf(number, queue)));
  }
  std::erase_if(sources_, [&](const auto& item) {
    if (item.second.state != CanvasState::removed) return false;
    gone_[item.first] = item.second.counts;
    return true;
  });
}

compose::TileSpec Composition::tileOf(int32_t number, const CanvasSource& queue) {
  compose::TileSpec tile;
  tile.source = number;
  tile.label = queue.id;
  return tile;
}

// The tiles of a layout with the sources there are. Throws INVALID_ARGUMENT.
std::vector<compose::TileSpec> Composition::tilesOf(const compose::LayoutSpec& layout) const {
  std::vector<compose::TileSpec> tiles;
  if (layout.perSource) {
    for (const auto& [number, queue] : sources_)
      if (queue.state != CanvasState::removed && queue.state != CanvasState::joining)
        tiles.push_back(tileOf(number, queue));
    return tiles;
  }
  tiles = layout.tiles;
  numberReserved(tiles);
  for (compose::TileSpec& tile : tiles) {
    const auto known = sources_.find(tile.source);
    if (!tile.reserved.empty())
      tile.label = tile.reserved;
    else if (known != sources_.end() && known->second.state != CanvasState::removed)
      tile.label = known->second.id;
    else
      throw Error(ErrorCode::INVALID_ARGUMENT,
                  "A tile shows source " + std::to_string(tile.source) + ", which is not in the run.",
                  "Name sources that are in it, or reserve the tile by an id.");
  }
  return tiles;
}

void Composition::setLayout(compose::LayoutSpec layout, int64_t transitionUs) {
  const std::vector<std::string> read = modulesOf(options_.layout);
  for (const std::string& name : modulesOf(layout)) {
    if (std::ranges::find(read, name) != read.end()) continue;
    Error error(ErrorCode::GRAPH_INVALID,
                "The layout reads module \"" + name + "\", whose results this composition does not get.",
                "Name the module in the layout that the run starts with.");
    error.module = name;
    throw error;
  }
  std::lock_guard lock(mutex_);
  if (layout.width <= 0 || layout.height <= 0) layout.width = layout_.width, layout.height = layout_.height;
  if (layout.fpsNum <= 0) layout.fpsNum = layout_.fpsNum, layout.fpsDen = layout_.fpsDen;
  if (layout.width != layout_.width || layout.height != layout_.height ||
      int64_t{layout.fpsNum} * layout_.fpsDen != int64_t{layout_.fpsNum} * layout.fpsDen)
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "The layout is of " + canvasOf(layout) + ", and the canvas of " + canvasOf(layout_) + ".",
                "A run keeps the size and the rate of its canvas: leave them out.");
  layout.fpsNum = layout_.fpsNum, layout.fpsDen = layout_.fpsDen;
  compose::LayoutSpec checked = layout;
  checked.tiles = tilesOf(layout);
  compose::checkLayout(checked);
  change_ = LayoutChange{std::move(layout), transitionUs, {}, {}};
}

// Takes the layout that was asked for; what the tiles before it show is kept for the transition.
std::optional<Composition::LayoutChange> Composition::takeLayout(int64_t tickUs) {
  if (!change_) return std::nullopt;
  LayoutChange change = std::move(*std::exchange(change_, std::nullopt));
  if (change.transitionUs > 0) change.before = inputsAt(tickUs);
  const std::vector<compose::TileSpec> old = std::exchange(tiles_, {});
  // A source that was taken out meanwhile loses its tile here.
  std::erase_if(change.layout.tiles, [&](const compose::TileSpec& tile) {
    return tile.reserved.empty() && !sources_.contains(tile.source);
  });
  layout_ = change.layout;
  tiles_ = tilesOf(layout_);
  for (auto& [number, queue] : sources_) {
    for (compose::TileSpec& tile : tiles_)
      if (!tile.reserved.empty() && tile.reserved == queue.id) tile.source = std::max(tile.source, number);
    queue.tiled = !layout_.perSource || queue.state != CanvasState::joining;
    setLookAhead(number);
  }
  for (const compose::TileSpec& tile : tiles_) {
    const auto same = std::ranges::find_if(old, [&](const compose::TileSpec& other) {
      return other.source == tile.source && (tile.source >= 0 || other.reserved == tile.reserved);
    });
    change.same.push_back(same == old.end() ? -1 : static_cast<int32_t>(same - old.begin()));
  }
  change.layout.tiles = tiles_;
  return change;
}

// Whether a note replaces the picture. A source that is over is shown as LayoutSpec::whenEnded has it, and where tiles
// without a picture are left out, one that never had any is.
bool Composition::showsCard(const CanvasSource& queue, bool over) const {
  using compose::WhenEnded;
  return over ? layout_.whenEnded == WhenEnded::hold : queue.seen || layout_.whenEnded != WhenEnded::relayout;
}

compose::TileInput Composition::inputOf(const compose::TileSpec& tile, int64_t tickUs) const {
  compose::TileInput input;
  const auto found = sources_.find(tile.source);
  const CanvasSource* const queue = found == sources_.end() ? nullptr : &found->second;
  const bool over = queue && queue->over(tickUs), failed = queue && queue->state == CanvasState::failed;
  input.state = over                      ? (failed ? compose::TileState::failed : compose::TileState::ended)
                : queue && queue->current ? compose::TileState::live
                                          : compose::TileState::starting;
  std::string note = queue ? queue->note : "";
  if (note.empty() && input.state == compose::TileState::starting && !tile.reserved.empty()) note = "starting";
  if (!note.empty() && (queue ? showsCard(*queue, over) : layout_.whenEnded != compose::WhenEnded::relayout)) {
    input.state = compose::TileState::stale;
    input.status = note;
    return input;
  }
  if (queue && queue->live && over) input.status = failed ? "failed" : "ended";
  if (!queue || !queue->current) return input;
  input.frame = queue->current->frame;  // the first tick past the end too: the composer copies it to hold
  input.fresh = queue->current->fresh;
  input.observations = queue->current->boxes;
  for (compose::TileBoxes& boxes : input.observations) queue->ids.fill(boxes);
  input.coming = queue->coming(layout_.redact.module);
  return input;
}

// What every tile shows at a tick. Frames that are over go to past_.
std::vector<compose::TileInput> Composition::inputsAt(int64_t tickUs) {
  const auto staleUs = static_cast<int64_t>(layout_.staleAfterMs * 1000);
  for (auto& [number, queue] : sources_) {
    queue.advance(tickUs, past_);
    queue.noteCard(tickUs, staleUs);
  }
  std::vector<compose::TileInput> inputs;
  for (const compose::TileSpec& tile : tiles_) inputs.push_back(inputOf(tile, tickUs));
  return inputs;
}

// When the oldest picture of a live source that this tick shows first was read; 0: there is none.
int64_t Composition::oldestNewNs() const {
  int64_t oldest = 0;
  for (const auto& [number, queue] : sources_)
    if (queue.live && queue.current && queue.current->fresh && (oldest == 0 || queue.current->readNs < oldest))
      oldest = queue.current->readNs;
  return oldest;
}

CanvasCounts Composition::countsOf(int32_t source) const {
  std::lock_guard lock(mutex_);
  const auto known = sources_.find(source);
  if (known != sources_.end()) return known->second.counts;
  const auto gone = gone_.find(source);
  return gone == gone_.end() ? CanvasCounts{} : gone->second;
}

}  // namespace framepath::graph
