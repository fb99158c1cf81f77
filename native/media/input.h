// An opened container: content probed, streams known, limits enforced, interruptible.
#pragma once
#include <memory>
#include <string>

#include "core/stop.h"
#include "media/av.h"
#include "media/skipped_data.h"
#include "media/source_opener.h"

namespace framepath::media {

// One thread uses it.
class Input {
 public:
  // Throws what probe() throws; CANCELLED when `stop` passes meanwhile. Reading then ends too.
  Input(const std::string& uri, const Limits& limits, StopRef stop = nullptr, Patience patience = {});
  ~Input();
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  AVFormatContext* format() const { return format_.get(); }
  const std::string& uri() const { return uri_; }
  bool stopped() const;
  bool randomAccess() const;  // its bytes can be read in any order
  bool seekable() const;      // by time

  // As av_read_frame, after which a refused file or a stalled connection has thrown (SOURCE_REFUSED, SOURCE_TOO_LARGE,
  // SOURCE_FAILED).
  int read(AVPacket& packet);
  // Whether the demuxer skipped damaged data since the last call, or while opening.
  bool takeSkipped() { return skipped_.take(); }
  // The keyframe at or before `timestamp` (in the stream's time base), as well as the container knows. False: it cannot
  // seek.
  bool seek(int stream, int64_t timestamp);

  // The video stream (cover art is none); -1 = none.
  int videoStream() const;
  // The audio that belongs to it; -1 = none.
  int audioStream() const;
  // Where the source's time begins, in microseconds of libav's clock: the start of its video, else of the container.
  // Everything that cuts a source (frames, audio) counts startMs and endMs from here. AV_NOPTS_VALUE = unknown.
  int64_t originUs() const;

 private:
  void open();
  void findStreams();
  void requireDeclared() const;
  [[noreturn]] void throwUnreadable(int result, const char* call);

  std::string uri_;
  Limits limits_;
  std::unique_ptr<SourceOpener> opener_;  // outlives the container
  AvInput format_;
  SkippedData skipped_;
};

}  // namespace framepath::media
