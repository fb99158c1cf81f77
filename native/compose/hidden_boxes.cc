#include "compose/hidden_boxes.h"

#include <algorithm>
#include <cmath>

namespace framepath::compose {
namespace {

constexpr double kGrowth = 0.5;       // a second missing adds this part of the size at every side
constexpr float kSpeedShare = 0.25f;  // of the latest step in the speed

// The same person a moment later: boxes that touch and are of a size.
bool near(const Box& was, const Box& is) {
  const float dx = std::fabs(was.x1 + was.x2 - is.x1 - is.x2) / 2, dy = std::fabs(was.y1 + was.y2 - is.y1 - is.y2) / 2;
  const float ratio = is.area() / std::max(1.0f, was.area());
  return dx < (was.width() + is.width()) / 2 && dy < (was.height() + is.height()) / 2 && ratio > 0.4f && ratio < 2.5f;
}

}  // namespace

// Where an entry's box is by now.
Box HiddenBoxes::at(const Entry& entry, int64_t nowUs) const {
  const auto seconds = static_cast<float>(std::min(nowUs - entry.seenUs, holdUs_)) / 1e6f;
  const float grow = static_cast<float>(kGrowth) * seconds;
  const float dx = grow * entry.box.width(), dy = grow * entry.box.height();
  const float x = entry.speedX * seconds, y = entry.speedY * seconds;
  return {entry.box.x1 + x - dx, entry.box.y1 + y - dy, entry.box.x2 + x + dx, entry.box.y2 + y + dy};
}

void HiddenBoxes::found(int64_t nowUs, const std::vector<Box>& boxes) {
  blind_ = boxes.size() > kMostBoxes;
  if (blind_) return refresh(nowUs);  // who was hidden before still is when there are fewer again
  // Every box of now continues the nearest one that it can; a box is continued once.
  std::vector<Entry> now;
  for (const Box& box : boxes) {
    auto best = entries_.end();
    float most = -1;
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      const Box expected = at(*it, nowUs);
      if (!near(expected, box)) continue;
      const float overlap = intersectionOverUnion(expected, box);
      if (overlap > most) {
        most = overlap;
        best = it;
      }
    }
    Entry entry{box, nowUs};
    if (best != entries_.end()) {
      const float seconds = static_cast<float>(std::max<int64_t>(1, nowUs - best->seenUs)) / 1e6f;
      const float dx = (box.x1 + box.x2 - best->box.x1 - best->box.x2) / 2,
                  dy = (box.y1 + box.y2 - best->box.y1 - best->box.y2) / 2;
      entry.speedX = best->speedX + kSpeedShare * (dx / seconds - best->speedX);
      entry.speedY = best->speedY + kSpeedShare * (dy / seconds - best->speedY);
      entries_.erase(best);
    }
    now.push_back(entry);
  }
  for (Entry& entry : entries_) {
    entry.missed++;
    if (nowUs - entry.seenUs <= holdUs_ || entry.missed <= kHoldPictures) now.push_back(entry);
  }
  if (now.size() > kMostEntries) {
    now.resize(kMostEntries);
    blind_ = true;
  }
  entries_ = std::move(now);
  refresh(nowUs);
}

void HiddenBoxes::noResult(int64_t nowUs) {
  blind_ = true;
  refresh(nowUs);
}

std::vector<Box> HiddenBoxes::missing() const {
  std::vector<Box> boxes;
  for (const Entry& entry : entries_)
    if (entry.seenUs != nowUs_) boxes.push_back(at(entry, nowUs_));
  return boxes;
}

void HiddenBoxes::refresh(int64_t nowUs) {
  nowUs_ = nowUs;
  boxes_.clear();
  for (const Entry& entry : entries_) boxes_.push_back(at(entry, nowUs));
}

}  // namespace framepath::compose
