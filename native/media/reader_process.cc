#include "media/reader_process.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/clock.h"
#include "core/error.h"

namespace framepath::media {
namespace {

constexpr int64_t kMs = 1'000'000, kSecondNs = 1000 * kMs;
constexpr int64_t kNotesAtOnce = 200;
// It ends opening after 10 s itself, with a reason; a second later it counts as hung.
constexpr int64_t kOpenNs = 11'000 * kMs;
// Reading waits 30 s for a peer, and up to 8 s between two attempts to connect: only then is silence a hang.
constexpr int64_t kSilenceNs = 45'000 * kMs;
constexpr int64_t kLookNs = 20 * kMs;  // how often a stop is looked at
constexpr size_t kMemoryBytes = size_t{2} << 30;

std::string workingFolder() {
  std::error_code error;
  const auto folder = std::filesystem::current_path(error);
  return error ? std::string("/") : folder.string();
}

size_t memoryFor(const ReaderJob& job) {
  return job.kind == ReaderJob::Kind::pictures ? kMemoryBytes : 0;
}

LaunchedReader launched(ReaderJob& job) {
  job.folder = workingFolder();
  return launchReader(toWire(job), memoryFor(job));
}

std::string signalName(int signal) {
  switch (signal) {
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGABRT: return "SIGABRT";
    case SIGILL: return "SIGILL";
    case SIGFPE: return "SIGFPE";
    case SIGSYS: return "SIGSYS";
    case SIGKILL: return "SIGKILL";
    default: return "signal " + std::to_string(signal);
  }
}

bool readable(int fd, int64_t ns) {
  pollfd wanted{fd, POLLIN, 0};
  return poll(&wanted, 1, static_cast<int>(std::max<int64_t>(0, (ns + kMs - 1) / kMs))) > 0;
}

}  // namespace

ReaderMemory::ReaderMemory(const FileDescriptor& memory, size_t bytes) : bytes_(bytes) {
  void* data = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, memory.get(), 0);
  if (data == MAP_FAILED)
    throw Error(ErrorCode::DEVICE_OUT_OF_MEMORY,
                std::string("The pictures of an untrusted source cannot be mapped: ") + std::strerror(errno) + ".");
  data_ = static_cast<uint8_t*>(data);
}

ReaderMemory::~ReaderMemory() {
  munmap(data_, bytes_);
}

ReaderProcess::ReaderProcess(ReaderJob job, StopRef stop, int64_t graceMs)
    : ReaderProcess(launched(job), memoryFor(job),
                    job.options.images.empty() ? job.options.uri : job.options.images.front(), std::move(stop),
                    graceMs) {}

ReaderProcess::ReaderProcess(LaunchedReader launched, size_t memoryBytes, std::string uri, StopRef stop,
                             int64_t graceMs)
    : uri_(std::move(uri)),
      stop_(std::move(stop)),
      graceNs_(graceMs * kMs),
      startedNs_(nowNs()),
      messages_(std::move(launched.messages)),
      life_(std::move(launched.life)) {
  if (memoryBytes) memory_ = std::make_shared<const ReaderMemory>(launched.memory, memoryBytes);
}

ReaderProcess::~ReaderProcess() = default;

SourceInfo ReaderProcess::opened() {
  const Message message = answer();
  if (message.kind != ReaderMessage::opened) throwBroken("its process sent something else than what it has opened");
  return read<SourceInfo>(message);
}

bool ReaderProcess::openedAudio() {
  const Message message = answer();
  if (message.kind != ReaderMessage::opened && message.kind != ReaderMessage::noAudio)
    throwBroken("its process sent something else than what it has opened");
  return message.kind == ReaderMessage::opened;
}

ReaderProcess::Message ReaderProcess::answer() {
  std::optional<Message> message = receive(startedNs_ + kOpenNs, true);
  if (!message) throw Error(ErrorCode::CANCELLED, "Opening \"" + uri_ + "\" was stopped.");
  return std::move(*message);
}

std::optional<ReaderProcess::Message> ReaderProcess::receive() {
  return receive(nowNs() + kSilenceNs, false);
}

