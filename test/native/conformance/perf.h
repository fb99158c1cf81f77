// How fast the kernels of each instruction set are, on one thread.
//
// bytes: what has to be read and written. copyRatio: the time of a case over that of a memcpy that reads half of those
// bytes and writes the other half. Everybody works on cold memory: each repetition, also the memcpy, gets the next of a
// ring of copies of the case, with inputs and outputs of its own, that together exceed the caches (kRingBytes). The
// instruction sets and the memcpy are measured in turn; `ms` is the median, `minMs` the least.
#pragma once
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "alternate.h"
#include "conformance/registry.h"

namespace framepath::conformance {

constexpr size_t kRingBytes = size_t{96} << 20;
constexpr size_t kRingEntries = 512;  // at most

struct PerfRow {
  KernelId kernel;
  const char* what;
  Isa isa;
  double ms, minMs;
  size_t bytes;
  double copyRatio;
  double gbPerSecond() const { return static_cast<double>(bytes) / ms * 1e-6; }
};

class CopyRing {
 public:
  explicit CopyRing(size_t bytes)
      : half_(std::max<size_t>(bytes / 2, 1)), memory_(std::max(kRingBytes, 4 * half_), 1) {}
  void copy() {
    at_ = at_ + 4 * half_ > memory_.size() ? 0 : at_ + 2 * half_;
    std::memcpy(memory_.data() + at_ + half_, memory_.data() + at_, half_);
    asm volatile("" : : "r"(memory_.data()) : "memory");
  }

 private:
  size_t half_, at_ = 0;
  std::vector<uint8_t> memory_;
};

inline std::vector<PerfRow> measureCase(const PerfCase& c, const std::vector<Isa>& isas, double budgetMs) {
  std::vector<std::unique_ptr<HostStage>> ring;
  size_t built = 0;
  while (ring.size() < 2 || (built < kRingBytes && ring.size() < kRingEntries)) {
    Random random(static_cast<uint32_t>(ring.size()) + 3);
    ring.push_back(std::make_unique<HostStage>("perf", hostKernels(chooseIsa())));
    c.build(random, *ring.back());
    built += ring.back()->allocatedBytes();
  }
  const size_t bytes = ring.front()->touchedBytes();
  CopyRing copies(bytes);
  std::vector<bench::Repetition> contenders = {[&](size_t) { copies.copy(); }};
  for (const Isa isa : isas)
    contenders.push_back([&ring, isa](size_t entry) {
      ring[entry]->use(hostKernels(isa));
      ring[entry]->relaunch();
    });
  const std::vector<bench::Timing> timings = bench::alternate(contenders, ring.size(), budgetMs);
  std::vector<PerfRow> rows;
  for (size_t i = 0; i < isas.size(); i++) {
    const bench::Timing& t = timings[i + 1];
    rows.push_back({c.kernel, c.what, isas[i], t.medianMs, t.minMs, bytes, t.medianMs / timings.front().medianMs});
  }
  return rows;
}

}  // namespace framepath::conformance
