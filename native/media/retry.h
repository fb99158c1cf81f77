// When what was lost on the network is tried again: sources and outputs alike.
#pragma once
#include <algorithm>
#include <cstdint>

namespace framepath::media {

// 0.25, 0.5, 1, 2, 4, 8, 8, ...: ten attempts cover three quarters of a minute, as long as a router takes to restart.
inline int64_t retryPauseMs(int32_t attempt) {
  constexpr int64_t kFirstPauseMs = 250, kLongestPauseMs = 8000;
  return std::min(kLongestPauseMs, kFirstPauseMs << std::min(attempt, 10));
}

// A connection that breaks off again sooner than this goes on with the budget and the pauses it had.
constexpr int64_t kSteadyNs = 5'000'000'000;

}  // namespace framepath::media
