// A process that reads one untrusted source, seen from this one: whatever it does, this process goes on.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/stop.h"
#include "media/reader_launcher.h"
#include "media/reader_wire.h"

namespace framepath::media {

// Pictures lie here, only read from here. Mapped until the last picture is released.
class ReaderMemory {
 public:
  ReaderMemory(const FileDescriptor& memory, size_t bytes);  // throws DEVICE_OUT_OF_MEMORY
  ~ReaderMemory();
  ReaderMemory(const ReaderMemory&) = delete;
  ReaderMemory& operator=(const ReaderMemory&) = delete;
  std::span<uint8_t> bytes() const { return {data_, bytes_}; }

 private:
  uint8_t* data_ = nullptr;
  const size_t bytes_;
};

class ReaderProcess {
 public:
  struct Message {
    ReaderMessage kind;
    std::vector<uint8_t> body;
  };

  // Launches it. When `stop` passes, receive() waits for `graceMs` more and ends.
  ReaderProcess(ReaderJob job, StopRef stop, int64_t graceMs = 0);
  // One that is launched, whose memory has so many bytes.
  ReaderProcess(LaunchedReader launched, size_t memoryBytes, std::string uri, StopRef stop, int64_t graceMs = 0);
  ~ReaderProcess();  // signals it to end; it is killed half a second later, without waiting
  ReaderProcess(const ReaderProcess&) = delete;
  ReaderProcess& operator=(const ReaderProcess&) = delete;

  // The answer to opening, within 11 s in all. Throws the reader's error; SOURCE_UNREADABLE when time is up,
  // CANCELLED when `stop` has passed, SOURCE_CRASHED. `audio` false where the source has none.
  SourceInfo opened();
  bool openedAudio();

  // One thread uses what follows. The next message but `alive`, `recovered`, `times`, `connected` and `heard`, which
  // are taken note of; empty: `stop` has passed. Throws the reader's error, SOURCE_CRASHED, and SOURCE_FAILED when it
  // gives no sign of life for long.
  std::optional<Message> receive();
  template <typename T>
  T read(const Message& message) const {
    return checked([&] { return fromWire<T>(message.body); });
  }
  // Runs a check of what it sent; its Error becomes one that names the source.
  template <typename Check>
  auto checked(const Check& check) const {
    try {
      return check();
    } catch (const Error& error) {
      throwBroken(error.sentence);
    }
  }

  [[noreturn]] void throwBroken(const std::string& what) const;  // SOURCE_CRASHED

  // From any thread; never blocks. False: the process has ended, which receive() reports.
  template <typename T>
  bool ask(ReaderAsks kind, const T& body) {
    return send(kind, toWire(body));
  }
  bool ask(ReaderAsks kind) { return send(kind, {}); }

  // Listeners, called by receive(); set before the first call, called on its thread.
  std::function<void(const ReaderCounters&)> counted;
  std::function<void(const RecoveryNote&)> recovered;
  std::function<void(const TimeChange&)> timesChanged;
  std::function<void()> connected;
  std::function<void(const LiveSamples&)> heard;

  const std::shared_ptr<const ReaderMemory>& memory() const { return memory_; }

 private:
  std::optional<Message> receive(int64_t deadlineNs, bool opening);
  std::optional<std::vector<uint8_t>> datagram();
  bool send(ReaderAsks kind, std::vector<uint8_t> body);
  Message answer();
  [[noreturn]] void throwGone();
  [[noreturn]] void throwFailure(const Message& message) const;

  const std::string uri_;
  const StopRef stop_;
  const int64_t graceNs_;
  const int64_t startedNs_;
  void countNote();

  int64_t notes_ = 0;  // recoveries and changes of times so far
  FileDescriptor messages_, life_;
  std::shared_ptr<const ReaderMemory> memory_;
};

// As probe(), in a process of its own.
SourceInfo probeIsolated(const std::string& uri, const Limits& limits, StopRef stop);

}  // namespace framepath::media
