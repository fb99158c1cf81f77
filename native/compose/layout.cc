#include "compose/layout.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace framepath::compose {
namespace {

[[noreturn]] void refuse(const std::string& sentence, const std::string& hint = {}) {
  throw Error(ErrorCode::INVALID_ARGUMENT, sentence, hint);
}

int32_t even(double v) {
  return static_cast<int32_t>(std::lround(v / 2)) * 2;
}

// Edges of part `i` of `n` parts of a length with gaps between them.
struct Span {
  int32_t from, to;
};
Span part(int32_t i, int32_t n, int32_t length, int32_t gap) {
  const double step = static_cast<double>(length + gap) / n;
  return {even(i * step), std::max(even(i * step) + 2, even((i + 1) * step - gap))};
}

Box boxOf(const Span& x, const Span& y) {
  return {static_cast<float>(x.from), static_cast<float>(y.from), static_cast<float>(x.to), static_cast<float>(y.to)};
}

Box gridCell(int32_t i, int32_t n, const LayoutSpec& spec, int32_t width) {
  const int32_t columns = static_cast<int32_t>(std::ceil(std::sqrt(n))), rows = (n + columns - 1) / columns;
  const int32_t row = i / columns, inRow = row + 1 < rows ? columns : n - columns * (rows - 1);
  Span x = part(i % columns, columns, width, spec.gap);
  const int32_t shift = even((columns - inRow) * static_cast<double>(width + spec.gap) / columns / 2);
  if (inRow < columns) x = {x.from + shift, std::min(width, x.to + shift)};
  return boxOf(x, part(row, rows, spec.height, spec.gap));
}

Box focusCell(int32_t i, int32_t n, const LayoutSpec& spec) {
  if (n == 1) return boxOf({0, spec.width}, {0, spec.height});
  const int32_t large = even(spec.width * 0.75 - spec.gap / 2.0);
  if (i == 0) return boxOf({0, large}, {0, spec.height});
  return boxOf({std::min(spec.width - 2, even(large + spec.gap)), spec.width},
               part(i - 1, n - 1, spec.height, spec.gap));
}

}  // namespace

void checkLayout(const LayoutSpec& spec) {
  auto number = [](auto v) { return std::to_string(v); };
  if (spec.width < 16 || spec.height < 16 || spec.width > 16384 || spec.height > 16384 || spec.width % 2 ||
      spec.height % 2)
    refuse("Expected an even canvas of 16 to 16384 pixels a side but received " + number(spec.width) + "x" +
           number(spec.height) + ".");
  if (spec.tiles.empty() || spec.tiles.size() > kMaxTiles)
    refuse("Expected 1 to " + number(kMaxTiles) + " tiles but received " + number(spec.tiles.size()) + ".");
  if (spec.gap < 0 || spec.gap > std::min(spec.width, spec.height) / 32)
    refuse("Expected gap from 0 to " + number(std::min(spec.width, spec.height) / 32) + " pixels but received " +
           number(spec.gap) + ".");
  if (spec.fpsNum < 0 || spec.fpsDen <= 0) refuse("Expected a positive canvas frame rate.");
  if (!(spec.redact.strength > 0) || !(spec.redact.margin >= 0))
    refuse("Expected redact.strength above 0 and redact.margin from 0.");
  if (const double lookAhead = spec.redact.lookAheadMs.value_or(0); !(lookAhead >= 0 && lookAhead <= kMostLookAheadMs))
    refuse("Expected redact.lookAheadMs from 0 to " + number(static_cast<int>(kMostLookAheadMs)) + ".");
  for (const TileSpec& tile : spec.tiles) {
    if (!(tile.alpha >= 0 && tile.alpha <= 1))
      refuse("Expected alpha from 0 to 1 but received " + number(tile.alpha) + ".");
    if (spec.kind == LayoutKind::custom) {
      const Box& r = tile.rect;
      if (!(r.x1 >= 0 && r.y1 >= 0 && r.x2 <= spec.width && r.y2 <= spec.height && r.width() >= 2 && r.height() >= 2))
        refuse("A tile's rectangle lies outside the canvas or is smaller than 2x2 pixels.",
               "Give rect as [x1, y1, x2, y2] in canvas pixels.");
    }
    const FollowSpec& f = tile.follow;
    if (!f.module.empty() &&
        (!(f.zoom >= 1 && f.zoom <= 100) || !(f.minHoldMs >= 0) || !(f.responseMs >= 10) || f.value < 0))
      refuse("Expected follow with zoom from 1 to 100, minHoldMs from 0, responseMs from 10 and a value from 0.");
  }
}

