#include "media/isolated_reader.h"

#include "core/error.h"
#include "media/access.h"
#include "media/enqueue.h"
#include "media/live_audio.h"

namespace framepath::media {
namespace {

// A picture's place in the reader's memory; the last owner's release is sent to the reader.
struct Lease {
  Lease(std::shared_ptr<const ReaderMemory> memory, std::weak_ptr<ReaderProcess> process, uint64_t number)
      : memory(std::move(memory)), process(std::move(process)), number(number) {}
  ~Lease() {
    if (const auto reader = process.lock()) reader->ask(ReaderAsks::release, Release{number});
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  const std::shared_ptr<const ReaderMemory> memory;
  const std::weak_ptr<ReaderProcess> process;
  const uint64_t number;
};

ReaderJob jobOf(const SourceOptions& options) {
  if (options.decoder == DecoderChoice::hardware)
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "\"" + options.uri +
                    "\" is read in a process of its own, which decodes in software, but a GPU was asked to decode it.",
                "Use decoder: 'auto', or limits with isolation: 'inline', privateNetworks: true: it is read in this "
                "process then.");
  ReaderJob job;
  job.kind = ReaderJob::Kind::pictures;
  job.options = options;
  job.heard = options.audio != nullptr;
  job.options.required = true;  // its process has to show at once what it reads
  return job;
}

}  // namespace

std::unique_ptr<SourceReader> openIsolated(const SourceOptions& options, std::shared_ptr<Device> device) {
  auto stop = std::make_shared<Stop>(options.stop);
  auto process = std::make_shared<ReaderProcess>(jobOf(options), stop);
  return std::make_unique<IsolatedReader>(std::move(process), std::move(stop), options, std::move(device));
}

IsolatedReader::IsolatedReader(std::shared_ptr<ReaderProcess> process, std::shared_ptr<Stop> stop,
                               const SourceOptions& options, std::shared_ptr<Device> device)
    : stop_(std::move(stop)),
      device_(std::move(device)),
      link_(options.link),
      upload_(device_),
      process_(std::move(process)) {
  process_->counted = [this,
                       reconnects = localPath(options.uri) ? 0 : options.reconnects](const ReaderCounters& counters) {
    if (link_ && reconnects > 0) link_->setAttempts(reconnects - counters.reconnectsLeft);
    count(counters);
  };
  process_->recovered = [listener = options.recovered](const RecoveryNote& r) {
    if (listener) listener(r.what, r.reason);
  };
  process_->timesChanged = [cuts = options.cuts](const TimeChange& change) {
    if (cuts) cuts->change(change);
  };
  if (options.audio) {
    process_->connected = [audio = options.audio] { audio->begin(); };
    process_->heard = [audio = options.audio](const LiveSamples& samples) {
      audio->add(samples.timed ? std::optional(samples.us) : std::nullopt, samples.left.data(), samples.right.data(),
                 static_cast<int>(samples.left.size()));
    };
  }
  info_ = process_->opened();
  if (device_->id().kind != DeviceKind::cpu) queue_ = device_->openQueue();
}

FrameRef IsolatedReader::next() {
  if (!process_) return nullptr;
  try {
    const std::optional<ReaderProcess::Message> message = process_->receive();
    if (message && message->kind == ReaderMessage::picture) {
      FrameRef frame = received(*message);
      process_->ask(ReaderAsks::picture);
      return frame;
    }
    if (message && message->kind != ReaderMessage::ended) process_->throwBroken("its process sent no picture");
    if (message) end(process_->read<Ended>(*message));
  } catch (...) {
    process_.reset();
    if (stop_->passed()) return nullptr;
    throw;
  }
  process_.reset();
  return nullptr;
}

void IsolatedReader::end(const Ended& ended) {
  count(ended.counters);
  if (ended.isEmptyCut) emptyCut_.emplace(ended.emptyCut.code, ended.emptyCut.sentence, ended.emptyCut.hint);
}

FrameRef IsolatedReader::received(const ReaderProcess::Message& message) {
  const auto picture = process_->read<Picture>(message);
  auto lease = std::make_shared<Lease>(process_->memory(), process_, picture.number);
  if (picture.ptsUs < lastUs_) process_->throwBroken("its process sent a time that goes back");
  lastUs_ = picture.ptsUs;
  const ImageView view = process_->checked([&] { return viewIn(picture, process_->memory()->bytes()); });
  count(picture.counters);
  ownTime_ = picture.hasOwnTime ? std::optional(picture.own) : std::nullopt;

  std::shared_ptr<Frame> frame;
  if (!queue_) {
    frame = std::make_shared<Frame>(view, picture.width, picture.height, std::move(lease));
  } else {
    Image image = upload_.upload(*queue_, view);
    Fence ready;
    enqueue(*queue_, [&] { ready = queue_->record(); });
    frame = std::make_shared<Frame>(image.view, picture.width, picture.height, image.memory, std::move(ready));
  }
  frame->ptsUs = picture.ptsUs;
  frame->durationUs = picture.durationUs;
  frame->index = picture.index;
  return frame;
}

void IsolatedReader::count(const ReaderCounters& counters) {
  std::lock_guard lock(mutex_);
  counters_ = counters;
}

ReaderCounters IsolatedReader::counters() const {
  std::lock_guard lock(mutex_);
  return counters_;
}

}  // namespace framepath::media
