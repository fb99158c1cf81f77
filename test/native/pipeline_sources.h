// The clips and sources of the pipeline tests.
#pragma once
#include <cstdlib>
#include <filesystem>

#include "pipeline_run.h"

namespace pipeline_run {

inline const clip::TempFolder& folder() {
  static const clip::TempFolder shared;
  return shared;
}

inline std::string made(const std::string& name, const std::string& arguments) {
  const std::string path = folder().file(name);
  if (!std::filesystem::exists(path)) clip::ffmpeg(arguments + " " + path);
  return path;
}

inline std::string moving(const std::string& size, int fps, int frames) {
  const std::string rate = std::to_string(fps), seconds = std::to_string(double(frames) / fps);
  return "-f lavfi -i testsrc2=size=" + size + ":rate=" + rate + ":duration=" + seconds +
         " -f lavfi -i sine=frequency=440:duration=" + seconds + " -pix_fmt yuv420p -frames:v " +
         std::to_string(frames) + " ";
}

constexpr int kLeft = 30, kRight = 45;
inline std::string left() {
  return made("left.mp4", moving("160x120", 25, kLeft) + "-c:v libx264 -preset ultrafast -bf 2 -g 10 -c:a aac");
}
inline std::string right() {
  return made("right.mkv", moving("128x96", 30, kRight) + "-c:v mpeg4 -c:a aac");
}

// Good pictures, then nothing that can be decoded: fails in the middle, after maxDecodeErrors.
inline SourceSpec breaking(const std::string& id) {
  const std::string path = folder().file("breaking.avi");
  if (!std::filesystem::exists(path)) {
    const std::string whole = made("whole.avi", moving("128x96", 25, 40) + "-an -c:v mjpeg -q:v 4");
    std::vector<uint8_t> bytes = clip::bytesOf(whole);
    int pictures = 0;  // the chunks after the 15th have sizes and no pictures
    for (size_t i = 0; i + 8 < bytes.size(); i++) {
      if (std::memcmp(&bytes[i], "00dc", 4) != 0) continue;
      uint32_t size = 0;
      std::memcpy(&size, &bytes[i + 4], 4);
      if (i + 8 + size > bytes.size()) break;
      if (++pictures > 15) std::memset(&bytes[i + 8], 0x55, size);
      i += 7 + size;
    }
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  SourceSpec source = fileSource(id, path);
  source.reader.maxDecodeErrors = 3;
  return source;
}

inline SourceSpec pushedSource(const std::string& id) {
  SourceSpec source;
  source.id = id;
  source.kind = SourceSpec::Kind::frames;
  source.width = 64;
  source.height = 48;
  source.format = pixelFormat::rgb24;
  return source;
}

// Pushes as fast as it is let to; ends the source unless it is gone. Returns how many were taken.
inline int push(PipelineRun& run, const std::string& id, int frames) {
  const std::vector<uint8_t> pixels(64 * 48 * 3, 90);
  int taken = 0;
  for (int i = 0; i < frames; i++) {
    auto promise = std::make_shared<std::promise<bool>>();
    run.pipeline->pushFrame(id, pixels.data(), pixels.size(), i * 40'000,
                            [promise](bool ok) { promise->set_value(ok); });
    if (!within(promise->get_future(), "room for a pushed frame", run.seed)) return taken;
    taken++;
  }
  run.pipeline->endFrames(id, std::nullopt);
  return taken;
}

inline PipelineSpec twoSources() {
  PipelineSpec spec;
  spec.sources = {fileSource("left", left()), fileSource("right", right())};
  return spec;
}

}  // namespace pipeline_run
