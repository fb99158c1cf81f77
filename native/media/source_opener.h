// Opens everything that one source consists of, itself and what it names in turn, and keeps its limits: what may be
// opened, how much of it, for how long one may wait. What is refused ends all of it.
#pragma once
#include <memory>
#include <string>
#include <unordered_map>

#include "core/stop.h"
#include "media/access.h"
#include "media/playlist.h"
#include "media/source_io.h"

namespace framepath::media {

// For how long a source may keep its reader waiting.
struct Patience {
  int64_t stallNs = 30'000'000'000;  // a connection that gives nothing for so long is dead
  // In all, for untrusted sources: one that sends a byte now and then blocks nothing for long.
  int64_t untrustedOpenNs = 10'000'000'000;
};

// One thread uses it.
class SourceOpener final : private SourceReads {
 public:
  // Throws INVALID_ARGUMENT (the jail).
  SourceOpener(std::string uri, const Limits& limits, StopRef stop, Patience patience);

  // The source itself. Throws what Access::open throws; null: libav gave `result`.
  AVIOContext* open(int& result);
  // For sources whose demuxer opens its own sockets: whether it may.
  void requireAllowed();
  // From then on `format` checks here before it opens or waits.
  void attach(AVFormatContext& format);

  // `format` waits for a packet from now on.
  void expectPacket();
  // One came that a demuxer read from a socket of its own. Throws SOURCE_TOO_LARGE.
  void countPacket(int64_t bytes) { arrived(bytes, true); }
  // Nothing more can come: throws what was refused, CANCELLED, or SOURCE_FAILED when it took too long.
  void throwRefusal();
  void throwEnd(const char* doing);
  bool stopped() const { return stop_ && stop_->passed(); }
  // `formats`: the demuxers that may read it; empty = all.
  const std::string& formats() const { return formats_; }
  bool restricted() const { return restricted_; }  // by the caller's limits

 private:
  static int interrupted(void* opaque);
  static int openIo(AVFormatContext* format, AVIOContext** io, const char* url, int flags, AVDictionary** options);
  static int closeIo(AVFormatContext* format, AVIOContext* io);

  AVIOContext* keep(std::string url, FileDescriptor file, AVIOContext* inner);
  int openNamed(AVFormatContext* format, AVIOContext** io, const char* url, int flags, AVDictionary** options);
  void requireGuard(const Place& place) const;
  bool late() const;

  void arrived(int64_t bytes, bool media) override;
  bool admitPlaylist(const std::string& url, std::string& text) override;
  void refuse(const Error& error) override;
  bool ending() const override { return refusal_ || stopped(); }

  const std::string uri_;
  const Access access_;
  const StopRef stop_;
  const Patience patience_;
  const std::string formats_;
  std::string whitelist_;  // of protocols below the source
  const bool restricted_;
  bool onlyRemote_ = false;  // a source from the network, without limits, names no local files
  int64_t openedNs_;
  int64_t aliveNs_;  // when media last came, or waiting for it began
  bool opening_ = true;
  int64_t bytes_ = 0;
  Playlists playlists_;
  std::unique_ptr<Error> refusal_;
  decltype(AVFormatContext::io_open) libavOpen_ = nullptr;
  std::unordered_map<AVIOContext*, std::unique_ptr<SourceIo>> open_;
};

}  // namespace framepath::media
