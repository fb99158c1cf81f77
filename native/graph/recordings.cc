#include "graph/recordings.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/clock.h"
#include "core/thread_name.h"

namespace framepath::graph {
namespace {

constexpr int32_t kMostAtOnce = 64;  // each has a thread and a file
// After stop(): close() has two seconds for everything.
constexpr int64_t kIndexNs = 1'000'000'000;     // for the index of MP4
constexpr int64_t kPatienceNs = 1'500'000'000;  // with a disk that does not answer

Error notKept(const std::string& sentence, const std::string& hint) {
  return Error(ErrorCode::INVALID_ARGUMENT, sentence, hint);
}

std::shared_ptr<media::PacketRing> ringFor(const SourceFile& source, const RecordingRequest& request) {
  const std::string id = "\"" + source.spec.id + "\"";
  if (!source.spec.recorder)
    throw notKept("Source " + id + " has no recorder.",
                  "Open it with one: camera(url, { recorder: { preMs: 10_000 } }).");
  if (request.preMs > source.spec.recorder->preMs)
    throw notKept("Expected preMs of at most " + std::to_string(source.spec.recorder->preMs) +
                      ", which is what the recorder of source " + id + " keeps, but received " +
                      std::to_string(request.preMs) + ".",
                  "Keep more: camera(url, { recorder: { preMs: " + std::to_string(request.preMs) + " } }).");
  if (auto ring = source.ring.lock()) return ring;
  throw Error(ErrorCode::OUTPUT_FAILED, "Source " + id + " has ended: nothing is kept of it any more.",
              "Record while it is read.");
}

}  // namespace

RecordingReport Recordings::record(const SourceFile& source, const RecordingRequest& request) {
  const std::shared_ptr<media::PacketRing> ring = ringFor(source, request);
  {
    std::lock_guard lock(mutex_);
    if (stop_->passed()) throw Error(ErrorCode::RUN_CLOSED, "The run is closed.");
    if (running_ == kMostAtOnce)
      throw Error(ErrorCode::BUSY, std::to_string(running_) + " recordings are being written already.");
    running_++;
  }
  const ThreadName named("record");
  RecordingReport recording;
  recording.source = source.spec.id;
  recording.clip.path = request.path;
  try {
    media::ClipOptions options;
    options.path = request.path;
    options.source = source.spec.id;
    options.preMs = request.preMs < 0 ? ring->preMs() : request.preMs;
    options.postMs = request.postMs;
    options.over = [link = source.link] { return link->ended(); };
    options.stop = stop_;
    options.endBy = endBy_;
    recording.clip = media::writeClip(*ring, options);
  } catch (const Error& error) {
    recording.error = error;
    if (recording.error->source.empty()) recording.error->source = source.spec.id;
  } catch (const std::exception& error) {
    recording.error = Error(ErrorCode::INTERNAL, std::string("Recording failed: ") + error.what());
  }
  const std::string& audio = recording.clip.audioLeftOut;
  if (!audio.empty())
    recoveries_.add(
        {source.spec.id, "audio left out of a recording",
         audio + " cannot go into " + request.path + (request.path.ends_with(".mkv") ? "." : "; .mkv holds more.")});
  note(recording);
  if (recording.error) throw *recording.error;
  return recording;
}

void Recordings::note(RecordingReport recording) {
  std::lock_guard lock(mutex_);
  if (past_.size() == kKept) past_.erase(past_.begin() + kKept / 2);
  past_.push_back(std::move(recording));
  running_--;
  ended_.notify_all();
}

void Recordings::stop() {
  std::lock_guard lock(mutex_);
  stop_->now();
  endBy_->at(stop_->atNs() + kIndexNs);
}

void Recordings::wait() {
  std::unique_lock lock(mutex_);
  const int64_t leftNs = stop_->atNs() + kPatienceNs - nowNs();
  ended_.wait_for(lock, std::chrono::nanoseconds(leftNs), [&] { return running_ == 0; });
}

void Recordings::addTo(Report& report) const {
  std::lock_guard lock(mutex_);
  report.recordings.assign(past_.begin(), past_.end());
}

}  // namespace framepath::graph
