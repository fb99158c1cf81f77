#include "track/row_spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "track/varint.h"

namespace framepath::track {

namespace {

constexpr size_t kBlock = 1 << 16;

// Little endian: bytes of the frame, then the frame. A file that nothing refers to by name goes with its descriptor.
int openUnlinked(const std::string& folder) {
  const int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
  if (file >= 0) return file;
  std::string name = folder + "/.framepath-rows-XXXXXX";  // file systems without O_TMPFILE
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

uint32_t bitsOf(float value) {
  return std::bit_cast<uint32_t>(value);
}

const SpooledRow* rowOf(const SpooledFrame& frame, int64_t track) {
  for (const SpooledRow& row : frame.rows)
    if (row.track == track) return &row;
  return nullptr;
}

}  // namespace

void RowCode::follow(const SpooledFrame& frame) {
  stepUs_ = frame.ptsUs - before_.ptsUs;
  before_ = frame;
}

void RowCode::write(const SpooledFrame& frame, std::vector<uint8_t>& to) {
  appendVarint(to, zigzag(frame.index - before_.index));
  appendVarint(to, zigzag(frame.ptsUs - before_.ptsUs - stepUs_));
  appendVarint(to, frame.rows.size());
  int64_t track = 0;
  static constexpr SpooledRow kNone;
  for (const SpooledRow& row : frame.rows) {
    appendVarint(to, zigzag(row.track - track));
    track = row.track;
    const SpooledRow* known = rowOf(before_, track);
    for (int i = 0; i < 5; i++) appendVarint(to, bitsOf(row.values[i]) ^ bitsOf((known ? known : &kNone)->values[i]));
  }
  follow(frame);
}

void RowCode::read(const uint8_t*& at, const uint8_t* end, SpooledFrame& frame) {
  frame.index = before_.index + unzigzag(readVarint(at, end));
  frame.ptsUs = before_.ptsUs + stepUs_ + unzigzag(readVarint(at, end));
  frame.rows.clear();
  int64_t track = 0;
  static constexpr SpooledRow kNone;
  for (uint64_t left = readVarint(at, end); left > 0 && at < end; left--) {
    SpooledRow row;
    row.track = track += unzigzag(readVarint(at, end));
    const SpooledRow* known = rowOf(before_, track);
    for (int i = 0; i < 5; i++)
      row.values[i] = std::bit_cast<float>(static_cast<uint32_t>(readVarint(at, end)) ^
                                           bitsOf((known ? known : &kNone)->values[i]));
    frame.rows.push_back(row);
  }
  follow(frame);
}

RowSpool::RowSpool(const std::string& folder) {
  const char* temporary = std::getenv("TMPDIR");
  int file = -1, reason = 0;
  const std::string places[] = {folder, temporary ? temporary : "", "/var/tmp", "/tmp"};
  for (const std::string& place : places) {
    if (place.empty()) continue;
    folder_ = place;
    file = openUnlinked(place);
    if (file >= 0) break;
    if (!reason) reason = errno;
  }
  if (file < 0)
    throw Error(ErrorCode::OUTPUT_UNWRITABLE,
                "The rows of the MOT file cannot be kept: " + std::string(std::strerror(reason)) + ".",
                "They need a folder to lie in until the run ends: set TMPDIR to one that can be written.");
  file_ = std::shared_ptr<const int>(new int(file), [](const int* open) {
    ::close(*open);
    delete open;
  });
}

RowSpool::~RowSpool() = default;

bool RowSpool::write(const SpooledFrame& frame) {
  if (error_) return true;
  const size_t at = bytes_.size();
  bytes_.resize(at + 4);
  code_.write(frame, bytes_);
  const auto length = static_cast<uint32_t>(bytes_.size() - at - 4);
  std::memcpy(bytes_.data() + at, &length, 4);
  if (bytes_.size() >= kBlock) flush();
  return !error_;
}

void RowSpool::flush() {
  size_t done = 0;
  while (done < bytes_.size() && !error_) {
    const ssize_t count =
        ::pwrite(*file_, bytes_.data() + done, bytes_.size() - done, written_ + static_cast<off_t>(done));
    if (count > 0) {
      done += static_cast<size_t>(count);
    } else if (count < 0 && errno != EINTR) {
      const bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
      error_ = Error(full ? ErrorCode::OUTPUT_DISK_FULL : ErrorCode::OUTPUT_FAILED,
                     "The rows of the MOT file cannot be kept in " + folder_ + ": " + std::strerror(errno) + ".",
                     "They lie there until the run ends, about 15 bytes a box: make room, or write it elsewhere.");
    }
  }
  if (error_)
    bytes_ = {};  // a frame may be cut: what was written before this block counts
  else
    written_ += static_cast<int64_t>(bytes_.size());
  bytes_.clear();
}

RowSpool::Reader RowSpool::read() {
  if (!error_) flush();
  return {file_, written_, error_};
}

bool RowSpool::Reader::next(SpooledFrame& frame) {
  const auto have = [&] { return bytes_.size() - at_; };
  const auto need = [&](size_t count) {
    while (have() < count && left_ > 0) {
      bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(at_));
      at_ = 0;
      const size_t old = bytes_.size();
      bytes_.resize(old + static_cast<size_t>(std::min<int64_t>(left_, 4 * kBlock)));
      const ssize_t got = ::pread(*file_, bytes_.data() + old, bytes_.size() - old, offset_);
      if (got <= 0) {
        bytes_.resize(old);
        if (got < 0 && errno == EINTR) continue;
        throw Error(ErrorCode::OUTPUT_FAILED, std::string("The rows of the MOT file cannot be read back: ") +
                                                  (got < 0 ? std::strerror(errno) : "the file is cut short") + ".");
      }
      bytes_.resize(old + static_cast<size_t>(got));
      offset_ += got;
      left_ -= got;
    }
    return have() >= count;
  };
  if (!need(4)) {
    if (error_) throw *error_;
    return false;
  }
  uint32_t length;
  std::memcpy(&length, bytes_.data() + at_, 4);
  need(4 + size_t{length});
  const uint8_t* at = bytes_.data() + at_ + 4;
  code_.read(at, bytes_.data() + bytes_.size(), frame);
  at_ += 4 + size_t{length};
  return true;
}

}  // namespace framepath::track
