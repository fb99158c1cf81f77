#include "media/live_reader.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <optional>
#include <utility>

#include "core/clock.h"
#include "core/thread_name.h"
#include "media/access.h"
#include "media/retry.h"
#include "media/source_limits.h"

namespace framepath::media {
namespace {

// What another attempt may mend. Limits, above all, are not lifted by asking again.
bool isLoss(const Error& error) {
  switch (error.code) {
    case ErrorCode::SOURCE_FAILED:
    case ErrorCode::DECODE_FAILED:
    case ErrorCode::SOURCE_NOT_FOUND:
    case ErrorCode::SOURCE_UNREADABLE:
    case ErrorCode::SOURCE_UNSUPPORTED: return true;
    default: return false;
  }
}

// A stream that takes longer to open does so while the others run.
constexpr std::chrono::seconds kOpeningPatience{3};

// A stream whose protocol, or caller, says that it is live before it is open.
bool surelyLive(const SourceOptions& options) {
  const std::string& uri = options.uri;
  const std::string scheme = uri.substr(0, uri.find("://"));
  static constexpr const char* kLive[] = {"rtsp", "rtsps", "rtmp", "rtmps", "rtp", "srt", "udp"};
  return options.live || std::ranges::find(kLive, scheme) != std::end(kLive);
}

// Until it is open.
SourceInfo unknownInfo() {
  SourceInfo info;
  info.kind = "video";
  info.live = true;
  info.durationMs = -1;
  return info;
}

}  // namespace

bool LiveReader::comesBack(const SourceOptions& options, const SourceInfo& info) {
  return options.reconnects != 0 && (options.live || info.live) && !localPath(options.uri);
}

std::unique_ptr<SourceReader> LiveReader::open(const SourceOptions& options, std::shared_ptr<Device> device) {
  auto stop = std::make_shared<Stop>(options.stop);
  const auto reader = [&](SourceInfo info) {
    return std::unique_ptr<LiveReader>(new LiveReader(options, device, stop, std::move(info)));
  };
  const bool waits = !options.required && options.reconnects != 0 && surelyLive(options) && !localPath(options.uri);
  std::unique_ptr<FileReader> file;
  if (!waits) {
    file = std::make_unique<FileReader>(options, device, stop);
  } else {
    char name[16] = {};
    pthread_getname_np(pthread_self(), name, sizeof name);
    Opening opening = std::async(std::launch::async, [options, device, stop, thread = std::string(name)] {
      const ThreadName named(thread);
      return std::make_unique<FileReader>(options, device, stop);
    });
    if (opening.wait_for(kOpeningPatience) != std::future_status::ready) {
      auto late = reader(unknownInfo());
      late->opening_ = std::move(opening);
      return late;
    }
    try {
      file = opening.get();
    } catch (const Error& error) {
      if (!isLoss(error) || stop->passed()) throw;
      auto down = reader(unknownInfo());
      down->missing_ = error;
      if (options.recovered) options.recovered("down at the start, is tried again", error.sentence);
      return down;
    }
  }
  if (!comesBack(options, file->info())) return file;
  auto live = reader(file->info());
  live->reader_ = std::move(file);
  return live;
}

LiveReader::LiveReader(const SourceOptions& options, std::shared_ptr<Device> device, std::shared_ptr<Stop> stop,
                       SourceInfo info)
    : stop_(std::move(stop)),
      options_(options),
      device_(std::move(device)),
      info_(std::move(info)),
      endless_(options.live && info_.durationMs < 0),
      frameNs_(nowNs()) {
  before_.reconnectsLeft = options_.reconnects;
}

LiveReader::~LiveReader() {
  if (opening_.valid()) stop_->now();
}

FrameRef LiveReader::next() {
  while (!over()) {
    std::optional<Error> loss;
    try {
      if (missing_) {
        loss = std::exchange(missing_, std::nullopt);
      } else {
        if (!reader_) reopen();
        if (FrameRef frame = reader_->next()) return following(std::move(frame));
        if (reader_->atCut() || !endless_) return nullptr;
        loss = Error(ErrorCode::SOURCE_FAILED, quoted(options_.uri) + " ended.");
      }
    } catch (const Error& error) {
      if (!isLoss(error) && !stop_->passed()) throw;
      loss = error;
    }
    if (!over()) lose(*loss);
  }
  return nullptr;
}

bool LiveReader::over() const {
  return stop_->passed() || (options_.endMs >= 0 && lastUs_ >= (options_.endMs - options_.startMs) * 1000);
}

void LiveReader::reopen() {
  SourceOptions rest = options_;
  rest.startMs = 0;  // the start was cut once
  if (fellBack_ && rest.decoder == DecoderChoice::automatic) rest.decoder = DecoderChoice::software;
  if (rest.endMs >= 0)
    rest.endMs =
        std::max<int64_t>(1, options_.endMs - options_.startMs - (lastUs_ + (nowNs() - frameNs_) / 1000) / 1000);
  // One that only took long was never lost.
  rejoining_ = attempts_ > 0 || !opening_.valid();
  auto reader = opening_.valid() ? opening_.get() : std::make_unique<FileReader>(rest, device_, stop_);
  if (options_.link && info_.width == 0) options_.link->setInfo(reader->info());
  std::lock_guard lock(mutex_);
  reader_ = std::move(reader);
}

// Times and numbers go on where they were; what was lost in between stays as a gap in the times.
FrameRef LiveReader::following(FrameRef frame) {
  if (rejoining_) rejoin(*frame);
  const auto own = std::const_pointer_cast<Frame>(frame);  // not shared yet
  ownTime_ = reader_->ownTime();
  if (ownTime_) ownTime_->offsetUs += shiftUs_;
  own->ptsUs = std::max(lastUs_, own->ptsUs + shiftUs_);
  own->index += indexShift_;
  lastUs_ = own->ptsUs;
  lastIndex_ = own->index;
  requireDuration(options_.uri, lastUs_ / 1000, options_.limits);
  frameNs_ = nowNs();
  if (attempts_ > 0 && frameNs_ - rejoinedNs_ > kSteadyNs) {
    attempts_ = 0;
    std::lock_guard lock(mutex_);
    before_.reconnectsLeft = options_.reconnects;
  }
  return frame;
}

void LiveReader::rejoin(const Frame& frame) {
  rejoining_ = false;
  rejoinedNs_ = nowNs();
  if (options_.link) options_.link->setAttempts(0);
  const int64_t awayUs = (rejoinedNs_ - frameNs_) / 1000;
  if (lastIndex_ >= 0) shiftUs_ = lastUs_ + std::max(awayUs, frame.durationUs) - frame.ptsUs;
  indexShift_ = lastIndex_ + 1 - frame.index;
  {
    std::lock_guard lock(mutex_);
    before_.reconnects++;
  }
  if (!options_.recovered) return;
  char away[64];
  std::snprintf(away, sizeof away, "%.1f s without pictures", static_cast<double>(awayUs) / 1e6);
  const std::string most = options_.reconnects < 0 ? "" : " of " + std::to_string(options_.reconnects);
  options_.recovered("lost, connected again",
                     reason_ + " " + away + ", attempt " + std::to_string(attempts_) + most + ".");
}

// Counts an attempt and waits until it is due. Throws when there is none left.
void LiveReader::lose(const Error& loss) {
  std::unique_ptr<FileReader> gone;  // closes outside the lock: that may talk to the server
  std::unique_lock lock(mutex_);
  if (attempts_ == 0) reason_ = loss.sentence;
  if (reader_) {
    before_ = sumLocked();
    fellBack_ = fellBack_ || reader_->fellBack();
    gone = std::move(reader_);
    reason_ = loss.sentence;
  }
  if (options_.reconnects >= 0 && attempts_ >= options_.reconnects)
    throw Error(ErrorCode::SOURCE_FAILED,
                quoted(options_.uri) + " was lost (" + reason_ + ") and did not come back in " +
                    std::to_string(attempts_) + " attempts: " + loss.sentence,
                "Check that it is running; reconnect: N allows more attempts.");
  const auto pause = std::chrono::milliseconds(retryPauseMs(attempts_++));
  if (options_.reconnects >= 0) before_.reconnectsLeft = options_.reconnects - attempts_;
  if (options_.link) options_.link->setAttempts(attempts_);
  lock.unlock();
  gone.reset();
  lock.lock();
  stopped_.wait_for(lock, pause, [&] { return stop_->passed(); });
}

ReaderCounters LiveReader::counters() const {
  std::lock_guard lock(mutex_);
  return sumLocked();
}

ReaderCounters LiveReader::sumLocked() const {
  ReaderCounters sum = before_;
  if (reader_) {
    const ReaderCounters own = reader_->counters();
    sum.decoded += own.decoded;
    sum.decodeErrors += own.decodeErrors;
    sum.skipped += own.skipped;
    sum.decodedOnGpu += own.decodedOnGpu;
  }
  return sum;
}

void LiveReader::interrupt() {
  std::lock_guard lock(mutex_);
  stop_->now();
  stopped_.notify_all();
}

}  // namespace framepath::media
