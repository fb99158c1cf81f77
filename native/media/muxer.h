// libavformat's writing side: open, header, packets, trailer. Errors are OUTPUT_UNWRITABLE (opening), OUTPUT_DISK_FULL
// and OUTPUT_FAILED. One thread.
#pragma once
#include <string>

#include "core/stop.h"
#include "media/av.h"
#include "media/container.h"

namespace framepath::media {

class Muxer {
 public:
  // Creates the file, or connects. Nothing is written before begin(). Once `stop` has passed, a connection that takes
  // nothing is given up soon. Once `endBy` has, every call fails: for a file that is not needed then.
  Muxer(const std::string& path, const Container& container, StopRef stop = nullptr, StopRef endBy = nullptr);
  ~Muxer();
  Muxer(const Muxer&) = delete;
  Muxer& operator=(const Muxer&) = delete;

  // Streams are numbered from 0 in this order. Before begin().
  int addStream(const AVCodecParameters& parameters, AVRational timeBase);
  void begin(AvDictionary& options);
  // Packets in the order they shall have in the file; takes what the packet refers to. Times are in `timeBase`.
  void write(AVPacket& packet, int stream, AVRational timeBase);
  // Everything written so far becomes readable by others: ends the fragment or cluster, and hands it to the system.
  void flush();
  // Trailer, and closes.
  void end();

  // Closes without a trailer; after a failure the file is cut back to what plays. Idempotent.
  void close() noexcept;

  bool failed() const { return failed_; }
  bool hasStream(int stream) const { return stream >= 0 && stream < static_cast<int>(context_->nb_streams); }

 private:
  void check(int result, const char* call);
  static int interrupted(void* opaque);
  void waitForPlayout();
  [[noreturn]] void throwUnwritable(int result) const;
  void allowTime();
  void watchSegments();
  std::string nextPlaylist() const;
  void keepPlaylist() const noexcept;
  void endPlaylist() noexcept;

  std::string path_;
  Container container_;
  StopRef stop_, endBy_;
  AvOutput context_;
  int64_t deadlineNs_ = 0;
  int64_t stoppedNs_ = 0;                  // when the stop was noticed
  const AVIOContext* playlist_ = nullptr;  // HLS: where the next playlist is being written
  int segmentError_ = 0;                   // HLS: result of closing a segment's file, which its muxer does not pass on
  decltype(AVFormatContext::io_open) libavOpen_ = nullptr;
  int64_t durableBytes_ = 0;  // up to here the file is whole fragments
  bool begun_ = false;
  bool failed_ = false;
  bool closed_ = false;
};

}  // namespace framepath::media
