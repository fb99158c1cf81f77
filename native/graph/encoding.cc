#include "graph/encoding.h"

#include <atomic>
#include <map>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/detached_threads.h"
#include "core/thread_name.h"
#include "core/work.h"

namespace framepath::graph {
namespace {

// Most calls of an encoder return within this: then no thread is detached.
constexpr int64_t kGraceNs = 300'000'000;
// Until its first packet a file is nothing, and takes no time to finish: this much longer is waited for it.
constexpr int64_t kFirstPacketNs = 700'000'000;
// With `realtime`: a packet that is later than this begins another clock, and no more is caught up.
constexpr int64_t kMostBehindNs = 1'000'000'000;

}  // namespace

// What the thread alone owns.
struct Encoding::Work {
  explicit Work(EncodingParts given)
      : encoder(std::move(given.encoder)),
        packets(std::move(given.packets)),
        audio(std::move(given.audio)),
        cues(std::move(given.cues)),
        deadline(std::move(given.deadline)),
        closing(given.closing ? std::move(given.closing) : std::make_shared<Stop>()),
        trace(std::move(given.trace)),
        realtime(given.realtime),
        output(std::move(given.output)),
        failed(std::move(given.failed)),
        recovered(std::move(given.recovered)),
        rate(encoder->rate()) {
    stats.name = given.stage;
    stats.kind = "encode";
  }

  struct GivenUp {};
  bool timeIsUp() const { return deadline->passed() && nowNs() >= endNs(); }
  int64_t endNs() const {
    const int64_t atNs = deadline->atNs();
    return atNs == INT64_MAX || anyPacket || aborted ? atNs : atNs + kFirstPacketNs;
  }
  void encodeAll();
  void emit(Packet packet);
  void drawn(const Frame& canvas);
  void awaitTurn(int64_t dtsUs);
  void fail(const Error& error);
  void enter(State state);

  FrameRef scaled(const FrameRef& canvas);
  bool wantsKeyframe();

  std::shared_ptr<media::Encoder> encoder;    // the thread's, who alone holds it
  std::unique_ptr<compose::Composer> scaler;  // null: canvases are encoded as they come
  const std::shared_ptr<PacketQueue> packets;
  const std::shared_ptr<std::vector<Packet>> audio;
  const std::shared_ptr<AudioCues> cues;
  const StopRef deadline, closing;
  const std::shared_ptr<Trace> trace;
  const bool realtime;
  int64_t clockNs = 0;   // when composition time 0 is due; 0: no packet has come
  int64_t waitedNs = 0;  // for the turns of packets, in the current call of the encoder
  struct Canvas {
    FrameRef frame;
    int64_t readNs;
  };
  BoundedChannel<Canvas> canvases{3};
  std::map<int64_t, int64_t> readNs;  // by ptsUs, of canvases whose packet has not come

  std::mutex outputMutex;  // held while writing
  std::unique_ptr<media::Output> output;
  std::function<void(const Error&)> failed;
  const std::shared_ptr<RecoveryListener> recovered;
  std::atomic<bool> anyPacket = false, aborted = false;
  bool taken = false;  // nothing of the run may be touched any more

