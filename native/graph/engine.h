// The scheduler: dataflow over tasks, no global tick.
//
//   source threads -> admission -> lanes (by dependencies) -> delivery in seq order per source, exactly once
//
// At every moment, per source: in = delivered + dropped + inFlight. One lock guards the bookkeeping; modules, sources
// and callbacks run outside it.
//
//   created --start--> running --last task of the last source--> drained --join--> ended
//      |                  |                                         |                |
//      +------stop--------+-----stop, or a failure of the run-------+----------------+----> stopped
//
// Each source has states of its own: source_session.h.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "graph/lane.h"
#include "graph/module.h"
#include "graph/source_session.h"
#include "graph/trace.h"

namespace framepath::graph {

// What next() hands over.
struct Delivery {
  std::vector<TaskRef> tasks;
  bool ended = false;  // nothing follows
  std::optional<Error> error;
};

struct EngineHooks {
  // All of a source's tasks have passed every module, sinks too. On an engine thread, without the lock.
  std::function<void(int32_t source)> sourceFinished;
  // Every source has finished (and the run is not open), or the run failed or was stopped. Once.
  std::function<void()> drained;
  // A sampled frame (sample()) has all results that are delivered; its stamps are complete. On an engine thread,
  // without the lock; may be empty.
  std::function<void(const Task&)> sampled;
  // Results of a live source have come too late for a while, and nothing else has; once in a row. May be empty.
  std::function<void(int32_t source)> onlyLate = nullptr;
};

struct EngineOptions {
  bool open = false;        // sources may come later: the run does not end by itself
  bool keepPixels = false;  // a delivered task keeps its pixels until the caller releases it
  std::shared_ptr<Trace> trace = nullptr;
};

enum class EngineState : uint8_t {
  created,
  running,
  drained,  // nothing more is read or worked on; results may wait to be taken
  ended,    // the same, and its threads are gone
  stopped,  // what was not delivered is cancelled
};

class Engine {
 public:
  using NextCallback = std::function<void(Delivery)>;

  Engine(Graph graph, EngineHooks hooks, EngineOptions options = {});
  ~Engine();  // stops without draining
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const Graph& graph() const { return graph_; }

  // Before or after start(). Returns the source's number.
  int32_t addSource(std::shared_ptr<FrameSource> source, const SourceOptions& options);
  // Opens every module's workers on this thread (throws what they throw), then starts the threads.
  void start();

  // At least one delivered task, at most `max`; `callback` is called once, at once or later on an engine thread.
  // A second call while one waits throws INVALID_ARGUMENT.
  void next(size_t max, NextCallback callback);
  // From now on results count as delivered when they are complete.
  void discard();
  // Stops reading the source; `removed` is called when its last task has all results. Throws SOURCE_NOT_FOUND,
  // RUN_CLOSED.
  void removeSource(const std::string& id, std::function<void()> removed);
  // A picture outside every source: unordered, through the stateless modules. Its failure is its own (Task::error), the
  // run goes on; CANCELLED when the run ends first.
  void submit(FrameRef frame, std::function<void(const TaskRef&)> finished);
  // No source will be added: the run may end.
  void closeToSources();

  // From now on hooks.sampled is called for every Nth frame of each source; 0, the default: for none.
  void sample(int64_t every);

  // Ends the run with an error. The first one stays.
  void fail(const Error& error);
  // Stops sources and cancels what is not delivered. Idempotent, returns at once; drained() follows.
  void stop();
  // After stop() or drained(): joins every thread. Not from an engine thread.
  void join();

  bool drained() const;
  std::optional<Error> error() const;
  std::vector<SourceCounts> counts() const;  // of every source there was
  SourceCounts counts(int32_t source) const;
  bool allSourcesFailed() const;  // up to now
  std::vector<StageStats> stages() const;
  int32_t liveLeases() const;
  int64_t liveTasks() const;

 private:
  using SessionRef = std::shared_ptr<SourceSession>;
  // Things to do after unlocking: release leases, call hooks.
  struct After;
  using Lock = std::unique_lock<std::mutex>;

  void readSource(const SessionRef& session);
  void readFrames(SourceSession& session);
  bool acceptFrame(SourceSession& session, FrameRef frame, const Stamps& decode, After& after);
  void sourceEnded(const SessionRef& session, std::optional<Error> error);
  void startSource(const SessionRef& session);
  void checkFinished(SourceSession& session, After& after);
  void retire(SourceSession& session, After& after);
  SourceRecord recordLocked(size_t source) const;
  bool allFailedLocked() const;
  bool over() const { return state_ >= EngineState::drained; }
  bool stopped() const { return state_ == EngineState::stopped; }
  TaskRef makeTask(int32_t source, FrameRef frame, std::shared_ptr<Admission> admission);
  void enter(const TaskRef& task, After& after);
  void becomeReady(const TaskRef& task, int32_t module, After& after);
  void setResult(const TaskRef& task, int32_t module, Observation result, After& after);
  void complete(const TaskRef& task, After& after);
  void taskGone(const TaskRef& task, After& after);
  void checkDrained(After& after);
  void answerNext(After& after);
  void dropOld(SourceSession& session, int64_t nowNs, After& after);
  void takeAll(SourceSession& session, After& after);
  Delivery takeResults(size_t max, After& after);
  void stopLocked(After& after);
  void serve(Lane& lane, Worker& worker, int32_t number);
  void servePrefetching(Lane& lane, Worker& worker, int32_t number, Lock& lock);
  void prefetchMore(Lane& lane, Worker& worker, int32_t number, std::vector<TaskRef>& prefetched, Lock& lock);
  bool finishAtOnce(Lane& lane, Batch& batch, Lock& lock);
  void finishBatch(Lane& lane, int32_t number, Batch batch, std::vector<Observation> results, int64_t startNs,
                   int64_t doneNs, Lock& lock);
  Batch takeBatch(Lane& lane, Lock& lock);
  std::vector<Observation> runBatch(Lane& lane, Worker& worker, const Batch& batch);
  std::optional<Observation> withoutRunning(Lane& lane, const TaskRef& task, bool& parked);
  Observation afterFailure(Lane& lane, Task& task, const Error& error);

  const Graph graph_;
  const EngineHooks hooks_;
  const EngineOptions options_;

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::map<int32_t, SessionRef> sessions_;            // by number: not over yet, or with results to be taken
  std::vector<std::optional<SourceRecord>> records_;  // by number; none where there is a session
  size_t failedSources_ = 0;
  std::vector<std::thread> exited_;                    // of sources, to be joined: one at most, but for a moment
  std::vector<std::shared_ptr<Admission>> lingering_;  // of sources that are gone, but for frames that are held
  std::shared_ptr<Admission> submitted_;
  std::map<int64_t, TaskRef> submissions_;  // not finished, by id
  int64_t nextTaskId_ = 1;
  int64_t sampleEvery_ = 0;
  int64_t liveTasks_ = 0;   // with modules that have no result yet
  int32_t nextSource_ = 0;  // takeResults starts here
  std::optional<std::pair<size_t, NextCallback>> waitingNext_;
  std::optional<Error> error_;
  EngineState state_ = EngineState::created;
  bool open_;             // sources may come later
  bool discard_ = false;  // results are not taken
};

}  // namespace framepath::graph
