// Every head, and the kernel that asks all anchors for their scores.
#pragma once
#include "kernels/head_blazeface.h"
#include "kernels/head_yolo.h"
#include "kernels/head_yolox.h"
#include "kernels/head_yunet.h"

namespace framepath {

HD AnchorScore anchorScore(const HeadArgs& a, int32_t item, int32_t anchor) {
  switch (a.layout) {
    case HeadLayout::blazeface: return blazefaceScore(a, item, anchor);
    case HeadLayout::yunet: return yunetScore(a, item, anchor);
    case HeadLayout::yoloColumns: return yoloColumnsScore(a, item, anchor);
    case HeadLayout::yoloRows:
    case HeadLayout::yolox: return yoloRowsScore(a, item, anchor);
    case HeadLayout::yoloEnd2end: return yoloEnd2endScore(a, item, anchor);
  }
  return nothingThere();
}

// x1, y1, x2, y2 and a.keypoints pairs x, y, in input pixels.
HD void anchorBox(const HeadArgs& a, int32_t item, int32_t anchor, float* box, float* points) {
  switch (a.layout) {
    case HeadLayout::blazeface: return blazefaceBox(a, item, anchor, box, points);
    case HeadLayout::yunet: return yunetBox(a, item, anchor, box, points);
    case HeadLayout::yoloColumns: return yoloColumnsBox(a, item, anchor, box, points);
    case HeadLayout::yoloRows: return yoloRowsBox(a, item, anchor, box);
    case HeadLayout::yoloEnd2end: return yoloEnd2endBox(a, item, anchor, box);
    case HeadLayout::yolox: return yoloxBox(a, item, anchor, box);
  }
}

// Grid: (anchors, 1, items).
struct ScoreAnchorsArgs {
  HeadArgs head;
  float* scores;     // items x anchors
  int32_t* classes;  // items x anchors; of those that are there
  int32_t* counts;   // items; set to 0 for rankAnchors. Null: not wanted
};

HD void scoreAnchors(const ScoreAnchorsArgs& a, int32_t anchor, int32_t, int32_t item) {
  const AnchorScore said = anchorScore(a.head, item, anchor);
  const int64_t at = static_cast<int64_t>(item) * a.head.anchors + anchor;
  a.scores[at] = said.score;
  if (isThere(said.score)) a.classes[at] = said.classId;
  if (anchor == 0 && a.counts) a.counts[item] = 0;
}

}  // namespace framepath
