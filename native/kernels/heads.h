// Every head, and the kernel that scores all anchors.
#pragma once
#include "kernels/head_blazeface.h"
#include "kernels/head_detr.h"
#include "kernels/head_movenet.h"
#include "kernels/head_nanodet.h"
#include "kernels/head_retinaface.h"
#include "kernels/head_scrfd.h"
#include "kernels/head_ultraface.h"
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
    case HeadLayout::ultraface: return ultrafaceScore(a, item, anchor);
    case HeadLayout::scrfd: return scrfdScore(a, item, anchor);
    case HeadLayout::retinaface: return retinafaceScore(a, item, anchor);
    case HeadLayout::nanodet: return nanodetScore(a, item, anchor);
    case HeadLayout::detrLogits: return detrLogitsScore(a, item, anchor);
    case HeadLayout::detrRows: return detrRowsScore(a, item, anchor);
    case HeadLayout::detrSelected: return detrSelectedScore(a, item, anchor);
    case HeadLayout::movenetSingle: return movenetSingleScore(a, item, anchor);
    case HeadLayout::movenetMulti: return movenetMultiScore(a, item, anchor);
  }
  return nothingThere();
}

// x1, y1, x2, y2 and extraValues(a) numbers, in input pixels.
HD void anchorBox(const HeadArgs& a, int32_t item, int32_t anchor, float* box, float* points) {
  switch (a.layout) {
    case HeadLayout::blazeface: return blazefaceBox(a, item, anchor, box, points);
    case HeadLayout::yunet: return yunetBox(a, item, anchor, box, points);
    case HeadLayout::yoloColumns: return yoloColumnsBox(a, item, anchor, box, points);
    case HeadLayout::yoloRows: return yoloRowsBox(a, item, anchor, box);
    case HeadLayout::yoloEnd2end: return yoloEnd2endBox(a, item, anchor, box, points);
    case HeadLayout::yolox: return yoloxBox(a, item, anchor, box);
    case HeadLayout::ultraface: return ultrafaceBox(a, item, anchor, box);
    case HeadLayout::scrfd: return scrfdBox(a, item, anchor, box, points);
    case HeadLayout::retinaface: return retinafaceBox(a, item, anchor, box, points);
    case HeadLayout::nanodet: return nanodetBox(a, item, anchor, box);
    case HeadLayout::detrLogits: return detrLogitsBox(a, item, anchor, box);
    case HeadLayout::detrRows: return detrRowsBox(a, item, anchor, box);
    case HeadLayout::detrSelected: return detrSelectedBox(a, item, anchor, box);
    case HeadLayout::movenetSingle: return movenetSingleBox(a, item, anchor, box, points);
    case HeadLayout::movenetMulti: return movenetMultiBox(a, item, anchor, box, points);
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
  const AnchorScore found = anchorScore(a.head, item, anchor);
  const int64_t at = static_cast<int64_t>(item) * a.head.anchors + anchor;
  a.scores[at] = found.score;
  if (isThere(found.score)) a.classes[at] = found.classId;
  if (anchor == 0 && a.counts) a.counts[item] = 0;
}

}  // namespace framepath
