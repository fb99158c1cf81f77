#include "media/encoder_sessions.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace framepath::media {
namespace {

struct Sessions {
  std::mutex mutex;
  std::condition_variable freed;
  int32_t open = 0;
  int32_t learnt = 0;

  bool room(int32_t most) const { return (most <= 0 || open < most) && (learnt <= 0 || open < learnt); }
};

Sessions& sessions() {
  static auto* const one = new Sessions;  // detached encoders end after static objects
  return *one;
}

constexpr std::chrono::milliseconds kStopCheck{50};

}  // namespace

EncoderSession takeEncoderSession(int32_t most, SessionPolicy policy, const StopRef& stop) {
  Sessions& all = sessions();
  std::unique_lock lock(all.mutex);
  while (!all.room(most)) {
    if (policy == SessionPolicy::fallback || all.open == 0 || (stop && stop->passed())) return nullptr;
    all.freed.wait_for(lock, kStopCheck);
  }
  all.open++;
  return {&all, [](Sessions* of) {
            std::lock_guard given(of->mutex);
            of->open--;
            of->freed.notify_all();
          }};
}

bool encoderSessionRefused(EncoderSession session) {
  Sessions& all = sessions();
  std::unique_lock lock(all.mutex);
  const int32_t beside = all.open - 1;
  if (beside > 0) all.learnt = beside;
  lock.unlock();
  session.reset();
  return beside > 0;
}

EncoderSessionCounts encoderSessions() {
  Sessions& all = sessions();
  std::lock_guard lock(all.mutex);
  return {all.open, all.learnt};
}

}  // namespace framepath::media