std::vector<Box> layoutRects(const LayoutSpec& spec, const std::vector<bool>& visible) {
  checkLayout(spec);
  if (visible.size() != spec.tiles.size()) refuse("Expected one visibility per tile.");
  const int32_t n = static_cast<int32_t>(std::count(visible.begin(), visible.end(), true));
  std::vector<Box> rects(visible.size());
  int32_t place = 0;
  for (size_t i = 0; i < rects.size(); i++) {
    if (!visible[i]) continue;
    const int32_t at = place++;
    switch (spec.kind) {
      case LayoutKind::split: rects[i] = boxOf(part(at, n, spec.width, spec.gap), {0, spec.height}); break;
      case LayoutKind::grid: rects[i] = gridCell(at, n, spec, spec.width); break;
      case LayoutKind::focus: rects[i] = focusCell(at, n, spec); break;
      case LayoutKind::custom: {
        const Box& r = spec.tiles[i].rect;
        const int32_t x = std::min(even(r.x1), spec.width - 2), y = std::min(even(r.y1), spec.height - 2);
        rects[i] = boxOf({x, std::max(x + 2, even(r.x2))}, {y, std::max(y + 2, even(r.y2))});
        break;
      }
    }
  }
  return rects;
}

Placement placeFit(const Box& tile, Fit fit, int32_t pictureWidth, int32_t pictureHeight) {
  const double w = pictureWidth, h = pictureHeight, tw = tile.width(), th = tile.height();
  auto whole = [&](double sw, double sh) {
    return Box{static_cast<float>((w - sw) / 2), static_cast<float>((h - sh) / 2), static_cast<float>((w + sw) / 2),
               static_cast<float>((h + sh) / 2)};
  };
  Placement p{whole(w, h), static_cast<int32_t>(tile.x1), static_cast<int32_t>(tile.y1), static_cast<int32_t>(tw),
              static_cast<int32_t>(th)};
  auto centreIn = [&](double dw, double dh) {
    p.width = std::clamp(even(dw), 2, p.width);
    p.height = std::clamp(even(dh), 2, p.height);
    p.x += even((tw - p.width) / 2);
    p.y += even((th - p.height) / 2);
    p.x = std::min(p.x, static_cast<int32_t>(tile.x2) - p.width);
    p.y = std::min(p.y, static_cast<int32_t>(tile.y2) - p.height);
  };
  // The odd row or column that an even canvas has no place for is cut off: a pixel stays a pixel.
  if (fit != Fit::centerCrop && w - tw >= 0 && w - tw < 2 && h - th >= 0 && h - th < 2) fit = Fit::centerCrop;
  switch (fit) {
    case Fit::stretch: break;
    case Fit::cover: p.source = w * th > h * tw ? whole(h * tw / th, h) : whole(w, w * th / tw); break;
    case Fit::contain: {
      const double scale = std::min(tw / w, th / h);
      centreIn(w * scale, h * scale);
      break;
    }
    case Fit::centerCrop: {
      // Down to an even size, so that a pixel stays a pixel.
      centreIn(std::min(tw, std::floor(w / 2) * 2), std::min(th, std::floor(h / 2) * 2));
      const double sw = std::min<double>(p.width, w), sh = std::min<double>(p.height, h);
      const double x = std::floor((w - sw) / 4) * 2, y = std::floor((h - sh) / 4) * 2;
      p.source = {static_cast<float>(x), static_cast<float>(y), static_cast<float>(x + sw), static_cast<float>(y + sh)};
      break;
    }
  }
  return p;
}

Box toCanvas(const Placement& p, const Box& box) {
  const float sx = p.width / p.source.width(), sy = p.height / p.source.height();
  const float left = static_cast<float>(p.x), top = static_cast<float>(p.y);
  Box out{left + (box.x1 - p.source.x1) * sx, top + (box.y1 - p.source.y1) * sy, left + (box.x2 - p.source.x1) * sx,
          top + (box.y2 - p.source.y1) * sy};
  out = {std::max(out.x1, left), std::max(out.y1, top), std::min(out.x2, left + p.width),
         std::min(out.y2, top + p.height)};
  if (!(out.x2 > out.x1 && out.y2 > out.y1)) return {};
  return out;
}

}  // namespace framepath::compose
