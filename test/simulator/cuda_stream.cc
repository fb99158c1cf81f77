// Streams and events.
#include <ctime>

#include "simulator/arena.h"
#include "simulator/state.h"
#include "simulator/work.h"

using namespace framepath::simulator;
using framepath::cuda::Event;
using framepath::cuda::Stream;

namespace {

constexpr Result kInvalidHandle = 400;

double nowMs() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) * 1e-6;
}

}  // namespace

SIM_API cuStreamCreate(Stream* stream, unsigned flags) {
  SIM_ENTER(cuStreamCreate, context);
  *stream = work().createStream(flags & framepath::cuda::streamNonBlocking);
  state().count("stream_live");
  return result::success;
}
SIM_API cuStreamCreateWithPriority(Stream* stream, unsigned flags, int) {
  return cuStreamCreate(stream, flags);
}

SIM_API cuStreamDestroy_v2(Stream stream) {
  SIM_ENTER(cuStreamDestroy_v2, context);
  if (!work().destroyStream(stream)) return kInvalidHandle;
  state().count("stream_live", -1);
  return result::success;
}

SIM_API cuStreamSynchronize(Stream stream) {
  SIM_ENTER(cuStreamSynchronize, context);
  const StreamRef queue = work().find(stream);
  if (!queue) return kInvalidHandle;
  work().runAll(queue);
  return state().lost;
}

SIM_API cuStreamQuery(Stream stream) {
  SIM_ENTER(cuStreamQuery, context);
  const StreamRef queue = work().find(stream);
  if (!queue) return kInvalidHandle;
  if (queue->pieces.empty()) return state().lost;
  work().runAll(queue);  // by the next time
  return result::notReady;
}

SIM_API cuStreamWaitEvent(Stream stream, Event event, unsigned) {
  SIM_ENTER(cuStreamWaitEvent, context);
  const StreamRef queue = work().find(stream);
  const auto known = work().find(event);
  if (!queue || !known) return kInvalidHandle;
  work().wait(queue, known->place);
  return result::success;
}

SIM_API cuStreamAddCallback(Stream stream, void (*callback)(Stream, Result, void*), void* argument, unsigned) {
  SIM_ENTER(cuStreamAddCallback, context);
  work().add(work().find(stream), [=] { callback(stream, state().lost, argument); });
  return result::success;
}

SIM_API cuLaunchHostFunc(Stream stream, void (*function)(void*), void* argument) {
  SIM_ENTER(cuLaunchHostFunc, context);
  work().add(work().find(stream), [=] { function(argument); });
  return result::success;
}

SIM_API cuEventCreate(Event* event, unsigned) {
  SIM_ENTER(cuEventCreate, context);
  *event = work().createEvent();
  state().count("event_live");
  return result::success;
}

SIM_API cuEventDestroy_v2(Event event) {
  SIM_ENTER(cuEventDestroy_v2, context);
  if (!work().destroyEvent(event)) return kInvalidHandle;
  state().count("event_live", -1);
  return result::success;
}

SIM_API cuEventRecord(Event event, Stream stream) {
  SIM_ENTER(cuEventRecord, context);
  const StreamRef queue = work().find(stream);
  const auto known = work().find(event);
  if (!queue || !known) return kInvalidHandle;
  known->place = work().add(queue, [known] { known->atMs = nowMs(); });
  return result::success;
}

SIM_API cuEventSynchronize(Event event) {
  SIM_ENTER(cuEventSynchronize, driver);
  const auto known = work().find(event);
  if (!known) return kInvalidHandle;
  if (known->place.stream) work().runUntil(known->place);
  return state().lost;
}

SIM_API cuEventQuery(Event event) {
  SIM_ENTER(cuEventQuery, driver);
  const auto known = work().find(event);
  if (!known) return kInvalidHandle;
  if (work().reached(known->place)) return state().lost;
  work().runUntil(known->place);  // by the next time
  return result::notReady;
}

SIM_API cuEventElapsedTime(float* ms, Event from, Event to) {
  SIM_ENTER(cuEventElapsedTime, driver);
  const auto first = work().find(from), second = work().find(to);
  if (!first || !second) return kInvalidHandle;
  *ms = static_cast<float>(second->atMs - first->atMs);
  return result::success;
}
