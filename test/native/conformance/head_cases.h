// scoreAnchors and what follows it: outputs of models on their way to boxes.
#pragma once
#include "conformance/pictures.h"
#include "conformance/registry.h"

namespace framepath::conformance {

inline constexpr ElementType kOutputTypes[] = {ElementType::float32, ElementType::float16, ElementType::uint8,
                                               ElementType::int32, ElementType::int64};

// Values around a head's threshold, with ties; where they are only compared, infinities and things that are no numbers
// too (arithmetic on those has other bits on every processor).
inline float outputValue(Random& random, bool compared) {
  switch (random.below(40) + (compared ? 0 : 2)) {
    case 0: return floatOf(0x7fc00000u);
    case 1: return floatOf(0x7f800000u);
    case 2: return 0.5f;
    default: return random.real(-3, 3);
  }
}

inline HeadTensor headTensor(Random& random, Stage& stage, int32_t items, int32_t perItem, ElementType type,
                             bool compared = false) {
  const size_t count = static_cast<size_t>(items) * perItem;
  if (type == ElementType::float32 || type == ElementType::float16) {
    std::vector<float> values(count);
    for (float& v : values) v = outputValue(random, compared);
    if (type == ElementType::float32) return {stage.inputOf(values), type, perItem};
    std::vector<uint16_t> halves(count);
    for (size_t i = 0; i < count; i++) halves[i] = halfFromFloat(values[i]);
    return {stage.inputOf(halves), type, perItem};
  }
  const size_t bytes = type == ElementType::uint8 ? 1 : type == ElementType::int32 ? 4 : 8;
  return {stage.input(randomBytes(random, count * bytes)), type, perItem};
}

// Any head over random outputs of up to a few thousand values.
inline HeadArgs randomHead(Random& random, Stage& stage, int32_t items, bool compared) {
  constexpr HeadLayout kLayouts[] = {HeadLayout::blazeface,    HeadLayout::yunet,         HeadLayout::yoloColumns,
                                     HeadLayout::yoloRows,     HeadLayout::yoloEnd2end,   HeadLayout::yolox,
                                     HeadLayout::ultraface,    HeadLayout::scrfd,         HeadLayout::retinaface,
                                     HeadLayout::nanodet,      HeadLayout::detrLogits,    HeadLayout::detrRows,
                                     HeadLayout::detrSelected, HeadLayout::movenetSingle, HeadLayout::movenetMulti};
  HeadArgs a{};
  a.layout = random.pick(kLayouts);
  a.gridCount = 1;
  a.width = random.between(1, 640), a.height = random.between(1, 640);
  a.classes = random.between(1, 6);
  a.threshold = random.real(0, 1);
  const ElementType type = random.pick(kOutputTypes);
  const auto tensor = [&](int32_t perItem) { return headTensor(random, stage, items, perItem, type, compared); };
  const bool yunet = a.layout == HeadLayout::yunet, scrfd = a.layout == HeadLayout::scrfd,
             blazeface = a.layout == HeadLayout::blazeface, nanodet = a.layout == HeadLayout::nanodet,
             retinaface = a.layout == HeadLayout::retinaface, yolox = a.layout == HeadLayout::yolox;
  const bool grids = yunet || scrfd || blazeface || nanodet || retinaface || yolox;
  if (grids) a.gridCount = random.between(1, kMaxHeadGrids);
  if (scrfd) a.keypoints = random.chance(2) ? kScrfdKeypoints : 0;
  if (nanodet) a.bins = random.between(2, 9), a.cellCentre = random.chance(2) ? 0.5f : 0;
  const bool oneOutput = nanodet && random.chance(2);
  if (oneOutput) a.rowValues = a.classes + 4 * a.bins;
  for (int32_t g = 0; grids && g < a.gridCount; g++) {
    HeadGrid& grid = a.grids[g];
    grid.first = a.anchors;
    grid.columns = random.between(1, 12), grid.rows = random.between(1, 12);
    grid.perCell = blazeface ? random.between(1, 6) : scrfd || retinaface ? 2 : 1;
    grid.stride = 8 << g;
    const int32_t anchors = grid.columns * grid.rows * grid.perCell;
    a.anchors += anchors;
    if (yolox || retinaface || oneOutput) continue;
    grid.scores = tensor(anchors * (nanodet ? a.classes : 1));
    if (yunet) grid.objectness = tensor(anchors);
    grid.boxes = tensor(anchors * (blazeface ? kBlazefaceValues : nanodet ? 4 * a.bins : 4));
    if (yunet || scrfd) grid.keypoints = tensor(anchors * kYunetKeypoints * 2);
  }
  HeadGrid& first = a.grids[0];
  switch (a.layout) {
    case HeadLayout::blazeface: a.keypoints = kBlazefaceKeypoints; break;
    case HeadLayout::yunet: a.keypoints = kYunetKeypoints; break;
    case HeadLayout::yoloColumns:
      a.anchors = random.between(1, 600);
      a.pointValues = random.between(2, 3);
      a.keypoints = random.below(4);
      a.grids[0].boxes = tensor(a.anchors * (4 + a.classes + a.keypoints * a.pointValues));
      break;
    case HeadLayout::scrfd: break;
    case HeadLayout::nanodet:
      if (!oneOutput) break;
      first.scores = tensor(a.anchors * a.rowValues);
      for (int32_t g = 0; g < a.gridCount; g++) a.grids[g].scores = a.grids[g].boxes = first.scores;
      break;
    case HeadLayout::ultraface:
      a.anchors = random.between(1, 600);
      first.scores = tensor(a.anchors * 2);
      first.boxes = tensor(a.anchors * 4);
      break;
    case HeadLayout::retinaface:
      a.keypoints = kRetinafaceKeypoints;
      first.scores = tensor(a.anchors * 2);
      first.boxes = tensor(a.anchors * 4);
      first.keypoints = tensor(a.anchors * kRetinafaceKeypoints * 2);
      break;
    case HeadLayout::detrLogits: {
      const int32_t queries = random.between(1, 200);
      a.anchors = queries * a.classes;
      first.scores = tensor(a.anchors);
      first.boxes = tensor(queries * 4);
      break;
    }
    case HeadLayout::detrRows:
      a.anchors = random.between(1, 600);
      a.rowValues = 4 + a.classes;
      first.boxes = tensor(a.anchors * a.rowValues);
      break;
    case HeadLayout::detrSelected:
      a.anchors = random.between(1, 600);
      first.scores = tensor(a.anchors);
      first.boxes = tensor(a.anchors * 4);
      first.labels = tensor(a.anchors);
      break;
    case HeadLayout::movenetSingle: [[fallthrough]];
    case HeadLayout::movenetMulti: {
      const bool single = a.layout == HeadLayout::movenetSingle;
      a.anchors = single ? 1 : random.between(1, 6);
      a.keypoints = kMovenetKeypoints;
      a.pointValues = 3;
      first.boxes = tensor(a.anchors * (single ? kMovenetSingleValues : kMovenetMultiValues));
      break;
    }
    case HeadLayout::yoloEnd2end:
      a.pointValues = random.between(2, 3);
      a.keypoints = random.below(4);
      a.rowValues = kYoloEnd2endValues + a.keypoints * a.pointValues;
      [[fallthrough]];
    case HeadLayout::yoloRows: a.anchors = random.between(1, 600); [[fallthrough]];
    case HeadLayout::yolox:
      if (!a.rowValues) a.rowValues = 5 + a.classes;
      a.grids[0].boxes = tensor(a.anchors * a.rowValues);
      break;
  }
  return a;
}

inline ScoreAnchorsArgs scoresOf(Random& random, Stage& stage, const HeadArgs& head, int32_t items) {
  const size_t count = static_cast<size_t>(items) * head.anchors;
  ScoreAnchorsArgs a{head, reinterpret_cast<float*>(stage.output(count * 4)),
                     reinterpret_cast<int32_t*>(stage.output(count * 4)), nullptr};
  if (random.chance(2)) a.counts = reinterpret_cast<int32_t*>(stage.output(static_cast<size_t>(items) * 4));
  return a;
}

RANDOM_CASE(scoreAnchors) {
  const int32_t items = random.between(1, 3);
  const HeadArgs head = randomHead(random, stage, items, true);
  stage.launch(scoresOf(random, stage, head, items), {head.anchors, 1, items});
}
PERF_CASE(scoreAnchors, yolo, "YOLOv8, 80 classes of 8400 cells") {
  HeadArgs head{};
  head.layout = HeadLayout::yoloColumns;
  head.gridCount = 1;
  head.anchors = 8400, head.classes = 80, head.threshold = 0.5f;
  head.grids[0].boxes = headTensor(random, stage, 1, 84 * 8400, ElementType::float32);
  stage.launch(scoresOf(random, stage, head, 1), {8400, 1, 1});
}
PERF_CASE(scoreAnchors, blazeface, "BlazeFace, 896 anchors") {
  HeadArgs head{};
  head.layout = HeadLayout::blazeface;
  head.gridCount = 2;
  head.anchors = 896, head.threshold = 0.5f;
  head.grids[1].first = 512;
  head.grids[0].scores = headTensor(random, stage, 1, 512, ElementType::float32);
  head.grids[1].scores = headTensor(random, stage, 1, 384, ElementType::float32);
  stage.launch(scoresOf(random, stage, head, 1), {896, 1, 1});
}

// Candidates of `items` pictures; what a kernel writes is added by its case.
inline Candidates candidatesOf(Random& random, Stage& stage, int32_t items, int32_t anchors, int32_t limit) {
  Candidates c{};
  c.anchors = anchors;
  c.limit = limit;
  std::vector<int32_t> counts(static_cast<size_t>(items)), order(static_cast<size_t>(items) * limit);
  for (int32_t& count : counts) count = random.between(0, limit);
  for (int32_t& anchor : order) anchor = random.below(anchors);
  c.counts = stage.inputOf(counts);
  c.order = stage.inputOf(order);
  return c;
}

// NaN: nothing there. Scores with few values tie often.
inline const float* anchorScores(Random& random, Stage& stage, size_t count) {
  const int32_t someIn = random.pick({1, 3, 50}), values = random.pick({2, 1000000});
  std::vector<float> scores(count);
  for (float& s : scores)
    s = random.below(someIn) ? floatOf(0x7fc00000u) : static_cast<float>(random.below(values)) / 7.0f;
  return stage.inputOf(scores);
}

inline void rankCase(Random& random, Stage& stage, int32_t items, int32_t anchors, int32_t limit) {
  Candidates c{};
  c.anchors = anchors;
  c.limit = limit;
  c.scores = anchorScores(random, stage, static_cast<size_t>(items) * anchors);
  c.counts = reinterpret_cast<int32_t*>(stage.output(std::vector<uint8_t>(static_cast<size_t>(items) * 4, 0)));
  c.order = reinterpret_cast<int32_t*>(stage.output(static_cast<size_t>(items) * limit * 4));
  stage.launch(RankAnchorsArgs{c}, {anchors, 1, items});
}
RANDOM_CASE(rankAnchors) {
  const int32_t anchors = random.between(1, 300);
  rankCase(random, stage, random.between(1, 3), anchors, random.between(1, anchors));
}
PERF_CASE(rankAnchors, yolo, "8400 anchors, some there") {
  rankCase(random, stage, 1, 8400, 5000);
}

inline void decodeCase(Random& random, Stage& stage, const HeadArgs& head, int32_t items, int32_t limit) {
  DecodeBoxesArgs a{head, candidatesOf(random, stage, items, head.anchors, limit)};
  const size_t count = static_cast<size_t>(items) * head.anchors;
  a.candidates.scores = anchorScores(random, stage, count);
  a.candidates.classes = stage.inputOf(std::vector<int32_t>(count, random.below(90)));
  a.candidates.records =
      reinterpret_cast<float*>(stage.output(static_cast<size_t>(items) * limit * recordValues(head) * 4));
  stage.launch(a, {limit, 1, items});
}
RANDOM_CASE(decodeBoxes) {
  const int32_t items = random.between(1, 3);
  const HeadArgs head = randomHead(random, stage, items, false);
  decodeCase(random, stage, head, items, random.between(1, head.anchors));
}
PERF_CASE(decodeBoxes, yolo, "up to 300 boxes of 8400 cells") {
  HeadArgs head{};
  head.layout = HeadLayout::yoloColumns;
  head.gridCount = 1;
  head.anchors = 8400, head.classes = 80;
  head.grids[0].boxes = headTensor(random, stage, 1, 84 * 8400, ElementType::float32);
  decodeCase(random, stage, head, 1, 300);
}

// Boxes in one place, so that many overlap; some empty.
inline std::vector<float> boxRecords(Random& random, size_t count, int32_t values, bool compared) {
  std::vector<float> records(count * static_cast<size_t>(values));
  for (float& v : records) v = random.real(-100, 100);
  for (size_t i = 0; i < count; i++) {
    float* r = &records[i * static_cast<size_t>(values)];
    r[2] = r[0] + random.real(-5, 150), r[3] = r[1] + random.real(-5, 150);
    if (compared && random.chance(50)) r[random.below(4)] = floatOf(0x7fc00000u);
    r[4] = random.real(0.1f, 1);
    r[5] = floatOf(static_cast<uint32_t>(random.below(3)));
  }
  return records;
}

inline void overlapCase(Random& random, Stage& stage, int32_t items, int32_t limit) {
  OverlapBoxesArgs a{candidatesOf(random, stage, items, limit, limit), kRecordHeader + random.below(9),
                     random.real(0.05f, 0.7f), random.chance(2) ? Suppression::greedy : Suppression::weighted};
  const size_t count = static_cast<size_t>(items) * limit;
  a.candidates.records = stage.inputOf(boxRecords(random, count, a.recordValues, true));
  a.candidates.overlaps = reinterpret_cast<uint32_t*>(stage.output(count * overlapWords(a.candidates) * 4));
  stage.launch(a, {limit, 1, items});
}
RANDOM_CASE(overlapBoxes) {
  overlapCase(random, stage, random.between(1, 3), random.between(1, 140));
}
PERF_CASE(overlapBoxes, some, "up to 300 boxes") {
  overlapCase(random, stage, 1, 300);
}

inline void selectCase(Random& random, Stage& stage, int32_t items, int32_t limit) {
  constexpr Suppression kWays[] = {Suppression::none, Suppression::greedy, Suppression::weighted};
  SelectBoxesArgs a{candidatesOf(random, stage, items, limit, limit), random.pick(kWays), nullptr,
                    random.between(1, 5)};
  Candidates& c = a.candidates;
  const size_t count = static_cast<size_t>(items) * limit;
  const int32_t words = overlapWords(c), oneIn = random.pick({2, 20, 500});
  std::vector<uint32_t> overlaps(count * static_cast<size_t>(words));
  for (size_t row = 0; row < count; row++)
    for (int32_t j = static_cast<int32_t>(row % static_cast<size_t>(limit)) + 1; j < limit; j++)
      if (random.chance(oneIn)) overlaps[row * static_cast<size_t>(words) + j / 32] |= 1u << (j % 32);
  c.overlaps = stage.inputOf(overlaps);
  c.firsts = reinterpret_cast<int32_t*>(stage.output(count * 4));
  c.groups = reinterpret_cast<int32_t*>(stage.output(count * 4));
  a.found = reinterpret_cast<int32_t*>(stage.output(static_cast<size_t>(items) * a.foundStep * 4));
  stage.launch(a, {items, 1, 1});
}
RANDOM_CASE(selectBoxes) {
  selectCase(random, stage, random.between(1, 4), random.between(1, 140));
}
PERF_CASE(selectBoxes, some, "up to 300 boxes") {
  selectCase(random, stage, 1, 300);
}

inline void emitCase(Random& random, Stage& stage, int32_t items, int32_t limit) {
  EmitBoxesArgs a{candidatesOf(random, stage, items, limit, limit), kRecordHeader + random.below(9),
                  random.chance(2) ? Suppression::greedy : Suppression::weighted, nullptr, 0};
  a.foundStep = 1 + limit * a.recordValues;
  const size_t count = static_cast<size_t>(items) * limit;
  std::vector<int32_t> firsts(count), groups(count);
  std::vector<float> found(static_cast<size_t>(items) * a.foundStep, 1.0f);
  for (size_t i = 0; i < static_cast<size_t>(items); i++) {  // every group has somebody who leads it
    int32_t* first = &firsts[i * static_cast<size_t>(limit)];
    int32_t* group = &groups[i * static_cast<size_t>(limit)];
    int32_t leads = 0;
    for (int32_t j = 0; j < limit; j++) {
      if (j > 0 && !random.chance(3)) {
        group[j] = random.below(leads);
      } else {
        group[j] = leads;
        first[leads++] = j;
      }
    }
    found[i * static_cast<size_t>(a.foundStep)] = floatOf(static_cast<uint32_t>(random.between(0, leads)));
  }
  std::vector<uint8_t> bytes(found.size() * 4);
  std::memcpy(bytes.data(), found.data(), bytes.size());
  a.candidates.counts = stage.inputOf(std::vector<int32_t>(static_cast<size_t>(items), limit));
  a.candidates.records = stage.inputOf(boxRecords(random, count, a.recordValues, false));
  a.candidates.firsts = stage.inputOf(firsts);
  a.candidates.groups = stage.inputOf(groups);
  a.found = reinterpret_cast<float*>(stage.output(bytes));
  stage.launch(a, {limit, 1, items});
}
RANDOM_CASE(emitBoxes) {
  emitCase(random, stage, random.between(1, 3), random.between(1, 140));
}
PERF_CASE(emitBoxes, some, "up to 300 boxes") {
  emitCase(random, stage, 1, 300);
}

// Masks of a few boxes over random prototypes, as the mask decoder lays them out.
struct MaskScene {
  MaskLogitsArgs logits{};
  MaskBitsArgs bits{};
  int32_t count = 0, words = 0, mostWords = 0, mostColumns = 0;
};
inline MaskScene maskScene(Random& random, Stage& stage, int32_t width, int32_t height, int32_t side, int32_t channels,
                           int32_t count) {
  MaskScene scene;
  MaskLogitsArgs& a = scene.logits;
  const ElementType type = random.pick({ElementType::float32, ElementType::float16, ElementType::int32});
  const int32_t anchors = random.between(1, 50), items = random.between(1, 2);
  a.first = random.between(4, 9);
  const int32_t values = a.first + channels;
  const bool columns = random.chance(2);
  a.anchorStep = columns ? 1 : values;
  a.valueStep = columns ? anchors : 1;
  a.boxes = headTensor(random, stage, items, anchors * values, ElementType::float32);
  a.channels = channels;
  a.rows = scene.bits.rows = random.between(1, side);
  a.columns = scene.bits.columns = random.between(1, side);
  a.prototypes = headTensor(random, stage, items, channels * a.rows * a.columns, type);
  a.item = random.below(items);
  scene.bits.scaleX = random.real(0.05f, 1), scene.bits.offsetX = random.real(-3, 3);
  scene.bits.scaleY = random.real(0.05f, 1), scene.bits.offsetY = random.real(-3, 3);
  scene.count = count;
  for (int32_t m = 0; m < count; m++) {
    MaskItem& mask = a.masks[m];
    mask.anchor = random.below(anchors);
    mask.x = random.below(width), mask.y = random.below(height);
    mask.columns = random.between(1, width - mask.x), mask.rows = random.between(1, height - mask.y);
    mask.left = maskTap(mask.x, scene.bits.scaleX, scene.bits.offsetX, a.columns).low;
    mask.right = maskTap(mask.x + mask.columns - 1, scene.bits.scaleX, scene.bits.offsetX, a.columns).high;
    mask.top = maskTap(mask.y, scene.bits.scaleY, scene.bits.offsetY, a.rows).low;
    mask.bottom = maskTap(mask.y + mask.rows - 1, scene.bits.scaleY, scene.bits.offsetY, a.rows).high;
    mask.bits = scene.words;
    scene.words += maskColumnWords(mask) * mask.columns;
    scene.mostWords = maxOf(scene.mostWords, maskColumnWords(mask));
    scene.mostColumns = maxOf(scene.mostColumns, mask.columns);
    scene.bits.masks[m] = mask;
  }
  return scene;
}

inline void maskLogitsCase(Random& random, Stage& stage, int32_t side, int32_t channels, int32_t count) {
  MaskScene scene = maskScene(random, stage, 4 * side, 4 * side, side, channels, count);
  MaskLogitsArgs& a = scene.logits;
  a.logits = reinterpret_cast<float*>(stage.output(static_cast<size_t>(count * a.rows * a.columns) * 4));
  stage.launch(a, {a.columns, a.rows, count});
}
RANDOM_CASE(maskLogits) {
  maskLogitsCase(random, stage, random.between(1, 40), random.between(1, 40), random.between(1, kMostMasks));
}
PERF_CASE(maskLogits, yolo, "8 objects, 32 prototypes of up to 160x160") {
  maskLogitsCase(random, stage, 160, 32, kMostMasks);
}

inline void maskBitsCase(Random& random, Stage& stage, int32_t width, int32_t height, int32_t count) {
  MaskScene scene = maskScene(random, stage, width, height, 160, 1, count);
  MaskBitsArgs& a = scene.bits;
  std::vector<float> logits(static_cast<size_t>(count * a.rows * a.columns));
  for (float& v : logits) v = random.real(-1, 1);
  a.logits = stage.inputOf(logits);
  a.bits = reinterpret_cast<uint32_t*>(stage.output(static_cast<size_t>(scene.words) * 4));
  stage.launch(a, {scene.mostWords, scene.mostColumns, count});
}
RANDOM_CASE(maskBits) {
  maskBitsCase(random, stage, random.between(1, 90), random.between(1, 150), random.between(1, kMostMasks));
}
PERF_CASE(maskBits, hd, "8 objects of up to 1920x1080") {
  maskBitsCase(random, stage, 1920, 1080, kMostMasks);
}

}  // namespace framepath::conformance
