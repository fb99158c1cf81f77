// The weights of a sample's taps, one after another, as resize.h and compose.h define them.
#pragma once
#include "kernels/math.h"

namespace framepath {

struct TapWeights {
  // Area average over `length` (1/256 samples), whose first tap begins at `at`, in (-256, 0]; or, length 0, the mix of
  // two neighbours with the fraction `at`.
  HD TapWeights(int32_t length, int32_t at)
      : length(length), at(at), share(0), reciprocal(length == 0 ? 0.0f : 1.0f / static_cast<float>(length)) {}

  HD uint32_t next() {
    if (length == 0) {  // 256 - f, then f
      at = 256 - at;
      return static_cast<uint32_t>(at);
    }
    at += 256;
    const uint32_t before = share;
    share = quotient(static_cast<uint32_t>(minOf(at, length)) * 256u, static_cast<uint32_t>(length), reciprocal);
    return share - before;
  }

  int32_t length;
  int32_t at;      // where the next tap begins; of two neighbours what the weight before left of 256
  uint32_t share;  // of the taps before
  float reciprocal;
};

}  // namespace framepath
