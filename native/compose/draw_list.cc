#include "compose/draw_list.h"

#include <algorithm>
#include <cmath>

#include "compose/canvas_launch.h"

namespace framepath::compose {
namespace {

int16_t cell(double pixels) {
  return static_cast<int16_t>(std::clamp(std::lround(pixels / 2), -16000L, 16000L));
}

}  // namespace

DrawList::DrawList(Device& device, Queue& queue, const ImageView& canvas) : device_(device), queue_(queue) {
  args_.canvas = canvas;
}

DrawItem& DrawList::add(const Box& box, DrawKind kind, Yuv color) {
  if (args_.count == kMaxDrawItems) flush();
  DrawItem& item = args_.items[args_.count++];
  item = {};
  item.x = cell(box.x1);
  item.y = cell(box.y1);
  item.width = static_cast<int16_t>(std::max(0, cell(box.x2) - item.x));
  item.height = static_cast<int16_t>(std::max(0, cell(box.y2) - item.y));
  item.kind = kind;
  item.size = 1;
  item.alpha = 128;
  std::ranges::copy(onCanvas(color, args_.canvas), item.color);
  return item;
}

void DrawList::fill(const Box& box, Yuv color, double alpha) {
  add(box, DrawKind::fill, color).alpha = static_cast<uint8_t>(std::lround(128 * alpha));
}

void DrawList::outline(const Box& box, int32_t thicknessCells, Yuv color) {
  add(box, DrawKind::outline, color).size = static_cast<uint8_t>(thicknessCells);
}

int32_t DrawList::textWidth(std::string_view text, int32_t size) {
  return static_cast<int32_t>(text.size()) * kGlyphWidth * size * 2;
}

void DrawList::text(int32_t x, int32_t y, int32_t size, std::string_view text, Yuv color) {
  text = text.substr(0, 255);
  if (characters_ + static_cast<int32_t>(text.size()) > kMaxDrawCharacters || args_.count == kMaxDrawItems) flush();
  const Box box{static_cast<float>(x), static_cast<float>(y), static_cast<float>(x + textWidth(text, size)),
                static_cast<float>(y + textHeight(size))};
  DrawItem& item = add(box, DrawKind::text, color);
  item.size = static_cast<uint8_t>(size);
  item.text = static_cast<int16_t>(characters_);
  item.length = static_cast<int16_t>(text.size());
  std::copy(text.begin(), text.end(), args_.characters + characters_);
  characters_ += static_cast<int32_t>(text.size());
}

void DrawList::label(int32_t x, int32_t y, int32_t size, std::string_view line, Yuv plate) {
  const int32_t margin = 2 * size, width = textWidth(line, size) + margin, height = textHeight(size) + margin;
  x = std::clamp(x, 0, std::max(0, args_.canvas.width - width)) / 2 * 2;
  y = std::clamp(y, 0, std::max(0, args_.canvas.height - height)) / 2 * 2;
  fill({static_cast<float>(x), static_cast<float>(y), static_cast<float>(x + width), static_cast<float>(y + height)},
       plate);
  text(x + margin, y + margin, size, line, plate.y > 128 ? Yuv{16, 128, 128} : Yuv{235, 128, 128});
}

void DrawList::flush() {
  if (args_.count) launchOnCanvas(device_, queue_, args_, Grid{args_.canvas.width / 2, args_.canvas.height / 2, 1});
  args_.count = 0;
  characters_ = 0;
}

}  // namespace framepath::compose
