#include "compose/hidden_boxes.h"

#include <algorithm>
#include <cmath>

namespace framepath::compose {
namespace {

constexpr double kGrowth = 0.8;  // a second missing adds this part of the size at every side: about a brisk walk

// The same person a moment later: boxes that touch and are of a size.
bool near(const Box& was, const Box& is) {
  const float dx = std::fabs(was.x1 + was.x2 - is.x1 - is.x2) / 2, dy = std::fabs(was.y1 + was.y2 - is.y1 - is.y2) / 2;
  const float ratio = is.area() / std::max(1.0f, was.area());
  return dx < (was.width() + is.width()) / 2 && dy < (was.height() + is.height()) / 2 && ratio > 0.4f && ratio < 2.5f;
}

}  // namespace

void HiddenBoxes::spoke(int64_t nowUs, const std::vector<Box>& boxes) {
  spokeUs_ = nowUs;
  blind_ = false;
  // Every box of now continues the nearest one that it can; a box is continued once.
  std::vector<Entry> now;
  for (const Box& box : boxes) {
    auto best = entries_.end();
    float most = -1;
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      if (!near(it->box, box)) continue;
      const float overlap = intersectionOverUnion(it->box, box);
      if (overlap > most) {
        most = overlap;
        best = it;
      }
    }
    if (best != entries_.end()) entries_.erase(best);
    now.push_back({box, nowUs, 0});
  }
  for (Entry& entry : entries_) {
    entry.missed++;
    if (nowUs - entry.seenUs <= kHoldUs || entry.missed <= kHoldPictures) now.push_back(entry);
  }
  entries_ = std::move(now);
  refresh(nowUs);
}

void HiddenBoxes::silent(int64_t nowUs) {
  blind_ = spokeUs_ < 0 || nowUs - spokeUs_ > kBlindUs;
  refresh(nowUs);
}

void HiddenBoxes::refresh(int64_t nowUs) {
  shown_.clear();
  for (const Entry& entry : entries_) {
    const auto grow = static_cast<float>(kGrowth * std::min<int64_t>(nowUs - entry.seenUs, kHoldUs) / 1e6);
    const float dx = grow * entry.box.width(), dy = grow * entry.box.height();
    shown_.push_back({entry.box.x1 - dx, entry.box.y1 - dy, entry.box.x2 + dx, entry.box.y2 + dy});
  }
}

}  // namespace framepath::compose
