// A file that is written beside its target under a name that cannot be guessed, and takes the target's place when it is
// done: nobody finds half a file under the target's name, and what was there stays until then.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "media/file_descriptor.h"

namespace framepath::media {

// One thread.
class PartFile {
 public:
  // Creates ".NAME.RANDOM.KIND.EXTENSION" in the target's folder. A link at the target is followed, so that it stays one.
  // Throws OUTPUT_UNWRITABLE, OUTPUT_DISK_FULL.
  PartFile(const std::string& target, const char* kind);
  ~PartFile();  // the file is removed, unless it took the target's place
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  const std::string& target() const { return path_; }
  // For libav: the file that was created, whatever its name leads to by now.
  std::string url() const;
  uintmax_t bytes() const;
  void truncate(int64_t bytes) noexcept;

  // Takes the target's place, with the permissions of what was there. Throws OUTPUT_FAILED, also when the file was
  // removed or replaced while it was written.
  void commit();
  // Stays under its own name, which it returns.
  std::string leave();

 private:
  const std::string path_;  // as the caller named the target
  const std::filesystem::path target_;
  std::filesystem::path name_;
  FileDescriptor file_;
  bool committed_ = false;
};

}  // namespace framepath::media
