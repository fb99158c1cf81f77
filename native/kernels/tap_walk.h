// composeTaps() of output after output, without its divisions.
#pragma once
#include "kernels/compose.h"

namespace framepath {
namespace {

class TapWalk {
 public:
  TapWalk() = default;
  explicit TapWalk(const ComposeAxis& axis)
      : step_(axis.step), rest_(axis.rest), count_(axis.count), edge_(axis.start) {}
  ComposeTaps next() {
    const int32_t from = edge_;
    edge_ += step_;
    part_ += rest_;
    if (part_ >= count_) {
      part_ -= count_;
      edge_++;
    }
    return composeTapsBetween(from, edge_);
  }

 private:
  int32_t step_ = 0, rest_ = 0, count_ = 1, edge_ = 0, part_ = 0;
};

}  // namespace
}  // namespace framepath
