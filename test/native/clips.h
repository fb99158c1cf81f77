// Clips for the media tests: made with the ffmpeg command line in a folder that goes away with the program, and read
// back both through the library and through ffmpeg, as the reference.
#pragma once
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/frame.h"
#include "device_pictures.h"
#include "media/source_reader.h"

namespace clips {

using Bytes = std::vector<uint8_t>;

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "framepath-clips-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  ~Folder() {
    if (getpid() != owner_) return;  // in a child
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  const pid_t owner_ = getpid();
  std::filesystem::path path_;
};

inline const Folder& folder() {
  static Folder instance;
  return instance;
}

inline Bytes readFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}
inline std::string writeFile(const std::string& name, const Bytes& bytes) {
  const std::string path = folder().file(name);
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return path;
}
inline std::string writeText(const std::string& name, const std::string& text) {
  return writeFile(name, Bytes(text.begin(), text.end()));
}

inline Bytes output(const std::string& command) {
  Bytes bytes;
  FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) throw std::runtime_error("cannot run " + command);
  uint8_t block[65536];
  for (size_t n; (n = fread(block, 1, sizeof block, pipe)) > 0;) bytes.insert(bytes.end(), block, block + n);
  if (pclose(pipe) != 0) throw std::runtime_error("failed: " + command);
  return bytes;
}

// ffmpeg ARGUMENTS FILE; the file's path. Made once.
inline std::string make(const std::string& name, const std::string& arguments) {
  const std::string path = folder().file(name);
  if (!std::filesystem::exists(path))
    output("timeout 60 ffmpeg -v error -nostdin -y " + arguments + " '" + path + "' 2>&1");
  return path;
}

// A moving picture in which every frame differs; `size` like 160x120.
inline std::string moving(const std::string& size = "160x120", int fps = 25, int frames = 25) {
  return "-f lavfi -i testsrc2=s=" + size + ":r=" + std::to_string(fps) + " -frames:v " + std::to_string(frames) + " ";
}

// What ffmpeg decodes: all pictures one after the other, tightly packed.
inline Bytes reference(const std::string& path, const std::string& pixelFormat, const std::string& options = "",
                       const std::string& inputOptions = "-noautorotate") {
  return output("timeout 60 ffmpeg -v error -nostdin " + inputOptions + " -i '" + path + "' -map 0:v:0 " + options +
                " -fps_mode passthrough -f rawvideo -pix_fmt " + pixelFormat + " - 2>/dev/null");
}

using framepath::test::device;

inline bool onGpu() {
  return device()->id().kind != framepath::DeviceKind::cpu;
}

// A frame's samples without pitch, plane by plane, U and V apart, values in the low bits: as ffmpeg's planar formats.
inline Bytes packed(const framepath::Frame& frame, framepath::Device& device = *clips::device()) {
  const framepath::Image image = framepath::test::readable(device, frame);
  const framepath::ImageView& view = image.view;
  const int bytesEach = view.format.depth > 8 ? 2 : 1, drop = view.format.msbAligned ? 16 - view.format.depth : 0;
  Bytes bytes;
  for (int p = 0; p < framepath::planeCount(view.format); p++) {
    const int row = framepath::planeWidth(view, p) * framepath::sampleBytes(view, p);
    const bool interleaved = p == 1 && view.format.layout == framepath::PixelLayout::semiPlanarYuv;
    const int parts = interleaved ? 2 : 1;
    for (int part = 0; part < parts; part++)
      for (int y = 0; y < framepath::planeHeight(view, p); y++) {
        const uint8_t* at = view.planes[p].data + static_cast<int64_t>(y) * view.planes[p].pitchBytes;
        for (int x = part * bytesEach; x < row; x += parts * bytesEach) {
          const int value = (at[x] | (bytesEach == 2 ? at[x + 1] << 8 : 0)) >> drop;
          bytes.push_back(static_cast<uint8_t>(value));
          if (bytesEach == 2) bytes.push_back(static_cast<uint8_t>(value >> 8));
        }
      }
  }
  return bytes;
}

struct Read {
  framepath::media::SourceInfo info;
  framepath::media::ReaderCounters counters;
  std::vector<framepath::FrameRef> frames;
  Bytes bytes() const {
    Bytes all;
    for (const auto& frame : frames) {
      const Bytes one = packed(*frame);
      all.insert(all.end(), one.begin(), one.end());
    }
    return all;
  }
};

inline Read read(const framepath::media::SourceOptions& options) {
  Read result;
  const auto reader = framepath::media::openSource(options, device());
  result.info = reader->info();
  while (auto frame = reader->next()) result.frames.push_back(std::move(frame));
  result.counters = reader->counters();
  return result;  // the frames outlive the reader
}
inline Read read(const std::string& uri) {
  framepath::media::SourceOptions options;
  options.uri = uri;
  return read(options);
}

inline int largestDifference(const Bytes& a, const Bytes& b) {
  if (a.size() != b.size()) return 256;
  int largest = 0;
  for (size_t i = 0; i < a.size(); i++) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

}  // namespace clips
