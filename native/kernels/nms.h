// Anchors become detections on the device: those with a score, in the order of their scores, their boxes, which
// overlap, which stay. Deterministic without atomics: every kernel writes what is its own. Equal scores keep the
// order of the anchors, as a stable sort leaves them.
//
//   scoreAnchors > rankAnchors > decodeBoxes > overlapBoxes > selectBoxes > emitBoxes
//
// Only the records come back to the host.
#pragma once
#include "kernels/heads.h"

namespace framepath {

enum class Suppression : uint8_t {
  none,
  greedy,    // within a class: of two boxes that overlap the better one stays
  weighted,  // BlazeFace: each group of overlapping boxes becomes its mean weighted by score; the group has its best
};

// Most boxes of a picture that go into a suppression.
inline constexpr int32_t kMostCandidates = 5000;
inline constexpr int32_t kMostOverlapWords = (kMostCandidates + 31) / 32;

// A record: x1, y1, x2, y2, score, class and anchor (their bits), then what comes with the box.
inline constexpr int32_t kRecordHeader = 7;

HD int32_t recordValues(const HeadArgs& head) {
  return kRecordHeader + extraValues(head);
}

// Class, anchor, and the score that orders a group are its best record's; the rest has a mean.
HD bool isAveraged(int32_t value) {
  return value < 4 || value >= kRecordHeader;
}

// Working memory for a batch: a row for every item. Candidates are the best `limit` anchors, by rank.
struct Candidates {
  const float* scores;     // items x anchors, by scoreAnchors
  const int32_t* classes;  // items x anchors
  int32_t* counts;         // items
  int32_t* order;          // items x limit: anchors
  float* records;          // items x limit x recordValues
  uint32_t* overlaps;      // items x limit x overlapWords: bit j of row i (j > i) i hides j
  int32_t* firsts;         // items x limit: the candidate that stays (or leads its group)
  int32_t* groups;         // items x limit: weighted: the group of a candidate
  int32_t anchors;
  int32_t limit;
};

HD int32_t overlapWords(const Candidates& c) {
  return (c.limit + 31) / 32;
}
HD int64_t candidateRow(const Candidates& c, int32_t item) {
  return static_cast<int64_t>(item) * c.limit;
}

// Grid: (anchors, 1, items). The thread of the best one writes the count; where there is none, the count stays 0.
struct RankAnchorsArgs {
  Candidates candidates;
};

HD void rankAnchors(const RankAnchorsArgs& a, int32_t anchor, int32_t, int32_t item) {
  const Candidates& c = a.candidates;
  const float* scores = c.scores + static_cast<int64_t>(item) * c.anchors;
  const float mine = scores[anchor];
  if (!isThere(mine)) return;
  int32_t all = 0, rank = 0;
  for (int32_t i = 0; i < c.anchors; i++) {
    const float other = scores[i];
    all += isThere(other) ? 1 : 0;
    rank += other > mine || (other == mine && i < anchor) ? 1 : 0;
  }
  if (rank < c.limit) c.order[candidateRow(c, item) + rank] = anchor;
  if (rank == 0) c.counts[item] = minOf(all, c.limit);
}

// Grid: (limit, 1, items).
struct DecodeBoxesArgs {
  HeadArgs head;
  Candidates candidates;
};

HD void decodeBoxes(const DecodeBoxesArgs& a, int32_t rank, int32_t, int32_t item) {
  const Candidates& c = a.candidates;
  if (rank >= c.counts[item]) return;
  const int32_t anchor = c.order[candidateRow(c, item) + rank];
  const int64_t at = static_cast<int64_t>(item) * c.anchors + anchor;
  float* record = c.records + (candidateRow(c, item) + rank) * recordValues(a.head);
  anchorBox(a.head, item, anchor, record, record + kRecordHeader);
  record[4] = c.scores[at];
  record[5] = floatOf(static_cast<uint32_t>(c.classes[at]));
  record[6] = floatOf(static_cast<uint32_t>(anchor));
}

// Intersection over union of two boxes x1, y1, x2, y2.
HD float overlapOf(const float* a, const float* b) {
  const float width = (b[2] < a[2] ? b[2] : a[2]) - (a[0] < b[0] ? b[0] : a[0]);
  const float height = (b[3] < a[3] ? b[3] : a[3]) - (a[1] < b[1] ? b[1] : a[1]);
  if (width <= 0 || height <= 0) return 0;
  const float intersection = width * height;
  const float areaA = a[2] - a[0] > 0 && a[3] - a[1] > 0 ? (a[2] - a[0]) * (a[3] - a[1]) : 0;
  const float areaB = b[2] - b[0] > 0 && b[3] - b[1] > 0 ? (b[2] - b[0]) * (b[3] - b[1]) : 0;
  const float both = areaA + areaB - intersection;
  return both > 0 ? intersection / both : 0;
}

// Grid: (limit, 1, items): a candidate against all worse ones.
struct OverlapBoxesArgs {
  Candidates candidates;
  int32_t recordValues;
  float iou;
  Suppression suppression;
};

HD void overlapBoxes(const OverlapBoxesArgs& a, int32_t rank, int32_t, int32_t item) {
  const Candidates& c = a.candidates;
  const int32_t count = c.counts[item], values = a.recordValues;
  if (rank >= count) return;
  const float* records = c.records + candidateRow(c, item) * values;
  const float* mine = records + static_cast<int64_t>(rank) * values;
  uint32_t* row = c.overlaps + (candidateRow(c, item) + rank) * overlapWords(c);
  uint32_t word = 0;
  for (int32_t j = rank / 32 * 32; j < count; j++) {
    const float* other = records + static_cast<int64_t>(j) * values;
    const bool hides = j > rank && (a.suppression == Suppression::weighted || bitsOf(mine[5]) == bitsOf(other[5])) &&
                       overlapOf(mine, other) > a.iou;
    word |= (hides ? 1u : 0u) << (j % 32);
    if (j % 32 == 31 || j + 1 == count) {
      row[j / 32] = word;
      word = 0;
    }
  }
}

// Grid: (items, 1, 1): goes through the candidates from the best one on. `found` gets the count of each item.
struct SelectBoxesArgs {
  Candidates candidates;
  Suppression suppression;
  int32_t* found;
  int32_t foundStep;  // words from one item's count to the next
};

HD void selectBoxes(const SelectBoxesArgs& a, int32_t item, int32_t, int32_t) {
  const Candidates& c = a.candidates;
  const int32_t count = c.counts[item];
  int32_t* firsts = c.firsts + candidateRow(c, item);
  int32_t* groups = c.groups + candidateRow(c, item);
  const uint32_t* overlaps = c.overlaps + candidateRow(c, item) * overlapWords(c);
  uint32_t hidden[kMostOverlapWords];
  const bool suppresses = a.suppression != Suppression::none;
  const int32_t words = suppresses ? (count + 31) / 32 : 0;
  for (int32_t w = 0; w < words; w++) hidden[w] = 0;
  int32_t found = 0;
  for (int32_t i = 0; i < count; i++) {
    if (suppresses && (hidden[i / 32] >> (i % 32) & 1u)) continue;
    const uint32_t* row = overlaps + static_cast<int64_t>(i) * overlapWords(c);
    for (int32_t w = i / 32; w < words; w++) {
      uint32_t joining = row[w] & ~hidden[w];
      hidden[w] |= joining;
      if (a.suppression != Suppression::weighted) continue;
      for (int32_t j = w * 32; joining; j++, joining >>= 1)
        if (joining & 1u) groups[j] = found;
    }
    groups[i] = found;
    firsts[found++] = i;
  }
  a.found[static_cast<int64_t>(item) * a.foundStep] = found;
}

// Grid: (limit, 1, items). An item's part of `found` is its count, then its records, best first.
struct EmitBoxesArgs {
  Candidates candidates;
  int32_t recordValues;
  Suppression suppression;
  float* found;
  int32_t foundStep;
};

HD void emitBoxes(const EmitBoxesArgs& a, int32_t number, int32_t, int32_t item) {
  const Candidates& c = a.candidates;
  float* found = a.found + static_cast<int64_t>(item) * a.foundStep;
  if (number >= static_cast<int32_t>(bitsOf(found[0]))) return;
  const int32_t values = a.recordValues, count = c.counts[item];
  const float* records = c.records + candidateRow(c, item) * values;
  const int32_t* groups = c.groups + candidateRow(c, item);
  const int32_t first = c.firsts[candidateRow(c, item) + number];
  const float* best = records + static_cast<int64_t>(first) * values;
  float* to = found + 1 + static_cast<int64_t>(number) * values;
  for (int32_t v = 0; v < values; v++) to[v] = best[v];
  if (a.suppression != Suppression::weighted) return;
  float weight = 0;
  for (int32_t v = 0; v < values; v++)
    if (isAveraged(v)) to[v] = 0;
  for (int32_t j = first; j < count; j++) {
    if (groups[j] != number) continue;
    const float* one = records + static_cast<int64_t>(j) * values;
    weight += one[4];
    for (int32_t v = 0; v < values; v++)
      if (isAveraged(v)) to[v] += one[v] * one[4];
  }
  for (int32_t v = 0; v < values; v++)
    if (isAveraged(v)) to[v] = to[v] / weight;
}

}  // namespace framepath
