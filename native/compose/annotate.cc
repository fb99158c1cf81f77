#include "compose/annotate.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace framepath::compose {
namespace {

// Chroma cells a font pixel: 32 pixels of text height at 1080 lines.
int32_t textSize(const ImageView& canvas) {
  return std::max(1, (canvas.height + 270) / 540);
}

std::string labelOf(const TileBoxes& boxes, size_t i) {
  const int32_t id = i < boxes.ids.size() ? boxes.ids[i] : 0;
  const int64_t track = i < boxes.tracks.size() ? boxes.tracks[i] : 0;
  std::string text = id ? "#" + std::to_string(id) : track ? "T" + std::to_string(track) : "";
  if (i < boxes.scores.size()) {
    char score[16];
    std::snprintf(score, sizeof score, "%.2f", static_cast<double>(boxes.scores[i]));
    text += (text.empty() ? "" : " ") + std::string(score);
  }
  return text;
}

}  // namespace

void annotate(DrawList& list, const TileBoxes& boxes, const Placement& place, bool labels, const ImageView& canvas) {
  const int32_t size = textSize(canvas);
  for (size_t i = 0; i < boxes.boxes.size(); i++) {
    const Box box = toCanvas(place, boxes.boxes[i]);
    if (box.width() < 4 || box.height() < 4) continue;
    const int64_t id = i < boxes.ids.size() ? boxes.ids[i] : 0, track = i < boxes.tracks.size() ? boxes.tracks[i] : 0;
    const Yuv color = paletteColor(id ? id : track);
    list.outline(box, size, color);
    const std::string text = labels ? labelOf(boxes, i) : "";
    if (text.empty()) continue;
    // Above the box where there is room in the tile, else inside it.
    const int32_t height = DrawList::textHeight(size) + 2 * size, width = DrawList::textWidth(text, size) + 2 * size;
    const int32_t top = static_cast<int32_t>(box.y1), left = static_cast<int32_t>(box.x1);
    list.label(std::clamp(left, place.x, std::max(place.x, place.x + place.width - width)),
               top - height >= place.y ? top - height : top, size, text, color);
  }
}

void drawTime(DrawList& list, int64_t ptsUs, const ImageView& canvas) {
  const int64_t ms = std::max<int64_t>(0, ptsUs) / 1000;
  char text[40];
  std::snprintf(text, sizeof text, "%lld:%02d:%02d.%03d", static_cast<long long>(ms / 3600000),
                static_cast<int>(ms / 60000 % 60), static_cast<int>(ms / 1000 % 60), static_cast<int>(ms % 1000));
  const int32_t size = textSize(canvas);
  list.label(canvas.width - DrawList::textWidth(text, size) - 12 * size,
             canvas.height - DrawList::textHeight(size) - 10 * size, size, text, {16, 128, 128});
}

void drawCard(DrawList& list, const Box& rect, const TileSpec& tile, const std::string& status, bool black,
              const ImageView& canvas) {
  list.fill(rect, black ? Yuv{16, 128, 128} : Yuv{52, 128, 128}, tile.alpha);
  if (black) return;
  const std::string name = tile.label.empty() ? "source " + std::to_string(tile.source) : tile.label;
  const std::string state = status.empty() ? "no signal" : status;
  std::vector<std::string> lines{name};
  for (size_t from = 0; from < state.size();) {  // "reconnecting, attempt 3" takes two
    const size_t to = std::min(state.find(", ", from), state.size());
    lines.push_back(state.substr(from, to - from));
    from = to + 2;
  }
  int32_t size = textSize(canvas) * 2;
  const auto tooWide = [&](const std::string& line) {
    return static_cast<float>(DrawList::textWidth(line, size)) > rect.width() * 0.8f;
  };
  while (size > 1 && std::any_of(lines.begin() + 1, lines.end(), tooWide)) size--;
  const size_t fits = static_cast<size_t>(std::max(0.0f, rect.width() - 8) / (kGlyphWidth * 2 * size));
  const auto half = static_cast<int32_t>(lines.size()) * DrawList::textHeight(size) / 2;
  int32_t y = static_cast<int32_t>((rect.y1 + rect.y2) / 2) - half;
  for (const std::string& line : lines) {
    const std::string text = line.substr(0, fits);
    const int32_t x = static_cast<int32_t>((rect.x1 + rect.x2 - DrawList::textWidth(text, size)) / 2);
    if (y >= rect.y1 && y + DrawList::textHeight(size) <= rect.y2) list.text(x, y, size, text, {180, 128, 128});
    y += DrawList::textHeight(size);
  }
}

}  // namespace framepath::compose
