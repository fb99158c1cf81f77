#include "media/orientation.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "media/av.h"
#include "media/compat.h"

namespace framepath::media {

Orientation orientationOf(const int32_t (&matrix)[9]) {
  // A pixel at (p, q) is displayed at (a p + c q, b p + d q), rows going down.
  int64_t a = matrix[0], b = matrix[1];
  const int64_t c = matrix[3], d = matrix[4];
  Orientation result;
  if (a * d - b * c < 0) {
    result.mirrored = true;
    a = -a;
    b = -b;
  }
  if (std::llabs(a) >= std::llabs(b)) {
    result.quarterTurns = a >= 0 ? 0 : 2;
  } else {
    result.quarterTurns = b > 0 ? 1 : 3;
  }
  return result;
}

Orientation orientationOf(const AVFrame* picture, const AVStream& stream) {
  int32_t matrix[9];
  const AVFrameSideData* own = picture ? av_frame_get_side_data(picture, AV_FRAME_DATA_DISPLAYMATRIX) : nullptr;
  if (own && own->size >= sizeof matrix) {
    std::memcpy(matrix, own->data, sizeof matrix);
    return orientationOf(matrix);
  }
  return displayMatrix(stream, matrix) ? orientationOf(matrix) : Orientation{};
}

DisplaySize displaySize(int32_t width, int32_t height, Rational sampleAspect, Orientation orientation) {
  const double aspect = sampleAspect.value();
  if (aspect >= 1.0 / 16 && aspect <= 16) {  // beyond it is a broken header
    width = std::max(1, static_cast<int32_t>(std::lround(width * aspect)));
  }
  if (orientation.swapsSides()) std::swap(width, height);
  return {width, height};
}

}  // namespace framepath::media
