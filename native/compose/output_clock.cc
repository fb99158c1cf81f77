#include "compose/output_clock.h"

#include <algorithm>

#include "core/error.h"

namespace framepath::compose {

int64_t usOfTick(int64_t tick, int32_t fpsNum, int32_t fpsDen) {
  const __int128 scaled = static_cast<__int128>(tick) * 1'000'000 * fpsDen;
  return static_cast<int64_t>((2 * scaled + fpsNum) / (2 * static_cast<__int128>(fpsNum)));
}

int64_t tickFrom(int64_t us, int32_t fpsNum, int32_t fpsDen) {
  if (us <= 0) return 0;
  const __int128 scaled = static_cast<__int128>(us) * fpsNum, second = static_cast<__int128>(1'000'000) * fpsDen;
  const auto tick = static_cast<int64_t>((scaled + second - 1) / second);
  return tick > 0 && usOfTick(tick - 1, fpsNum, fpsDen) >= us ? tick - 1 : tick;
}

OutputClock::OutputClock(int32_t fpsNum, int32_t fpsDen, int32_t sources) : fpsNum_(fpsNum), fpsDen_(fpsDen) {
  for (int32_t s = 0; s < sources; s++) add(s);
  if (fpsNum <= 0 || fpsDen <= 0)
    throw Error(ErrorCode::INVALID_ARGUMENT, "Expected a positive canvas frame rate but received " +
                                                 std::to_string(fpsNum) + "/" + std::to_string(fpsDen) + ".");
}

void OutputClock::join(int32_t source) {
  sources_[source] = {};
  sources_[source].joining = true;
  if (!keepsTimes_) return;
  const int64_t nowUs = tickUs(tick_);
  keepsTimes_ = false;
  tick_ = tickFrom(nowUs, fpsNum_, fpsDen_);
}

void OutputClock::setLookAhead(int32_t source, int64_t us) {
  sources_.at(source).lookAheadUs = us;
}

void OutputClock::leave(int32_t source) {
  sources_.erase(source);
  times_.clear();
}

// The next one that is kept may not be known yet: it is later than the last.
int64_t OutputClock::tickUs(int64_t tick) const {
  if (!keepsTimes_) return usOfTick(tick, fpsNum_, fpsDen_);
  const auto ahead = static_cast<size_t>(tick - tick_);
  return ahead < times_.size() ? times_[ahead] : lastTimeUs_ + 1;
}

void OutputClock::advance() {
  tick_++;
  if (!times_.empty()) times_.pop_front();
}

void OutputClock::sawTime(int64_t ptsUs) {
  if (!keepsTimes_ || ptsUs <= lastTimeUs_) return;
  times_.push_back(ptsUs);
  lastTimeUs_ = ptsUs;
}

int64_t OutputClock::skipTo(int64_t us) {
  const int64_t from = tick_;
  tick_ = std::max(tick_, tickFrom(us, fpsNum_, fpsDen_));
  return tick_ - from;
}

void OutputClock::sawFrame(int32_t source, int64_t ptsUs) {
  SourceState& s = sources_.at(source);
  s.joining = false;
  s.newestUs = std::max(s.newestUs, ptsUs);
  s.endUs = std::max(s.endUs, ptsUs + 1);
  sawTime(ptsUs);
}

void OutputClock::sawEnd(int32_t source) {
  SourceState& s = sources_.at(source);
  s.ended = true;
  // A last frame that is shown for long is drawn again: the output lasts as long.
  const int64_t periodUs = usOfTick(1, fpsNum_, fpsDen_);
  if (s.endUs - lastTimeUs_ > 2 * periodUs) sawTime(s.endUs - periodUs);
}

void OutputClock::setDuration(int32_t source, int64_t endUs) {
  SourceState& s = sources_.at(source);
  s.endUs = std::max(s.endUs, endUs);
}

bool OutputClock::ready() const {
  if (keepsTimes_ && times_.empty()) return false;
  const int64_t now = tickUs(tick_);
  const bool running = std::ranges::any_of(sources_, [&](const auto& entry) {
    const SourceState& s = entry.second;
    return !s.joining && !(s.ended && now >= s.endUs);
  });
  return std::ranges::all_of(sources_, [&](const auto& entry) {
    const SourceState& s = entry.second;
    return s.ended || s.newestUs > now + s.lookAheadUs || (s.joining && running);
  });
}

bool OutputClock::finished() const {
  const int64_t now = tickUs(tick_);
  return std::ranges::all_of(sources_, [&](const auto& entry) {
    const SourceState& s = entry.second;
    return s.ended && (keepsTimes_ ? times_.empty() : now >= s.endUs);
  });
}

}  // namespace framepath::compose
