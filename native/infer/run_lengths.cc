#include "infer/run_lengths.h"

#include <algorithm>
#include <bit>

namespace framepath::infer {

void RunLengths::add(bool inside, int64_t pixels) {
  if (pixels <= 0) return;
  if (inside != inside_) close();
  inside_ = inside;
  run_ += pixels;
}

void RunLengths::addBits(uint32_t bits, int32_t count) {
  while (count > 0) {
    const bool inside = bits & 1u;
    const int32_t same = std::min(count, inside ? std::countr_one(bits) : std::countr_zero(bits));
    add(inside, same);
    bits = same < 32 ? bits >> same : 0;
    count -= same;
  }
}

std::string RunLengths::text() {
  close();
  return std::move(text_);
}

void RunLengths::close() {
  int64_t value = runs_ > 2 ? run_ - before_ : run_;
  for (bool more = true; more;) {
    auto character = static_cast<int32_t>(value & 0x1f);
    value >>= 5;
    more = character & 0x10 ? value != -1 : value != 0;
    if (more) character |= 0x20;
    text_ += static_cast<char>(character + 48);
  }
  before_ = last_;
  last_ = run_;
  run_ = 0;
  runs_++;
}

}  // namespace framepath::infer
