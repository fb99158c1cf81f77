#include "device/cuda_timer.h"

#include <algorithm>

#include "core/clock.h"
#include "device/cuda_queue.h"

namespace framepath::cuda {
namespace {

// Events are compared over this long at most: the driver returns milliseconds in a float.
constexpr int64_t kBaseNs = 2'000'000'000;

}  // namespace

struct QueueTimer::Event {
  explicit Event(std::shared_ptr<Gpu> onGpu) : gpu(std::move(onGpu)) {
    gpu->cu(gpu->driver.cuEventCreate(&event, 0), "cuEventCreate");
  }
  ~Event() {
    gpu->quietly([&] { gpu->cu.quietly(gpu->driver.cuEventDestroy_v2(event), "cuEventDestroy"); });
  }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  void record(Stream stream) { gpu->cu(gpu->driver.cuEventRecord(event, stream), "cuEventRecord"); }
  const std::shared_ptr<Gpu> gpu;
  cuda::Event event = nullptr;
};

struct QueueTimer::Base {
  explicit Base(std::shared_ptr<Gpu> gpu) : event(std::move(gpu)) {}
  Event event;
  int64_t ns = 0;  // when it was reached
};

struct QueueTimer::Piece {
  Piece(const std::shared_ptr<Gpu>& gpu, const Work& work) : stage(work.stage), work(work), start(gpu), end(gpu) {
    this->work.stage = stage;
  }
  const std::string stage;
  Work work;
  std::string queue;
  std::shared_ptr<const Base> base;
  Event start, end;
  std::shared_ptr<int64_t> lastEndNs;  // of its queue: pieces follow one another
};

QueueTimer::QueueTimer(std::shared_ptr<StreamOwner> idle, std::function<void(const QueueWork&)> listener)
    : gpu_(idle->gpu), listener_(std::move(listener)), idle_(std::move(idle)) {}

QueueTimer::~QueueTimer() = default;

QueueTimer::Track::Track(std::shared_ptr<QueueTimer> timer, Stream stream)
    : timer_(std::move(timer)), stream_(stream) {}

QueueTimer::Track::~Track() {
  if (open_) timer_->finished(std::move(open_));
  timer_->reportDone();
}

void QueueTimer::Track::begin() {
  const Work& work = WorkScope::current();
  if (open_ && open_->work == work) return;
  if (open_) timer_->finished(std::move(open_));
  timer_->reportDone();
  if (work.stage.empty()) return;
  if (name_.empty()) name_ = timer_->nameFor(work);
  auto piece = std::make_unique<Piece>(timer_->gpu_, work);
  piece->queue = name_;
  piece->base = timer_->base();
  piece->lastEndNs = lastEndNs_;
  piece->start.record(stream_);
  open_ = std::move(piece);
}

void QueueTimer::Track::end() {
  if (open_) open_->end.record(stream_);
}

// A queue serves one stage; a stage may have several.
std::string QueueTimer::nameFor(const Work& work) {
  std::string name = DeviceId{DeviceKind::cuda, gpu_->index}.name() + " " + std::string(work.stage);
  std::lock_guard lock(mutex_);
  const int number = ++names_[name];
  return number == 1 ? name : name + " " + std::to_string(number);
}

std::shared_ptr<const QueueTimer::Base> QueueTimer::base() {
  std::lock_guard lock(mutex_);
  if (base_ && nowNs() - base_->ns < kBaseNs) return base_;
  auto base = std::make_shared<Base>(gpu_);
  const int64_t beforeNs = nowNs();
  base->event.record(idle_->stream);
  gpu_->cu(gpu_->driver.cuEventSynchronize(base->event.event), "cuEventSynchronize");
  base->ns = beforeNs + (nowNs() - beforeNs) / 2;
  base_ = base;
  return base_;
}

void QueueTimer::finished(std::unique_ptr<Piece> piece) {
  std::lock_guard lock(mutex_);
  pieces_.push_back(std::move(piece));
}

// Nothing here may throw: queues end with it.
void QueueTimer::reportDone() {
  std::lock_guard lock(mutex_);
  while (!pieces_.empty() && done(*pieces_.front())) {
    const std::unique_ptr<Piece> piece = std::move(pieces_.front());
    pieces_.pop_front();
    const std::optional<int64_t> startNs = timeOf(*piece->base, piece->start), endNs = timeOf(*piece->base, piece->end);
    if (!startNs || !endNs) continue;
    QueueWork done{piece->queue, piece->work, std::max(*startNs, *piece->lastEndNs), 0};
    done.endNs = std::max(*endNs, done.startNs);
    *piece->lastEndNs = done.endNs;
    listener_(done);
  }
}

bool QueueTimer::done(const Piece& piece) const {
  bool done = true;  // or never: the GPU is lost
  gpu_->quietly([&] { done = gpu_->driver.cuEventQuery(piece.end.event) != result::notReady; });
  return done;
}

std::optional<int64_t> QueueTimer::timeOf(const Base& base, const Event& event) const {
  std::optional<int64_t> ns;
  gpu_->quietly([&] {
    float ms = 0;
    const Result result = gpu_->driver.cuEventElapsedTime(&ms, base.event.event, event.event);
    if (gpu_->cu.quietly(result, "cuEventElapsedTime")) ns = base.ns + static_cast<int64_t>(ms * 1e6);
  });
  return ns;
}

}  // namespace framepath::cuda