  mutable std::mutex mutex;
  std::condition_variable changed;
  State state = State::encoding;
  bool whole = false;  // every canvas is encoded
  bool leftBehind = false;
  StageStats stats;
  int64_t bytes = 0;
  Histogram latency;
  media::RateFigures rate;
};

void Encoding::Work::enter(State next) {
  std::lock_guard lock(mutex);
  state = next;
  changed.notify_all();
}

// Waits until a packet is due. What is left when the run is closed goes out at once.
void Encoding::Work::awaitTurn(int64_t dtsUs) {
  const int64_t now = nowNs();
  if (clockNs == 0 || now - clockNs - dtsUs * 1000 > kMostBehindNs) clockNs = now - dtsUs * 1000;
  std::unique_lock lock(mutex);
  changed.wait_for(lock, std::chrono::nanoseconds(clockNs + dtsUs * 1000 - now),
                   [&] { return aborted || closing->atNs() != INT64_MAX || deadline->atNs() != INT64_MAX; });
  waitedNs += nowNs() - now;
}

void Encoding::Work::emit(Packet packet) {
  if (realtime) awaitTurn(packet.dtsUs);
  if (timeIsUp()) throw GivenUp{};
  std::vector<Packet> heard;
  {
    std::lock_guard lock(outputMutex);
    if (taken) throw GivenUp{};
    if (output) {
      cues->apply(*output);
      output->write(packet);
    }
    if (audio) heard.swap(*audio);
    anyPacket = true;
  }
  {
    std::lock_guard lock(mutex);
    bytes += static_cast<int64_t>(packet.data->size());
    if (const auto read = readNs.extract(packet.ptsUs)) latency.add(nowNs() - read.mapped());
  }
  if (!packets) return;
  packets->put(std::move(packet));
  for (Packet& one : heard) packets->put(std::move(one));
}

void Encoding::Work::drawn(const Frame& canvas) {
  std::lock_guard lock(outputMutex);
  if (taken) throw GivenUp{};
  if (!output) return;
  cues->apply(*output);
  output->drawn(canvas.ptsUs);
}

bool Encoding::Work::wantsKeyframe() {
  std::lock_guard lock(outputMutex);
  return output && !taken && output->takeKeyframeWish();
}

// Null: it was aborted meanwhile.
FrameRef Encoding::Work::scaled(const FrameRef& canvas) {
  if (!scaler) return canvas;
  compose::TileInput input;
  input.frame = canvas;
  input.fresh = true;
  return scaler->compose(canvas->index, canvas->ptsUs, {&input, 1});
}

void Encoding::Work::encodeAll() {
  const media::Encoder::Emit emitted = [this](Packet packet) { emit(std::move(packet)); };
  int64_t waitingNs = nowNs();
  while (std::optional<Canvas> canvas = canvases.pull()) {
    const int64_t startNs = nowNs();
    if (timeIsUp()) throw GivenUp{};
    const WorkScope at({stats.name, 0, -1, stats.count});
    const FrameRef frame = scaled(std::exchange(canvas->frame, nullptr));
    if (!frame) throw GivenUp{};
    drawn(*frame);
    if (canvas->readNs > 0) readNs[frame->ptsUs] = canvas->readNs;
    if (wantsKeyframe()) encoder->forceKeyframe();
    waitedNs = 0;
    encoder->push(frame, emitted);
    const int64_t endNs = nowNs() - waitedNs;
    if (trace) trace->add({stats.name, 0, -1, stats.count, waitingNs, startNs, endNs});
    std::lock_guard lock(mutex);
    stats.addWork(waitingNs, startNs, endNs);
    rate = encoder->rate();
    waitingNs = endNs;
  }
  const int64_t startNs = nowNs();
  if (timeIsUp()) throw GivenUp{};
  waitedNs = 0;
  encoder->finish(emitted);
  std::lock_guard lock(mutex);
  stats.busyNs += nowNs() - startNs - waitedNs;
  whole = true;
}

void Encoding::Work::fail(const Error& error) {
  if (deadline->passed()) return;  // a connection that was given up: the file ends with the last packet written
  std::lock_guard lock(outputMutex);
  if (!taken) failed(error);
}

void Encoding::run(const std::shared_ptr<Work>& work) {
  const ThreadName named("encode");
  try {
    work->encodeAll();
  } catch (const Work::GivenUp&) {
    // The file ends with the last packet that was written.
  } catch (const Error& e) {
    work->fail(e);
  } catch (const std::exception& e) {
    work->fail(Error(ErrorCode::ENCODE_FAILED, std::string("Encoding failed: ") + e.what()));
  }
  work->canvases.abort();
  if (work->packets && !work->audio) work->packets->close();
  work->enter(State::ended);
  work->encoder.reset();
  work->enter(State::freed);
  if (work->leftBehind) DetachedThreads::ended();
}

Encoding::Encoding(EncodingParts parts)
    : codec_(parts.encoder->name()), work_(std::make_shared<Work>(std::move(parts))), encoder_(work_->encoder) {}

Encoding::~Encoding() {
  if (!thread_.joinable()) return;
  abort();
  finish();
  freeEncoder();
}

void Encoding::setScaler(std::unique_ptr<compose::Composer> scaler) {
  work_->scaler = std::move(scaler);
}

void Encoding::start() {
  thread_ = std::thread([work = work_] { run(work); });
}

bool Encoding::push(FrameRef canvas, int64_t readNs) {
  return work_->canvases.push({std::move(canvas), readNs});
}
Offer Encoding::offer(FrameRef canvas, int64_t readNs) {
  return work_->canvases.offer({std::move(canvas), readNs});
}
void Encoding::close() {
  work_->canvases.close();
}
void Encoding::abort() {
  work_->aborted = true;
  work_->canvases.abort();
  std::lock_guard lock(work_->mutex);
  work_->changed.notify_all();
  if (work_->scaler) work_->scaler->close();
}
void Encoding::wake() {
  std::lock_guard lock(work_->mutex);
  work_->changed.notify_all();
}

// False: time is up.
bool Encoding::waitFor(State state) {
  std::unique_lock lock(work_->mutex);
  while (work_->state < state) {
    const int64_t endNs = work_->endNs();
    if (endNs == INT64_MAX) {
      work_->changed.wait(lock);
      continue;
    }
    const int64_t leftNs = endNs + kGraceNs - nowNs();
    if (leftNs <= 0) return false;
    work_->changed.wait_for(lock, std::chrono::nanoseconds(leftNs));
  }
  return true;
}

Encoding::End Encoding::finish() {
  End end;
  if (thread_.joinable() && !waitFor(State::ended)) {
    abort();
    if (work_->packets) work_->packets->close();
  }
  if (work_->recovered) work_->recovered->stop();
  {
    std::lock_guard lock(work_->outputMutex);
    work_->taken = true;
    work_->failed = nullptr;
    end.output = std::move(work_->output);
  }
  std::lock_guard lock(work_->mutex);
  end.whole = work_->whole;
  return end;
}

void Encoding::freeEncoder() {
  if (!thread_.joinable()) return work_->encoder.reset();
  waitFor(State::freed);
  {
    std::lock_guard lock(work_->mutex);
    if (work_->state != State::freed) {
      work_->leftBehind = true;
      DetachedThreads::detached();
    }
  }
  if (work_->leftBehind) return thread_.detach();
  thread_.join();
  std::unique_ptr<compose::Composer> scaler;
  std::lock_guard lock(work_->mutex);
  scaler.swap(work_->scaler);
}

int64_t Encoding::bytes() const {
  std::lock_guard lock(work_->mutex);
  return work_->bytes;
}

Histogram Encoding::latency() const {
  std::lock_guard lock(work_->mutex);
  return work_->latency;
}

media::RateFigures Encoding::rate() const {
  std::lock_guard lock(work_->mutex);
  return work_->rate;
}

StageStats Encoding::stats() const {
  std::lock_guard lock(work_->mutex);
  return work_->stats;
}

}  // namespace framepath::graph
