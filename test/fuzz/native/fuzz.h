// What every fuzz target shares. A framepath::Error is an answer; its code INTERNAL, any other exception, and whatever
// the sanitizers see are faults. Targets are programs of libFuzzer: see scripts/fuzz.mjs.
#pragma once
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "core/error.h"
#include "core/frame.h"
#include "device/device.h"
#include "device/image.h"

namespace fuzz {

using namespace framepath;

[[noreturn]] inline void fault(const std::string& what) {
  std::fprintf(stderr, "fault: %s\n", what.c_str());
  std::abort();
}

#define FUZZ_CHECK(condition)                                                                              \
  do {                                                                                                     \
    if (!(condition))                                                                                      \
      fuzz::fault(std::string("expected " #condition " at ") + __FILE__ + ":" + std::to_string(__LINE__)); \
  } while (0)

// True: `body` came to its end; false: it was refused with a code.
template <typename Body>
bool answered(Body&& body) {
  try {
    body();
    return true;
  } catch (const Error& error) {
    if (error.code == ErrorCode::INTERNAL) fault("INTERNAL: " + error.sentence);
    if (error.sentence.empty()) fault("an error without a sentence");
    static const bool verbose = std::getenv("FRAMEPATH_FUZZ_VERBOSE");
    if (verbose) std::fprintf(stderr, "%s: %s\n", std::string(errorCodeName(error.code)).c_str(), error.what());
    return false;
  } catch (const std::exception& error) {
    fault(std::string("an exception without a code: ") + error.what());
  }
}

// Numbers that outlive a crash, for scripts/fuzz.mjs: in the file that FRAMEPATH_FUZZ_COUNTS names.
struct Counts {
  std::atomic<uint64_t> inputs, useful;
};
inline Counts& counts() {
  static Counts* const counts = [] {
    const char* path = std::getenv("FRAMEPATH_FUZZ_COUNTS");
    if (!path) return new Counts{};
    const int file = open(path, O_RDWR | O_CREAT, 0600);
    void* memory = file < 0 || ftruncate(file, sizeof(Counts)) != 0
                       ? MAP_FAILED
                       : mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) fault(std::string("cannot map ") + path);
    return static_cast<Counts*>(memory);
  }();
  return *counts;
}

// A folder in memory, gone with the process (after a crash, with the TMPDIR that scripts/fuzz.mjs makes).
class Folder {
 public:
  Folder() {
    const char* base = std::getenv("TMPDIR");
    path_ = std::string(base ? base : "/dev/shm") + "/framepath-fuzz-" + std::to_string(getpid());
    std::filesystem::create_directories(path_);
    path_ = std::filesystem::canonical(path_);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::string& path() const { return path_; }
  std::string write(const std::string& name, const void* data, size_t size) const {
    const std::string path = path_ + "/" + name;
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
    return path;
  }

 private:
  std::string path_;
};

// Reads every byte that a view claims: AddressSanitizer knows whose they are.
inline uint32_t readAll(const ImageView& view) {
  uint32_t sum = 0;
  FUZZ_CHECK(view.width > 0 && view.height > 0);
  for (int p = 0; p < planeCount(view.format); p++) {
    const int32_t bytes = planeWidth(view, p) * sampleBytes(view, p);
    FUZZ_CHECK(view.planes[p].data && view.planes[p].pitchBytes >= bytes);
    for (int32_t y = 0; y < planeHeight(view, p); y++) {
      const uint8_t* row = view.planes[p].data + static_cast<int64_t>(y) * view.planes[p].pitchBytes;
      for (int32_t x = 0; x < bytes; x++) sum = sum * 31 + row[x];
    }
  }
  return sum;
}

// The CPU, opened once and never closed.
inline const std::shared_ptr<Device>& cpu() {
  static const auto* const device = new std::shared_ptr<Device>(openDevice("cpu"));
  return *device;
}

// How an input that is a whole file is used follows from its size and last byte, so that changes in its middle keep it.
inline uint32_t waysOf(const uint8_t* data, size_t size) {
  return size ? static_cast<uint32_t>(size * 2654435761u) >> 8 ^ data[size - 1] * 40503u : 0;
}
template <typename T, size_t N>
T pick(uint32_t& ways, const std::array<T, N>& of) {
  const T chosen = of[ways % N];
  ways /= N;
  return chosen;
}

}  // namespace fuzz
