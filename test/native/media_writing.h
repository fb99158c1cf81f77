// Writes an output, for tests of containers.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "media/encoder.h"
#include "media/output.h"
#include "media_clip.h"

namespace writing {

using namespace framepath;
using namespace framepath::media;

constexpr int kWidth = 160, kHeight = 120;

inline EncoderOptions options(VideoCodec codec = VideoCodec::h264, Profile profile = Profile::streaming) {
  EncoderOptions options;
  options.codec = codec;
  options.profile = profile;
  options.width = kWidth;
  options.height = kHeight;
  options.fps = {25, 1};
  return options;
}

struct Writing {
  explicit Writing(const std::string& path, const std::vector<AudioInput>& audio = {},
                   const EncoderOptions& with = options(), const Pieces& pieces = {})
      : device(openDevice("cpu")), encoder(openEncoder(with, device)) {
    OutputOptions into{path, audio, with.fps};
    into.pieces = pieces;
    output = openOutput(into, *encoder);
  }

  void frames(int count) {
    for (int i = 0; i < count; i++, number++)
      encoder->push(clip::picture(*device, kWidth, kHeight, number, number * 40000), emit);
  }
  OutputResult finish(bool complete = true) {
    encoder->finish(emit);
    return output->finish(complete);
  }

  std::shared_ptr<Device> device;
  std::unique_ptr<Encoder> encoder;
  std::unique_ptr<Output> output;
  Encoder::Emit emit = [this](Packet packet) { output->write(packet); };
  int64_t number = 0;
};

inline int decodedFrames(const std::string& path) {
  const std::string count = clip::streamValues(path, "v:0")["nb_read_frames"];
  return count.empty() ? 0 : std::stoi(count);
}

inline int filesIn(const std::string& folder) {
  int files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) files++;
  return files;
}

}  // namespace writing
