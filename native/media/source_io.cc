#include "media/source_io.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "media/playlist.h"

namespace framepath::media {
namespace {

constexpr int kBufferBytes = 32768;  // as libav's own
constexpr std::string_view kPlaylistMark = "#EXTM3U";

// Demuxers ask a connection for its options: the address after redirects, cookies, the type of its content.
void* innerOf(void* context, void* previous) {
  return previous ? nullptr : static_cast<SourceIo*>(static_cast<AVIOContext*>(context)->opaque)->inner();
}

AVClass classOfIo() {
  AVClass made{};
  made.class_name = "SourceIo";
  made.item_name = av_default_item_name;
  made.version = LIBAVUTIL_VERSION_INT;
  made.child_next = innerOf;
  return made;
}
const AVClass kClass = classOfIo();

}  // namespace

template <typename Call>
int64_t SourceIo::guarded(void* opaque, Call call) {
  auto& self = *static_cast<SourceIo*>(opaque);
  if (self.reads_.ending()) return AVERROR_EXIT;
  try {
    return call(self);
  } catch (const Error& error) {
    self.reads_.refuse(error);
    return AVERROR_EXIT;
  } catch (const std::exception&) {
    return AVERROR(ENOMEM);
  }
}

SourceIo::SourceIo(SourceReads& reads, std::string url, FileDescriptor file, AVIOContext* inner)
    : reads_(reads), url_(std::move(url)), file_(std::move(file)), inner_(inner) {
  auto* buffer = static_cast<uint8_t*>(av_malloc(kBufferBytes));
  if (!buffer) throw std::bad_alloc();
  context_ = avio_alloc_context(
      buffer, kBufferBytes, 0, this,
      [](void* opaque, uint8_t* out, int size) {
        return static_cast<int>(guarded(opaque, [&](SourceIo& self) { return self.give(out, size); }));
      },
      nullptr,
      [](void* opaque, int64_t offset, int whence) {
        return guarded(opaque, [&](SourceIo& self) { return self.seek(offset, whence); });
      });
  if (!context_) {
    av_free(buffer);
    throw std::bad_alloc();
  }
  context_->av_class = &kClass;
  context_->seekable = inner_ ? inner_->seekable : AVIO_SEEKABLE_NORMAL;
  if (!inner_) return;
  if (inner_->read_pause)
    context_->read_pause = [](void* opaque, int pause) {
      return avio_pause(static_cast<SourceIo*>(opaque)->inner_, pause);
    };
  if (inner_->read_seek)
    context_->read_seek = [](void* opaque, int stream, int64_t timestamp, int flags) {
      return avio_seek_time(static_cast<SourceIo*>(opaque)->inner_, stream, timestamp, flags);
    };
}

SourceIo::~SourceIo() {
  if (context_) av_freep(&context_->buffer);
  avio_context_free(&context_);
  avio_close(inner_);
}

int SourceIo::give(uint8_t* out, int size) {
  if (!begun_) {
    begun_ = true;
    return begin(out, size);
  }
  if (!playlist_) return fetch(out, size, true);
  const int64_t left = static_cast<int64_t>(playlist_->size()) - position_;
  if (left <= 0) return AVERROR_EOF;
  const auto count = static_cast<size_t>(std::min<int64_t>(size, left));
  std::memcpy(out, playlist_->data() + position_, count);
  position_ += static_cast<int64_t>(count);
  return static_cast<int>(count);
}

int SourceIo::begin(uint8_t* out, int size) {
  int got = 0;
  const auto wanted = std::min(size, static_cast<int>(kPlaylistMark.size()));
  while (got < wanted) {
    const int more = fetch(out + got, size - got, false);
    if (more <= 0) return got > 0 ? got : more;
    got += more;
  }
  const std::string_view start(reinterpret_cast<const char*>(out), static_cast<size_t>(got));
  if (start.starts_with(kPlaylistMark)) {
    if (const int result = loadPlaylist(std::string(start)); result < 0) return result;
    return give(out, size);
  }
  reads_.arrived(0, true);
  return got;
}

int SourceIo::loadPlaylist(std::string text) {
  for (uint8_t block[16384];;) {
    const int more = fetch(block, sizeof block, false);
    if (more == AVERROR_EOF || more == 0) break;
    if (more < 0) return more;
    text.append(reinterpret_cast<const char*>(block), static_cast<size_t>(more));
    if (text.size() > kMaxPlaylistBytes)
      throw Error(ErrorCode::SOURCE_UNREADABLE,
                  "The playlist \"" + url_ + "\" has more than " + std::to_string(kMaxPlaylistBytes >> 20) + " MiB.");
  }
  if (!reads_.admitPlaylist(url_, text)) return AVERROR_INVALIDDATA;
  playlist_ = std::move(text);
  position_ = 0;
  return 0;
}

int SourceIo::fetch(uint8_t* out, int size, bool media) {
  int64_t from = position_;
  int got = 0;
  if (inner_) {
    from = avio_tell(inner_);
    got = avio_read_partial(inner_, out, size);
    if (got == 0) return AVERROR_EOF;
    if (got < 0) return got;
  } else {
    ssize_t read = 0;
    do read = pread(file_.get(), out, static_cast<size_t>(size), static_cast<off_t>(position_));
    while (read < 0 && errno == EINTR);
    if (read == 0) return AVERROR_EOF;
    if (read < 0) return AVERROR(errno);
    got = static_cast<int>(read);
    position_ += got;
  }
  reads_.arrived(seen_.add(from, from + got), media);
  return got;
}

int64_t SourceIo::seek(int64_t offset, int whence) {
  whence &= ~AVSEEK_FORCE;
  if (inner_ && !playlist_) return whence == AVSEEK_SIZE ? avio_size(inner_) : avio_seek(inner_, offset, whence);
  int64_t size = 0;
  if (playlist_) {
    size = static_cast<int64_t>(playlist_->size());
  } else {
    struct stat status {};
    if (fstat(file_.get(), &status) != 0) return AVERROR(errno);
    size = status.st_size;
  }
  if (whence == AVSEEK_SIZE) return size;
  const int64_t base = whence == SEEK_CUR ? position_ : whence == SEEK_END ? size : 0;
  if (offset < -base) return AVERROR(EINVAL);
  return position_ = base + offset;
}

}  // namespace framepath::media
