#include "simulator/work.h"

#include <algorithm>

#include "simulator/arena.h"
#include "simulator/simulator.h"

namespace framepath::simulator {

Work& work() {
  static auto* const one = new Work;
  return *one;
}

cuda::Stream Work::createStream(bool nonBlocking) {
  const auto handle = reinterpret_cast<cuda::Stream>(lastHandle_ += 16);
  streams_[handle] = nonBlocking ? std::make_shared<StreamState>() : default_;
  return handle;
}

StreamRef Work::find(cuda::Stream stream) {
  if (reinterpret_cast<uintptr_t>(stream) <= 2) return default_;
  const auto found = streams_.find(stream);
  return found == streams_.end() ? nullptr : found->second;
}

bool Work::destroyStream(cuda::Stream stream) {
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return false;
  runAll(found->second);
  streams_.erase(found);
  return true;
}

cuda::Event Work::createEvent() {
  const auto handle = reinterpret_cast<cuda::Event>(lastHandle_ += 16);
  events_[handle] = std::make_shared<EventState>();
  return handle;
}

std::shared_ptr<EventState> Work::find(cuda::Event event) {
  const auto found = events_.find(event);
  return found == events_.end() ? nullptr : found->second;
}

bool Work::destroyEvent(cuda::Event event) {
  return events_.erase(event) > 0;
}

Place Work::add(const StreamRef& stream, std::function<void()> run, std::vector<const void*> touches) {
  const Place place{stream, ++last_};
  if (state().lazy)
    stream->pieces.push_back({place.upTo, std::move(run), {}, std::move(touches)});
  else
    run();
  return place;
}

void Work::wait(const StreamRef& stream, const Place& place) {
  if (state().lazy && place.stream) stream->pieces.push_back({++last_, {}, place, {}});
}

void Work::runUntil(const Place& place) {
  auto& pieces = place.stream->pieces;
  while (!pieces.empty() && pieces.front().number <= place.upTo) {
    const Piece piece = std::move(pieces.front());
    pieces.pop_front();
    if (piece.waitFor.stream) runUntil(piece.waitFor);
    if (piece.run) piece.run();
  }
}

void Work::runEverything() {
  runAll(default_);
  for (const auto& [handle, stream] : streams_) runAll(stream);
}

bool Work::reached(const Place& place) const {
  return !place.stream || place.stream->pieces.empty() || place.stream->pieces.front().number > place.upTo;
}

bool Work::refersTo(const void* memory, size_t bytes) const {
  const auto* first = static_cast<const char*>(memory);
  const auto inside = [&](const void* address) { return address >= first && address < first + bytes; };
  const auto refers = [&](const StreamState& stream) {
    return std::any_of(stream.pieces.begin(), stream.pieces.end(), [&](const Piece& piece) {
      return std::any_of(piece.touches.begin(), piece.touches.end(), inside);
    });
  };
  return refers(*default_) ||
         std::any_of(streams_.begin(), streams_.end(), [&](const auto& s) { return refers(*s.second); });
}

}  // namespace framepath::simulator

using namespace framepath::simulator;

extern "C" __attribute__((visibility("default"))) void simulatorRun(void* stream, void (*run)(void*), void* argument) {
  std::lock_guard lock(state().mutex);
  work().add(work().find(static_cast<framepath::cuda::Stream>(stream)), [=] {
    const Arena::Reach reach;
    run(argument);
  });
}

extern "C" __attribute__((visibility("default"))) void simulatorSynchronize(void* stream) {
  std::lock_guard lock(state().mutex);
  work().runAll(work().find(static_cast<framepath::cuda::Stream>(stream)));
}
