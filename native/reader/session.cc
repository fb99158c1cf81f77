#include "reader/session.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <thread>

#include "core/error.h"
#include "core/stop.h"
#include "device/image.h"
#include "media/audio_source.h"
#include "media/live_audio_tap.h"
#include "media/network_guard.h"
#include "media/output.h"
#include "media/picture_memory.h"
#include "media/reader_launcher.h"
#include "media/reader_wire.h"
#include "media/source_reader.h"
#include "reader/sandbox.h"

namespace framepath::reader {
namespace {

using namespace media;

constexpr int kPrefetchedPictures = 4;  // decoded before they are requested
constexpr auto kAliveEvery = std::chrono::seconds(1);
constexpr size_t kLongestText = 2000;  // of sentences; half of what a message may carry

std::string shortened(std::string text) {
  if (text.size() > kLongestText) text = text.substr(0, kLongestText - 3) + "...";
  return text;
}

class Session {
 public:
  explicit Session(int messages) : messages_(messages), stop_(std::make_shared<Stop>()) {}

  void run(const ReaderJob& job, int memory) {
    try {
      installNetworkGuard(job.options.limits);
      switch (job.kind) {
        case ReaderJob::Kind::probe:
          reply(ReaderMessage::opened, media::probe(job.options.uri, job.options.limits, stop_));
          break;
        case ReaderJob::Kind::pictures: pictures(job, memory); break;
        case ReaderJob::Kind::audio: audio(job); break;
      }
    } catch (const Error& error) {
      fail(error.code, error.sentence, error.hint);
    } catch (const std::bad_alloc&) {
      fail(ErrorCode::SOURCE_TOO_LARGE, "\"" + job.options.uri + "\" needs more memory than an untrusted source has.",
           {});
    } catch (const std::exception& error) {
      fail(ErrorCode::SOURCE_UNREADABLE, "\"" + job.options.uri + "\" cannot be read: " + error.what() + ".", {});
    }
  }

