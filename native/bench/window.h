// The measured window: wall and CPU time over the stretches that count.
#pragma once
#include <algorithm>
#include <cstdint>
#include <initializer_list>

#include "bench/stages.h"
#include "core/clock.h"
#include "kernels/host.h"

namespace framepath::bench {

class Stopwatch {
 public:
  void start() {
    wallFrom_ = nowNs();
    cpuFrom_ = processCpuNs();
  }
  void stop() {
    cpuNs_ += processCpuNs() - cpuFrom_;
    wallNs_ += nowNs() - wallFrom_;
  }
  // Between start() and stop(), what has gone by so far is not in it.
  int64_t wallNs() const { return wallNs_; }
  int64_t cpuNs() const { return cpuNs_; }

 private:
  int64_t wallFrom_ = 0, cpuFrom_ = 0, wallNs_ = 0, cpuNs_ = 0;
};

struct Window {
  int64_t items = 0;
  double wallMs = 0, cpuMs = 0;
  double wallMsPerItem() const { return items ? wallMs / static_cast<double>(items) : 0; }
  double cpuMsPerItem() const { return items ? cpuMs / static_cast<double>(items) : 0; }
};

// `round(watch)` does a round of work between watch.start() and watch.stop() and returns how many items that was. It
// is repeated for a warm-up, then until `minSeconds` are measured.
template <typename Round>
Window measure(double minSeconds, Round round) {
  constexpr double kWarmUpSeconds = 0.2;
  const auto enough = static_cast<int64_t>(minSeconds * 1e9);
  const auto warm = static_cast<int64_t>(std::min(minSeconds, kWarmUpSeconds) * 1e9);
  Stopwatch ignored;
  do round(ignored);
  while (ignored.wallNs() < warm);
  Window window;
  Stopwatch watch;
  do window.items += round(watch);
  while (watch.wallNs() < enough);
  window.wallMs = static_cast<double>(watch.wallNs()) / 1e6;
  window.cpuMs = static_cast<double>(watch.cpuNs()) / 1e6;
  return window;
}

inline Figures figuresOf(const char* stage, const char* unit, const Window& window,
                         std::initializer_list<std::pair<std::string, Fact>> facts) {
  Figures figures{stage, unit, window.items, window.wallMs, window.cpuMs, facts};
  figures.facts.emplace_back("isa", isaName(chooseIsa()));
  return figures;
}

}  // namespace framepath::bench
