// Sources: joining, reading on their threads, leaving, and what stays of them.
#include <algorithm>
#include <iterator>
#include <utility>

#include "core/thread_name.h"
#include "core/work.h"
#include "graph/engine.h"
#include "graph/engine_after.h"

namespace framepath::graph {

int32_t Engine::addSource(std::shared_ptr<FrameSource> frames, const SourceOptions& options) {
  Lock lock(mutex_);
  if (over()) throw Error(ErrorCode::RUN_CLOSED, "The run has ended; no source can be added.", "Start a new run.");
  for (const auto& [number, other] : sessions_)
    if (other->options.id == options.id && other->reads())
      throw Error(ErrorCode::INVALID_ARGUMENT, "Two sources are called \"" + options.id + "\".",
                  "Give every source an id of its own.");
  const auto number = static_cast<int32_t>(records_.size());
  records_.emplace_back();
  const SessionRef& session =
      sessions_.emplace(number, std::make_shared<SourceSession>(number, std::move(frames), options)).first->second;
  try {
    if (state_ == EngineState::running) startSource(session);
  } catch (...) {  // no thread
    sessions_.erase(number);
    records_.pop_back();
    throw;
  }
  return number;
}

void Engine::startSource(const SessionRef& session) {
  session->begin();
  session->thread = std::thread([this, session] { readSource(session); });
}

void Engine::readSource(const SessionRef& session) {
  const ThreadName named(session->decode.name);
  std::optional<Error> error;
  try {
    readFrames(*session);
  } catch (const Error& e) {
    error = e;
  } catch (const std::exception& e) {
    error = Error(ErrorCode::SOURCE_FAILED, std::string("Reading the source failed: ") + e.what());
  }
  if (error && error->source.empty()) error->source = session->options.id;
  sourceEnded(session, std::move(error));
}

// A frame of a live source is read first, and dropped where there is no room; another source waits for room first.
void Engine::readFrames(SourceSession& session) {
  const bool live = session.options.live;
  const std::shared_ptr<FrameSource> frames = session.frames();
  // What was entered for a frame that did not come.
  const auto leaveRoom = [&] {
    if (live) return;
    session.admission->leaseEnded();
    session.admission->taskEnded();
  };
  for (;;) {
    const int64_t askedNs = nowNs();
    if (!live && !session.admission->enter()) return;
    const int64_t enteredNs = nowNs();
    FrameRef frame;
    const WorkScope at({session.decode.name, 0, session.number, session.nextSeq()});
    try {
      frame = frames->next();
    } catch (...) {
      leaveRoom();
      throw;
    }
    const int64_t decodedNs = nowNs();
    if (!frame) return leaveRoom();
    After after;
    {
      Lock lock(mutex_);
      if (live) dropOld(session, decodedNs, after);
      const char* const noRoom = live ? session.tryEnter(decodedNs) : nullptr;
      if (!noRoom) {
        if (!acceptFrame(session, std::move(frame), {askedNs, enteredNs, decodedNs}, after)) return;
        session.decode.addWork(askedNs, enteredNs, decodedNs);
        if (options_.trace)
          options_.trace->add(
              {session.decode.name, 0, session.number, session.nextSeq() - 1, askedNs, enteredNs, decodedNs});
      } else if (!stopped() && !session.leaves()) {
        session.drop(noRoom);
      }
    }
    after.run();
  }
}

// False: the run or the source is stopping and the frame was not taken.
bool Engine::acceptFrame(SourceSession& session, FrameRef frame, const Stamps& decode, After& after) {
  TaskRef task = makeTask(session.number, std::move(frame), session.admission);
  task->enteredNs = decode.doneNs;
  task->decode = decode;
  if (stopped() || session.leaves()) {
    session.admission->taskEnded();
    after.tasks.push_back(std::move(task));
    return false;
  }
  session.enter(*task);
  enter(task, after);
  return true;
}

// On the source's thread, its last act. What it read with goes first, without the lock: that may talk to a server.
void Engine::sourceEnded(const SessionRef& session, std::optional<Error> error) {
  After after;
  Lock lock(mutex_);
  std::shared_ptr<FrameSource> frames = session->takeFrames();
  lock.unlock();
  frames.reset();
  lock.lock();
  if (stopped() || session->leaves()) error.reset();
  if (error) failedSources_++;
  session->drain(std::move(error));
  checkFinished(*session, after);
  checkDrained(after);
  // A thread cannot join itself: the next one does, or the engine.
  std::vector<std::thread> before = std::exchange(exited_, {});
  if (session->thread.joinable()) exited_.push_back(std::move(session->thread));
  lock.unlock();
  after.run();
  for (std::thread& thread : before) thread.join();
}

void Engine::removeSource(const std::string& id, std::function<void()> removed) {
  After after;
  Lock lock(mutex_);
  if (stopped()) throw Error(ErrorCode::RUN_CLOSED, "The run has ended, and its sources with it.");
  const auto found = std::ranges::find_if(
      sessions_, [&](const auto& item) { return item.second->options.id == id && !item.second->over(); });
  if (found == sessions_.end())
    throw Error(ErrorCode::SOURCE_NOT_FOUND, "No source \"" + id + "\" is running.",
                "Use the id of a source that was added and has not ended.");
  SourceSession& session = *found->second;
  session.leave(std::move(removed));
  if (auto frames = session.frames()) after.calls.push_back([frames] { frames->interrupt(); });
  checkFinished(session, after);
  lock.unlock();
  after.run();
}

void Engine::checkFinished(SourceSession& session, After& after) {
  std::vector<std::function<void()>> removed;
  if (stopped() || !session.finish(removed)) return;
  const int32_t number = session.number;
  for (auto& lane : lanes_) {
    lane->queue.onSourceEnded(number);
    lane->strides.onSourceEnded(number);
    for (auto& worker : lane->workers) after.calls.push_back([worker, number] { worker->onSourceEnded(number); });
  }
  if (hooks_.sourceFinished) after.calls.push_back([this, number] { hooks_.sourceFinished(number); });
  std::ranges::move(removed, std::back_inserter(after.calls));
  checkDrained(after);
  retire(session, after);
}

// What is over, and was taken, goes; its record stays.
void Engine::retire(SourceSession& session, After& after) {
  if (!session.over() || session.hasResults()) return;
  auto node = sessions_.extract(session.number);
  if (node.empty()) return;
  std::erase_if(lingering_, [](const auto& admission) { return admission->leases() == 0; });
  if (session.admission->leases() > 0) lingering_.push_back(session.admission);
  records_[static_cast<size_t>(session.number)] = session.record();
  after.sessions.push_back(std::move(node.mapped()));
}

SourceRecord Engine::recordLocked(size_t number) const {
  const auto& record = records_[number];
  return record ? *record : sessions_.at(static_cast<int32_t>(number))->record();
}

bool Engine::allFailedLocked() const {
  return !records_.empty() && failedSources_ == records_.size();
}

bool Engine::allSourcesFailed() const {
  Lock lock(mutex_);
  return allFailedLocked();
}

SourceCounts Engine::counts(int32_t source) const {
  Lock lock(mutex_);
  return recordLocked(static_cast<size_t>(source)).counts;
}

std::vector<SourceCounts> Engine::counts() const {
  Lock lock(mutex_);
  std::vector<SourceCounts> all;
  for (size_t s = 0; s < records_.size(); s++) all.push_back(recordLocked(s).counts);
  return all;
}

}  // namespace framepath::graph
