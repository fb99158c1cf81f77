// Contenders measured in turn on cold data, so that whatever else the machine does hits all of them alike.
#pragma once
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

namespace framepath::bench {

struct Timing {
  double medianMs;
  double minMs;
};

// Time this thread ran: waiting for a busy machine does not count.
inline double threadMs() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) * 1e-6;
}

// One repetition of a contender, on entry i of a ring of inputs.
using Repetition = std::function<void(size_t entry)>;

// Goes round the contenders for about `budgetMs`, at least `leastRounds` times. Each repetition gets the next entry of
// one common ring: with a ring larger than the caches nobody finds its input there. Short repetitions are timed several
// at once.
inline std::vector<Timing> alternate(const std::vector<Repetition>& contenders, size_t ring, double budgetMs,
                                     int leastRounds = 5) {
  constexpr double kSampleMs = 0.1;  // far above what reading the clock takes
  const size_t count = contenders.size();
  std::vector<std::vector<double>> samples(count);
  std::vector<int> batch(count, 1);
  size_t entry = 0;
  double spent = 0;
  for (int round = -1; round < leastRounds || spent < budgetMs; round++) {
    for (size_t i = 0; i < count; i++) {
      const size_t who = (i + static_cast<size_t>(round + 1)) % count;
      const double start = threadMs();
      for (int k = 0; k < batch[who]; k++) contenders[who](entry++ % ring);
      const double took = threadMs() - start;
      spent += took;
      if (round < 0) {
        batch[who] = std::clamp(static_cast<int>(kSampleMs / std::max(took, 1e-4)), 1, 64);
      } else {
        samples[who].push_back(took / batch[who]);
      }
    }
  }
  std::vector<Timing> timings;
  for (std::vector<double>& s : samples) {
    std::sort(s.begin(), s.end());
    timings.push_back({s[s.size() / 2], s.front()});
  }
  return timings;
}

}  // namespace framepath::bench