std::optional<ReaderProcess::Message> ReaderProcess::receive(int64_t deadlineNs, bool opening) {
  int64_t stopNs = INT64_MAX;
  for (;;) {
    if (stop_ && stop_->passed()) stopNs = std::min(stopNs, nowNs() + graceNs_);
    if (nowNs() >= stopNs) return std::nullopt;
    const int64_t left = deadlineNs - nowNs();
    if (left <= 0 && opening)
      throw Error(ErrorCode::SOURCE_UNREADABLE, "\"" + uri_ + "\" was not opened within 10 s, and was given up.",
                  "Untrusted sources have 10 s to open. Check that it is whole, or that its host answers.");
    if (left <= 0)
      throw Error(ErrorCode::SOURCE_FAILED, "The process that reads \"" + uri_ + "\" gave no sign of life for 45 s.");
    if (!readable(messages_.get(), std::min(left, kLookNs))) continue;
    const std::optional<std::vector<uint8_t>> bytes = datagram();
    if (!bytes) continue;
    if (bytes->empty()) throwGone();
    Message message{static_cast<ReaderMessage>(bytes->front()), {bytes->begin() + 1, bytes->end()}};
    switch (message.kind) {
      case ReaderMessage::alive: {
        const auto counters = read<ReaderCounters>(message);
        if (counted) counted(counters);
        if (!opening) deadlineNs = nowNs() + kSilenceNs;
        continue;
      }
      case ReaderMessage::recovered: {
        const auto note = read<RecoveryNote>(message);
        countNote();
        if (recovered) recovered(note);
        continue;
      }
      case ReaderMessage::times: {
        const auto change = read<TimeChange>(message);
        countNote();
        if (timesChanged) timesChanged(change);
        continue;
      }
      case ReaderMessage::connected: {
        countNote();
        if (connected) connected();
        continue;
      }
      case ReaderMessage::heard: {
        const auto samples = read<LiveSamples>(message);
        if (heard) heard(samples);
        continue;
      }
      case ReaderMessage::failed: throwFailure(message);
      case ReaderMessage::opened:
      case ReaderMessage::noAudio:
      case ReaderMessage::picture:
      case ReaderMessage::ended:
      case ReaderMessage::samples: return message;
    }
    throwBroken("its process sent a message of no known kind");
  }
}

// They are kept. A stream that comes back takes a pause before each attempt.
void ReaderProcess::countNote() {
  if (++notes_ > kNotesAtOnce + 4 * (nowNs() - startedNs_) / kSecondNs)
    throwBroken("its process reports more recoveries than possible");
}

// One message; empty bytes: the process has ended; nothing: look again.
std::optional<std::vector<uint8_t>> ReaderProcess::datagram() {
  std::vector<uint8_t> bytes(kLongestAnswer);
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  const ssize_t size = recvmsg(messages_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  // ECONNRESET comes once, before what was sent earlier.
  if (size < 0 && (errno == EINTR || errno == EAGAIN || errno == ECONNRESET)) return std::nullopt;
  if (size <= 0) return std::vector<uint8_t>();
  if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) throwBroken("its process sent a message that is too long");
  bytes.resize(static_cast<size_t>(size));
  return bytes;
}

bool ReaderProcess::send(ReaderAsks kind, std::vector<uint8_t> body) {
  body.insert(body.begin(), static_cast<uint8_t>(kind));
  ssize_t sent;
  do {
    sent = ::send(messages_.get(), body.data(), body.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(body.size());
}

void ReaderProcess::throwGone() {
  int status = 0;
  const bool known = readable(life_.get(), 1000 * kMs) &&
                     recv(life_.get(), &status, sizeof status, MSG_DONTWAIT) == static_cast<ssize_t>(sizeof status);
  std::string how = "ended";
  if (known && WIFSIGNALED(status)) {
    how = (WTERMSIG(status) == SIGKILL ? "was killed (" : "crashed (") + signalName(WTERMSIG(status)) + ")";
  } else if (known) {
    how = "ended (status " + std::to_string(WEXITSTATUS(status)) + ")";
  }
  throw Error(ErrorCode::SOURCE_CRASHED, "The process that reads \"" + uri_ + "\" " + how + ".");
}

void ReaderProcess::throwBroken(const std::string& what) const {
  throw Error(ErrorCode::SOURCE_CRASHED, "\"" + uri_ + "\" is not read any more: " + what + ".");
}

void ReaderProcess::throwFailure(const Message& message) const {
  const auto failure = read<Failure>(message);
  throw Error(failure.code, failure.sentence, failure.hint);
}

SourceInfo probeIsolated(const std::string& uri, const Limits& limits, StopRef stop) {
  ReaderJob job;
  job.kind = ReaderJob::Kind::probe;
  job.options.uri = uri;
  job.options.limits = limits;
  return ReaderProcess(job, std::move(stop)).opened();
}

}  // namespace framepath::media
