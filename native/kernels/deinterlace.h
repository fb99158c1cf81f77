// One progressive picture of an interlaced one: the rows of its first field, and the rows between them from the
// neighbours in time where nothing moves, along edges where something does. The prediction and its bounds are those of
// yadif (M. Niedermayer, "yet another deinterlacing filter", 2006) for the first field of a frame, without the frame
// that comes after: nothing waits for it.
#pragma once
#include "kernels/math.h"

namespace framepath {

// Grid: (width, height, 1). One plane; `to` must not overlap the others.
struct DeinterlaceArgs {
  Plane current, previous;  // previous.data null: there is none, missing rows come from their own picture's field
  Plane to;
  int32_t width;   // values in a row: an interleaved UV pair has two
  int32_t height;  // rows
  int32_t step;    // values from one of a component to the next: 1, 2 for UV pairs, 3 or 4 for packed pixels
  int32_t kept;    // the field that is earlier: 0 = even rows, 1 = odd rows
  bool wide;       // 2 bytes a value; planes and pitches are then even
};

// Of the missing row y: the rows of the kept field above and below it, and the row itself in the other field, which
// lies half a frame later in the current picture and half a frame earlier in the previous one.
template <typename T>
struct MissingRow {
  const T *above, *below, *later;
  const T *aboveBefore, *belowBefore, *earlier;             // null without a previous picture
  const T *laterUp, *earlierUp, *laterDown, *earlierDown;  // of the other field, two rows up and down; or null
};

template <typename T>
HD const T* rowAt(const Plane& plane, int32_t y) {
  return reinterpret_cast<const T*>(plane.data + static_cast<int64_t>(y) * plane.pitchBytes);
}

template <typename T>
HD MissingRow<T> missingRow(const DeinterlaceArgs& a, int32_t y) {
  const int32_t up = y > 0 ? y - 1 : y + 1, down = y + 1 < a.height ? y + 1 : y - 1;
  MissingRow<T> r{};
  r.above = rowAt<T>(a.current, up);
  r.below = rowAt<T>(a.current, down);
  r.later = rowAt<T>(a.current, y);
  if (!a.previous.data) return r;
  r.aboveBefore = rowAt<T>(a.previous, up);
  r.belowBefore = rowAt<T>(a.previous, down);
  r.earlier = rowAt<T>(a.previous, y);
  if (y < 2 || y + 2 >= a.height) return r;
  r.laterUp = rowAt<T>(a.current, y - 2);
  r.laterDown = rowAt<T>(a.current, y + 2);
  r.earlierUp = rowAt<T>(a.previous, y - 2);
  r.earlierDown = rowAt<T>(a.previous, y + 2);
  return r;
}

HD int32_t absDifference(int32_t a, int32_t b) {
  return a < b ? b - a : a - b;
}

// How badly the rows above and below fit along a direction: `slant` values to the right above, to the left
// below.
template <typename T>
HD int32_t mismatch(const MissingRow<T>& r, int32_t x, int32_t step, int32_t slant) {
  const T *above = r.above + x + slant, *below = r.below + x - slant;
  return absDifference(above[-step], below[-step]) + absDifference(above[0], below[0]) + absDifference(above[step], below[step]);
}

// The mean along the direction that fits best. `inside`: three values lie on either side.
template <typename T>
HD int32_t alongEdge(const MissingRow<T>& r, int32_t x, int32_t step, bool inside) {
  int32_t value = (r.above[x] + r.below[x]) >> 1;
  if (!inside) return value;
  int32_t best = mismatch(r, x, step, 0) - 1;
  for (int32_t sign = -1; sign <= 1; sign += 2) {
    const int32_t near = sign * step, far = 2 * near;
    const int32_t one = mismatch(r, x, step, near), two = mismatch(r, x, step, far);
    const bool better = one < best, better2 = better & (two < one);
    value = better ? (r.above[x + near] + r.below[x - near]) >> 1 : value;
    value = better2 ? (r.above[x + far] + r.below[x - far]) >> 1 : value;
    best = better ? one : best;
    best = better2 ? two : best;
  }
  return value;
}

// `spatial`, but no further from the mean over time than the pictures changed there. `neighbours`: the rows laterUp and
// so on are there.
template <typename T>
HD int32_t withinChange(const MissingRow<T>& r, int32_t x, int32_t spatial, bool neighbours) {
  const int32_t above = r.above[x], below = r.below[x];
  const int32_t mean = (r.earlier[x] + r.later[x]) >> 1;
  const int32_t still = (absDifference(r.aboveBefore[x], above) + absDifference(r.belowBefore[x], below)) >> 1;
  int32_t change = maxOf(absDifference(r.earlier[x], r.later[x]) >> 1, still);
  if (neighbours) {
    const int32_t up = ((r.earlierUp[x] + r.laterUp[x]) >> 1) - above;
    const int32_t down = ((r.earlierDown[x] + r.laterDown[x]) >> 1) - below;
    const int32_t highest = maxOf(maxOf(mean - below, mean - above), minOf(up, down));
    const int32_t lowest = minOf(minOf(mean - below, mean - above), maxOf(up, down));
    change = maxOf(change, maxOf(lowest, -highest));
  }
  return clampTo(spatial, mean - change, mean + change);
}

template <typename T>
HD int32_t missingValue(const DeinterlaceArgs& a, const MissingRow<T>& r, int32_t x) {
  const int32_t spatial = alongEdge(r, x, a.step, x >= 3 * a.step && x + 3 * a.step < a.width);
  return r.earlier ? withinChange(r, x, spatial, r.laterUp != nullptr) : spatial;
}

HD bool isMissing(const DeinterlaceArgs& a, int32_t y) {
  return (y & 1) != a.kept && a.height > 1;
}

template <typename T>
HD void deinterlaceValue(const DeinterlaceArgs& a, int32_t x, int32_t y) {
  T* to = reinterpret_cast<T*>(a.to.data + static_cast<int64_t>(y) * a.to.pitchBytes);
  to[x] = isMissing(a, y) ? static_cast<T>(missingValue(a, missingRow<T>(a, y), x)) : rowAt<T>(a.current, y)[x];
}

HD void deinterlace(const DeinterlaceArgs& a, int32_t x, int32_t y, int32_t) {
  if (a.wide) {
    deinterlaceValue<uint16_t>(a, x, y);
  } else {
    deinterlaceValue<uint8_t>(a, x, y);
  }
}

}  // namespace framepath