 private:
  template <typename T>
  void reply(ReaderMessage kind, const T& message) {
    send(kind, toWire(message));
  }
  void send(ReaderMessage kind, std::vector<uint8_t> body) {
    body.insert(body.begin(), static_cast<uint8_t>(kind));
    ssize_t sent;
    do {
      sent = ::send(messages_, body.data(), body.size(), MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) stop_->now();  // the parent has ended
  }
  void fail(ErrorCode code, const std::string& sentence, const std::string& hint) {
    reply(ReaderMessage::failed, Failure{code, shortened(sentence), shortened(hint)});
  }

  // Empty: the other process has no more to ask.
  std::vector<uint8_t> asked() {
    std::vector<uint8_t> bytes(256);
    ssize_t size;
    do {
      size = recv(messages_, bytes.data(), bytes.size(), 0);
    } while (size < 0 && errno == EINTR);
    bytes.resize(size > 0 ? static_cast<size_t>(size) : 0);
    return bytes;
  }

  void pictures(const ReaderJob& job, int memory);
  void hear(std::optional<int64_t> us, const float* left, const float* right, int count);
  void listen();
  bool mayShow();
  void show(const FrameRef& frame, const ReaderCounters& counters);
  void breathe();
  void audio(const ReaderJob& job);

  const int messages_;
  const std::shared_ptr<Stop> stop_;
  std::shared_ptr<PictureMemory> memory_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<SourceReader> reader_;  // set once
  std::atomic<int64_t> heard_ = 0;        // samples
  int64_t wanted_ = kPrefetchedPictures;
  std::map<uint64_t, std::pair<FrameRef, std::shared_ptr<uint8_t>>> shown_;  // until they are released
  uint64_t number_ = 0;
};

Ended endOf(const SourceReader& reader) {
  Ended ended;
  ended.counters = reader.counters();
  if (const std::optional<Error> why = reader.emptyCut()) {
    ended.isEmptyCut = true;
    ended.emptyCut = {why->code, shortened(why->sentence), shortened(why->hint)};
  }
  return ended;
}

void Session::pictures(const ReaderJob& job, int memory) {
  SourceOptions options = job.options;
  struct stat status {};
  if (fstat(memory, &status) != 0) throw std::runtime_error("fstat");
  memory_ = PictureMemory::map(memory, static_cast<size_t>(status.st_size));
  options.memory = memory_;
  options.stop = stop_;
  options.cuts = std::make_shared<TimeCuts>();
  options.recovered = [this](const std::string& what, const std::string& reason) {
    reply(ReaderMessage::recovered, RecoveryNote{shortened(what), shortened(reason)});
  };
  if (job.heard)
    options.taps.push_back(std::make_shared<LiveAudioTap>(
        LiveAudioSink{[] { return true; }, [this] { send(ReaderMessage::connected, {}); },
                      [this](std::optional<int64_t> us, const float* left, const float* right, int count) {
                        hear(us, left, right, count);
                      }},
        options.uri, options.recovered));
  // These two end with the process: they have no end of their own.
  std::thread([this] { listen(); }).detach();
  std::thread([this] { breathe(); }).detach();
  const std::shared_ptr<SourceReader> reader = openSource(options, openDevice("cpu"));
  {
    std::lock_guard lock(mutex_);
    reader_ = reader;
  }
  reply(ReaderMessage::opened, reader->info());
  size_t changes = 0;  // sent so far
  while (mayShow()) {
    const FrameRef frame = reader->next();
    if (!frame) return reply(ReaderMessage::ended, endOf(*reader));
    for (const TimeChange& change : options.cuts->changesAfter(changes)) {
      reply(ReaderMessage::times, change);
      changes++;
    }
    show(frame, reader->counters());
  }
}

void Session::hear(std::optional<int64_t> us, const float* left, const float* right, int count) {
  heard_ += count;
  for (int at = 0; at < count; at += kSamplesAtOnce) {
    const int some = std::min(count - at, kSamplesAtOnce);
    LiveSamples samples;
    samples.timed = us && at == 0;
    samples.us = samples.timed ? *us : 0;
    samples.left.assign(left + at, left + at + some);
    samples.right.assign(right + at, right + at + some);
    reply(ReaderMessage::heard, samples);
  }
}

void Session::listen() {
  for (;;) {
    const std::vector<uint8_t> bytes = asked();
    std::pair<FrameRef, std::shared_ptr<uint8_t>> over;
    std::shared_ptr<SourceReader> reader;
    {
      std::lock_guard lock(mutex_);
      if (bytes.empty()) {
        stop_->now();
        reader = reader_;
      } else if (static_cast<ReaderAsks>(bytes[0]) == ReaderAsks::picture) {
        wanted_++;
      } else if (static_cast<ReaderAsks>(bytes[0]) == ReaderAsks::release) {
        const auto it = shown_.find(fromWire<Release>({bytes.data() + 1, bytes.size() - 1}).number);
        if (it != shown_.end()) {
          over = std::move(it->second);
          shown_.erase(it);
        }
      }
    }
    changed_.notify_all();
    if (!bytes.empty()) continue;
    if (reader) reader->interrupt();
    return;
  }
}

bool Session::mayShow() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return wanted_ > 0 || stop_->passed(); });
  wanted_--;
  return !stop_->passed();
}

// Planes that lie elsewhere (converted, turned, of decoders with memory of their own) are copied.
void Session::show(const FrameRef& frame, const ReaderCounters& counters) {
  Picture picture;
  picture.view = frame->view;
  picture.width = frame->width;
  picture.height = frame->height;
  picture.ptsUs = frame->ptsUs;
  picture.durationUs = frame->durationUs;
  picture.index = frame->index;
  picture.counters = counters;
  if (const std::optional<OwnTime> own = reader_->ownTime()) {
    picture.hasOwnTime = true;
    picture.own = *own;
  }
  std::pair<FrameRef, std::shared_ptr<uint8_t>> owners{frame, nullptr};
  const uint8_t* planes[3];
  const int count = planeCount(frame->view.format);
  for (int p = 0; p < count; p++) planes[p] = frame->view.planes[p].data;
  if (!memory_->contains(planes[0])) {
    size_t total = 0, starts[3];
    for (int p = 0; p < count; p++) {
      const size_t row = static_cast<size_t>(planeWidth(frame->view, p)) * sampleBytes(frame->view, p);
      picture.view.planes[p].pitchBytes = static_cast<int32_t>((row + 63) / 64 * 64);
      starts[p] = total;
      total += static_cast<size_t>(picture.view.planes[p].pitchBytes) * planeHeight(frame->view, p);
    }
    const std::shared_ptr<uint8_t> block = memory_->allocate(total);
    if (!block)
      throw Error(ErrorCode::SOURCE_TOO_LARGE,
                  "The pictures of an untrusted source that are in use take more than 2 GiB.",
                  "Lower inFlight, or give smaller pictures.");
    for (int p = 0; p < count; p++) {
      const size_t row = static_cast<size_t>(planeWidth(frame->view, p)) * sampleBytes(frame->view, p);
      uint8_t* to = block.get() + starts[p];
      for (int y = 0; y < planeHeight(frame->view, p); y++)
        std::memcpy(to + static_cast<int64_t>(y) * picture.view.planes[p].pitchBytes,
                    planes[p] + static_cast<int64_t>(y) * frame->view.planes[p].pitchBytes, row);
      planes[p] = to;
    }
    owners = {nullptr, block};
  }
  for (int p = 0; p < count; p++) picture.offsets[p] = memory_->offsetOf(planes[p]);
  {
    std::lock_guard lock(mutex_);
    picture.number = ++number_;
    shown_[picture.number] = std::move(owners);
  }
  reply(ReaderMessage::picture, picture);
}

