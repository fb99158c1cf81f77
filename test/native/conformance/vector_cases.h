// normalize and similarity.
#pragma once
#include "conformance/registry.h"

namespace framepath::conformance {

inline std::vector<float> randomRows(Random& random, size_t count) {
  std::vector<float> values(count);
  const bool zeros = random.chance(10);
  for (float& v : values) v = zeros ? 0 : random.real(-3, 3);
  return values;
}

RANDOM_CASE(normalize) {
  const int32_t rows = random.between(1, 20), dims = random.between(1, 600);
  const size_t count = static_cast<size_t>(rows) * dims;
  NormalizeArgs a{stage.inputOf(randomRows(random, count)), reinterpret_cast<float*>(stage.output(count * 4)), dims};
  stage.launch(a, {rows, 1, 1});
}
PERF_CASE(normalize, rows, "64 rows of 512") {
  NormalizeArgs a{stage.inputOf(randomRows(random, 64 * 512)), reinterpret_cast<float*>(stage.output(64 * 512 * 4)),
                  512};
  stage.launch(a, {64, 1, 1});
}

RANDOM_CASE(similarity) {
  const int32_t batch = random.between(1, 12), gallery = random.between(1, 30), dims = random.between(1, 600);
  SimilarityArgs a{stage.inputOf(randomRows(random, static_cast<size_t>(batch) * dims)),
                   stage.inputOf(randomRows(random, static_cast<size_t>(gallery) * dims)),
                   reinterpret_cast<float*>(stage.output(static_cast<size_t>(batch) * gallery * 4)), gallery, dims};
  stage.launch(a, {gallery, batch, 1});
}
PERF_CASE(similarity, matrix, "16 x 1000 rows of 512") {
  SimilarityArgs a{stage.inputOf(randomRows(random, 16 * 512)), stage.inputOf(randomRows(random, 1000 * 512)),
                   reinterpret_cast<float*>(stage.output(16 * 1000 * 4)), 1000, 512};
  stage.launch(a, {1000, 16, 1});
}

}  // namespace framepath::conformance
