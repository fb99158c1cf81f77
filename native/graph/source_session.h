// One source of a run, from its first frame to the last result taken: its thread, what it reads with, its room in the
// graph, its results and counts. When it is over and everything was taken, it goes; a SourceRecord stays.
//
//   opened --begin--> reading ----no more frames----> draining --last task--> ended | failed
//     |                  |                            ^     |
//     +------leave-------+-----> leaving -------------+     +---it was to leave--> removed
//
// The thread frees what it reads with (decoder, connection, descriptors) before `draining`; it is joined by the next
// source's thread that ends, or by the engine. A run that stops leaves its sources in the state they are in.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "core/histogram.h"
#include "generated/run_defaults.h"
#include "graph/admission.h"
#include "graph/stage_stats.h"
#include "graph/task.h"
#include "media/source_reader.h"

namespace framepath::graph {

// Where a source's frames come from; read on the source's own thread, which also frees it.
class FrameSource {
 public:
  virtual ~FrameSource() = default;
  virtual FrameRef next() = 0;                                   // null at the end; throws Error
  virtual void interrupt() = 0;                                  // from any thread: next() returns soon
  virtual media::ReaderCounters counters() const { return {}; }  // from any thread
};

struct SourceOptions {
  std::string id;
  bool live = false;                                   // may not wait: frames without room are dropped and counted
  int32_t inFlight = defaults::RunSettings::inFlight;  // frames whose pixels are alive
  int32_t resultQueue = defaults::RunSettings::resultQueue;  // further tasks whose results wait to be taken
  int64_t maxAgeNs = 0;  // results of a live source are not handed over later than this; 0 = no limit
};

struct SourceCounts {
  std::string id;
  int64_t in = 0, delivered = 0, inFlight = 0;
  // By cause. inFlight: no room; behind: the modules were; late: its results came too late; untaken: they came in time,
  // and nobody took them; cancelled: the run ended first.
  std::map<std::string, int64_t> dropped;
  Histogram latency;   // from reading a frame to handing its results over
  bool ended = false;  // nothing more is read
  std::optional<Error> error;
  media::ReaderCounters reader;
};

// What is known of a source.
struct SourceRecord {
  SourceCounts counts;
  StageStats decode;
};

enum class SourceState : uint8_t { opened, reading, leaving, draining, ended, failed, removed };

// Every member belongs to the engine's lock, unless noted otherwise.
class SourceSession {
 public:
  SourceSession(int32_t number, std::shared_ptr<FrameSource> frames, const SourceOptions& options);

  const int32_t number;
  const SourceOptions options;
  const std::shared_ptr<Admission> admission;  // thread-safe
  std::thread thread;

  SourceState state() const { return state_; }
  bool reads() const { return state_ < SourceState::draining; }
  bool over() const { return state_ > SourceState::draining; }
  // It was to leave: no frame is taken any more, no error counts.
  bool leaves() const { return state_ == SourceState::leaving || !removed_.empty(); }

  void begin();
  // Closes its room; whoever calls interrupts frames() then, without the lock. `removed` is called when it is over.
  void leave(std::function<void()> removed);
  // Its thread reads no more, and has freed what it read with.
  void drain(std::optional<Error> error);
  // draining, and no task is on its way: it is over. False: not yet. `calls` are those of leave().
  bool finish(std::vector<std::function<void()>>& calls);
  // The run stops: what was not taken counts as cancelled. The tasks, and the calls of leave().
  void cancel(std::vector<TaskRef>& tasks, std::vector<std::function<void()>>& calls);

  // What reads; null once it was freed. Shared with calls that interrupt it outside the lock.
  std::shared_ptr<FrameSource> frames() const { return frames_; }
  std::shared_ptr<FrameSource> takeFrames();  // to be freed without the lock; what it counted stays

  int64_t nextSeq() const { return nextSeq_; }
  void enter(Task& task);  // numbers it
  void drop(const std::string& cause) { in_++, dropped_[cause]++; }
  // Takes room for a frame of a live source; else the cause for dropping it.
  const char* tryEnter(int64_t nowNs);
  void taskGone() { underway_--; }  // every module has a result for it, sinks too
  void complete(TaskRef task);      // its results are complete: it waits for its turn, then to be taken
  bool hasResults() const { return !results_.empty(); }
  TaskRef take(int64_t nowNs);  // the next result, delivered by this; only where there is one
  // Drops results that are too old to be handed over. True, once: only such results have come for a while.
  bool dropOld(int64_t nowNs, std::vector<TaskRef>& tasks);

  StageStats decode;
  SourceRecord record() const;

 private:
  SourceState state_ = SourceState::opened;
  std::shared_ptr<FrameSource> frames_;
  int64_t nextSeq_ = 0, nextDelivery_ = 0;
  int64_t in_ = 0, delivered_ = 0;
  int64_t underway_ = 0;  // tasks for which modules have no result yet, sinks too
  std::map<std::string, int64_t> dropped_;
  std::deque<int64_t> entered_;  // when each task was that is not complete, or not in turn; from nextDelivery_ on
  Histogram latency_;
  int32_t lateInARow_ = 0;
  std::map<int64_t, TaskRef> finished_;  // complete, waiting for an earlier one
  std::deque<TaskRef> results_;
  std::optional<Error> error_;
  std::vector<std::function<void()>> removed_;
  media::ReaderCounters reader_;
};

}  // namespace framepath::graph
