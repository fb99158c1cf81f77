// The bytes of one file or connection as libav reads them: counted, and playlists among them checked whole before the
// first byte is given out.
#pragma once
#include <optional>
#include <string>

#include "media/av.h"
#include "media/byte_ranges.h"
#include "media/file_descriptor.h"

namespace framepath::media {

// What everything that one source opens has in common. Called on the reading thread.
class SourceReads {
 public:
  virtual ~SourceReads() = default;
  // `bytes` came that were not read before; `media`: of something else than a playlist. May throw.
  virtual void arrived(int64_t bytes, bool media) = 0;
  // False: libav must take it as missing. Throws when it is refused; may change the text.
  virtual bool admitPlaylist(const std::string& url, std::string& text) = 0;
  // Keeps the first; everything ends then.
  virtual void refuse(const Error& error) = 0;
  virtual bool ending() const = 0;
};

class SourceIo {
 public:
  // `reads` outlives it. Reads `file`, or, when `inner` is given, what libav opened (perhaps on top of `file`).
  SourceIo(SourceReads& reads, std::string url, FileDescriptor file, AVIOContext* inner);
  ~SourceIo();
  SourceIo(const SourceIo&) = delete;
  SourceIo& operator=(const SourceIo&) = delete;

  AVIOContext* context() const { return context_; }
  AVIOContext* inner() const { return inner_; }  // for its options

 private:
  template <typename Call>
  static int64_t guarded(void* opaque, Call call);

  int begin(uint8_t* out, int size);
  int fetch(uint8_t* out, int size, bool media);
  int give(uint8_t* out, int size);
  int64_t seek(int64_t offset, int whence);
  int loadPlaylist(std::string text);

  SourceReads& reads_;
  const std::string url_;
  FileDescriptor file_;
  AVIOContext* inner_;
  AVIOContext* context_ = nullptr;
  int64_t position_ = 0;  // of the file, or in the playlist
  bool begun_ = false;
  std::optional<std::string> playlist_;
  ByteRanges seen_;
};

}  // namespace framepath::media
