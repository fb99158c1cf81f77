// Streams, events and the work in them. All calls under the state's lock.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "device/cuda_types.h"
#include "simulator/state.h"

namespace framepath::simulator {

struct StreamState;
using StreamRef = std::shared_ptr<StreamState>;

// A place in a stream: everything up to it.
struct Place {
  StreamRef stream;
  uint64_t upTo = 0;
};

struct Piece {
  uint64_t number = 0;
  std::function<void()> run;         // or
  Place waitFor;                     // work of another stream
  std::vector<const void*> touches;  // device memory, as far as is known
};

struct StreamState {
  std::deque<Piece> pieces;
};

struct EventState {
  Place place;      // of the last recording; no stream: never recorded
  double atMs = 0;  // when it was reached
};

// All streams that are not created non-blocking count as the default stream (CUstream 0, 1 and 2).
class Work {
 public:
  cuda::Stream createStream(bool nonBlocking);
  StreamRef find(cuda::Stream stream);  // null: no such stream
  bool destroyStream(cuda::Stream stream);

  cuda::Event createEvent();
  std::shared_ptr<EventState> find(cuda::Event event);  // null: no such event
  bool destroyEvent(cuda::Event event);

  // Lazy: queued; else run now.
  Place add(const StreamRef& stream, std::function<void()> run, std::vector<const void*> touches = {});
  void wait(const StreamRef& stream, const Place& place);

  void runUntil(const Place& place);
  void runAll(const StreamRef& stream) { runUntil({stream, UINT64_MAX}); }
  void runEverything();
  bool reached(const Place& place) const;
  // Whether queued work refers to the block of device memory.
  bool refersTo(const void* memory, size_t bytes) const;

 private:
  StreamRef default_ = std::make_shared<StreamState>();
  std::map<cuda::Stream, StreamRef> streams_;
  std::map<cuda::Event, std::shared_ptr<EventState>> events_;
  uint64_t last_ = 0;
  uintptr_t lastHandle_ = 0x1000;
};

Work& work();

}  // namespace framepath::simulator