// Sends a sign of life while no picture comes out, with the counters of a lost stream.
void Session::breathe() {
  int64_t allocations = -1, heard = 0;
  ReaderCounters known;
  while (!stop_->passed()) {
    std::this_thread::sleep_for(kAliveEvery);
    std::shared_ptr<SourceReader> reader;
    {
      std::lock_guard lock(mutex_);
      reader = reader_;
    }
    if (!reader) continue;
    const ReaderCounters now = reader->counters();
    const bool moved = memory_->allocations() != allocations || now.decoded != known.decoded ||
                       now.decodeErrors != known.decodeErrors || now.reconnects != known.reconnects ||
                       now.reconnectsLeft != known.reconnectsLeft || heard_ != heard;
    allocations = memory_->allocations();
    heard = heard_;
    known = now;
    if (moved) reply(ReaderMessage::alive, now);
  }
}

void Session::audio(const ReaderJob& job) {
  AudioInput cut;
  cut.uri = job.options.uri;
  cut.startMs = job.options.startMs;
  cut.endMs = job.options.endMs;
  cut.limits = job.options.limits;
  cut.offsetMs = job.offsetMs;
  const auto cuts = std::make_shared<TimeCuts>();
  cut.cuts = cuts;
  const AudioRef source = openAudioSource(cut);
  send(source ? ReaderMessage::opened : ReaderMessage::noAudio, {});
  if (!source) return;
  for (;;) {
    const std::vector<uint8_t> bytes = asked();
    if (bytes.empty()) return;
    const std::span<const uint8_t> body(bytes.data() + 1, bytes.size() - 1);
    if (static_cast<ReaderAsks>(bytes[0]) == ReaderAsks::place) {
      const auto place = fromWire<AudioPlace>(body);
      source->joinAt(place.begin, place.position);
    } else if (static_cast<ReaderAsks>(bytes[0]) == ReaderAsks::times) {
      cuts->change(fromWire<TimeChange>(body));
    } else if (static_cast<ReaderAsks>(bytes[0]) == ReaderAsks::samples) {
      const auto samples = fromWire<Samples>(body);
      AudioSamples answer;
      answer.left.resize(static_cast<size_t>(samples.count));
      answer.right.resize(answer.left.size());
      source->read(answer.left.data(), answer.right.data(), samples.count);
      answer.loss = shortened(source->loss());
      reply(ReaderMessage::samples, answer);
    }
  }
}

ReaderJob jobBehind(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) throw std::runtime_error("fstat");
  std::vector<uint8_t> bytes(static_cast<size_t>(status.st_size));
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t got = pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw std::runtime_error("pread");
    done += static_cast<size_t>(got);
  }
  return fromWire<ReaderJob>(bytes);
}

}  // namespace

void serve(int messages, int memory, int job) {
  // Never destroyed: its threads run until the process ends.
  auto& session = *new Session(messages);
  ReaderJob wanted = jobBehind(job);
  close(job);
  if (chdir(wanted.folder.c_str()) != 0 && chdir("/") != 0) return;
  dropPrivileges(wanted.options.limits);
  becomeReader();
  session.run(wanted, memory);
}

}  // namespace framepath::reader
