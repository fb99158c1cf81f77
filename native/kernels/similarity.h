// Cosine between every row of a batch and every row of a gallery; the rows are normalised already.
#pragma once
#include "kernels/dot.h"

namespace framepath {

// Grid: (galleryRows, batchRows, 1). `similarities` is batchRows x galleryRows.
struct SimilarityArgs {
  const float* batch;
  const float* gallery;
  float* similarities;
  int32_t galleryRows;
  int32_t dims;
};

HD void similarity(const SimilarityArgs& a, int32_t x, int32_t y, int32_t) {
  a.similarities[static_cast<int64_t>(y) * a.galleryRows + x] =
      dotProduct(a.batch + static_cast<int64_t>(y) * a.dims, a.gallery + static_cast<int64_t>(x) * a.dims, a.dims);
}

}  // namespace framepath
