// libavformat's writing side: open, header, packets, trailer. Errors are OUTPUT_UNWRITABLE (opening), OUTPUT_DISK_FULL
// and OUTPUT_FAILED. One thread.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "core/stop.h"
#include "media/av.h"
#include "media/container.h"
#include "media/part_file.h"
#include "media/source_info.h"

namespace framepath::media {

class Muxer {
 public:
  // Connects, or opens the file: `part` instead of `path` where there is one, which outlives this. Nothing is written
  // before begin(). Once `stop` has passed, a connection that takes nothing is given up soon. Once `endBy` has, every
  // call fails: for a file that is not needed then.
  Muxer(const std::string& path, const Container& container, PartFile* part = nullptr, StopRef stop = nullptr,
        StopRef endBy = nullptr);
  ~Muxer();
  Muxer(const Muxer&) = delete;
  Muxer& operator=(const Muxer&) = delete;

  // Streams are numbered from 0 in this order. `fps` and `hdr` of pictures. Before begin().
  int addStream(const AVCodecParameters& parameters, AVRational timeBase, Rational fps = {0, 1},
                const HdrMetadata& hdr = {});
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
  // After end() or close(): whether what is in the file can be played, as far as anything was written.
  bool playable() const { return !failed_ || durableBytes_ > 0; }
  bool hasStream(int stream) const { return stream >= 0 && stream < static_cast<int>(context_->nb_streams); }

 private:
  void check(int result, const char* call);
  static int interrupted(void* opaque);
  void waitForPlayout();
  [[noreturn]] void throwUnwritable(int result) const;
  void allowTime();
  void watchSegments();
  int openPart(AVFormatContext* context, AVIOContext** io, const char* url, int flags, AVDictionary** options);
  int closePart(AVIOContext* io);
  bool isPlaylist(const std::string& file) const;
  void endPlaylist() noexcept;

  std::string path_;
  Container container_;
  PartFile* part_;
  StopRef stop_, endBy_;
  std::map<const AVIOContext*, std::unique_ptr<PartFile>> parts_;  // HLS: what it has open
  AvOutput context_;
  struct {
    int stream = -1;
    int64_t ticks = 0;
  } primed_;  // the stream whose packets are written that much later
  int64_t deadlineNs_ = 0;
  int64_t stoppedNs_ = 0;  // when the stop was noticed
  bool listed_ = false;    // HLS: there is a playlist of this output
  int segmentError_ = 0;   // HLS: result of closing a segment's file, which its muxer does not pass on
  decltype(AVFormatContext::io_open) libavOpen_ = nullptr;
  int64_t durableBytes_ = 0;  // up to here the file is whole fragments
  bool begun_ = false;
  bool failed_ = false;
  bool closed_ = false;
};

}  // namespace framepath::media
