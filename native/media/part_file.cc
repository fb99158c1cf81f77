#include "media/part_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <random>
#include <system_error>

#include "core/error.h"

namespace framepath::media {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kNewFile = 0666;        // less the umask, as for every new file
constexpr size_t kLongestStem = 180;     // of 255 bytes
constexpr int kMostLinks = 40;           // as the kernel

fs::path behindLinks(fs::path path) {
  std::error_code none;
  for (int i = 0; i < kMostLinks && fs::is_symlink(path, none); i++)
    path = path.parent_path() / fs::read_symlink(path, none);
  return path;
}

std::string randomDigits() {
  std::random_device random;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%08x%08x", static_cast<unsigned>(random()), static_cast<unsigned>(random()));
  return digits;
}

[[noreturn]] void throwUnwritable(const std::string& path, int error) {
  throw Error(error == ENOSPC || error == EDQUOT ? ErrorCode::OUTPUT_DISK_FULL : ErrorCode::OUTPUT_UNWRITABLE,
              "Cannot write " + path + ": " + std::strerror(error) + ".",
              "Check that the folder exists and that new files may be made in it.");
}

}  // namespace

PartFile::PartFile(const std::string& target, const char* kind) : path_(target), target_(behindLinks(target)) {
  if (access(target_.c_str(), W_OK) != 0 && errno != ENOENT) throwUnwritable(path_, errno);
  const std::string stem = target_.stem().string().substr(0, kLongestStem);
  for (int attempt = 0; attempt < 16; attempt++) {
    name_ = target_;
    name_.replace_filename("." + stem + "." + randomDigits() + "." + kind + target_.extension().string());
    file_ = FileDescriptor(open(name_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kNewFile));
    if (file_.get() >= 0) return;
    if (errno != EEXIST) throwUnwritable(path_, errno);
  }
  throwUnwritable(path_, EEXIST);
}

PartFile::~PartFile() {
  std::error_code ignored;
  if (!committed_) fs::remove(name_, ignored);
}

std::string PartFile::url() const {
  return "file:/proc/self/fd/" + std::to_string(file_.get());
}

uintmax_t PartFile::bytes() const {
  struct stat own {};
  return fstat(file_.get(), &own) == 0 ? static_cast<uintmax_t>(own.st_size) : 0;
}

void PartFile::truncate(int64_t bytes) noexcept {
  [[maybe_unused]] const int ignored = ftruncate(file_.get(), bytes);
}

void PartFile::commit() {
  struct stat own {}, named {}, old {};
  fstat(file_.get(), &own);
  if (lstat(name_.c_str(), &named) != 0 || named.st_ino != own.st_ino || named.st_dev != own.st_dev) {
    committed_ = true;  // what has that name now is not ours to remove
    throw Error(ErrorCode::OUTPUT_FAILED, "The output " + path_ + " was removed while it was written.");
  }
  if (stat(target_.c_str(), &old) == 0) fchmod(file_.get(), old.st_mode & 0777);
  committed_ = true;
  if (rename(name_.c_str(), target_.c_str()) != 0)
    throw Error(ErrorCode::OUTPUT_FAILED,
                "Cannot put the output in place at " + path_ + ": " + std::strerror(errno) + ".",
                "What was written is in " + name_.string() + ".");
}

std::string PartFile::leave() {
  committed_ = true;
  return name_.string();
}

}  // namespace framepath::media
