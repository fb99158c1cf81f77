// What the inference tests need: the runtime, pictures of clips, and ONNX files made on the spot.
#pragma once
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "core/frame.h"
#include "core/results.h"
#include "device/image.h"
#include "infer/model.h"
#include "test_device.h"

namespace support {

using namespace framepath;

inline std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}
inline std::string evalFile(const std::string& path) {
  const std::string folder = environment("FRAMEPATH_EVAL_DATA");
  const std::string file = folder + "/" + path;
  return !folder.empty() && std::filesystem::exists(file) ? file : "";
}

// The runtime of FRAMEPATH_ORT_LIBRARY, or null.
inline std::shared_ptr<infer::Runtime> runtime() {
  static const std::shared_ptr<infer::Runtime> open = [] {
    const std::string library = environment("FRAMEPATH_ORT_LIBRARY");
    return library.empty() ? nullptr : infer::openRuntime({library});
  }();
  return open;
}
inline std::shared_ptr<Device> device() {
  return testDevice();
}
inline std::shared_ptr<infer::Model> load(const std::string& file, infer::StatedSpec stated = {},
                                          int32_t maxBatch = 1) {
  infer::ModelOptions options;
  options.file = file;
  options.stated = std::move(stated);
  options.maxBatch = maxBatch;
  return infer::loadModel(runtime(), device(), options);
}

// A new I420 frame from tightly packed planes.
inline FrameRef frameOf(const std::vector<uint8_t>& i420, int32_t width, int32_t height, ColorMatrix matrix) {
  Image image = allocateImage(*device(), pixelFormat::yuv420p, width, height);
  image.view.matrix = matrix;
  const std::unique_ptr<Queue> queue = device()->openQueue();
  const uint8_t* from = i420.data();
  for (int p = 0; p < 3; p++) {
    const auto w = static_cast<size_t>(planeWidth(image.view, p)), h = static_cast<size_t>(planeHeight(image.view, p));
    const auto pitch = static_cast<size_t>(image.view.planes[p].pitchBytes);
    device()->copy(*queue, image.view.planes[p].data, pitch, from, w, w, h, CopyKind::internal);
    from += w * h;
  }
  queue->synchronize();
  return std::make_shared<Frame>(image.view, width, height, image.memory);
}

// The I420 pictures that a command writes to its output.
inline std::vector<FrameRef> framesFrom(const std::string& command, int32_t width, int32_t height, ColorMatrix matrix) {
  std::vector<FrameRef> frames;
  FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) return frames;
  std::vector<uint8_t> picture(static_cast<size_t>(width) * height * 3 / 2);
  while (std::fread(picture.data(), 1, picture.size(), pipe) == picture.size())
    frames.push_back(frameOf(picture, width, height, matrix));
  pclose(pipe);
  return frames;
}

// Pictures `first`, first + step ... of a clip, decoded by the ffmpeg program.
inline std::vector<FrameRef> clipFrames(const std::string& clip, int first, int step, int count, int32_t width,
                                        int32_t height, ColorMatrix matrix = ColorMatrix::bt709) {
  return framesFrom("ffmpeg -v error -i '" + clip + "' -vf \"select='gte(n," + std::to_string(first) + ")*not(mod(n-" +
                        std::to_string(first) + "," + std::to_string(step) + "))'\" -fps_mode passthrough -frames:v " +
                        std::to_string(count) + " -pix_fmt yuv420p -f rawvideo -",
                    width, height, matrix);
}

// A photo in that size.
inline std::vector<FrameRef> photo(const std::string& file, int32_t width, int32_t height) {
  return framesFrom("ffmpeg -v error -i '" + file + "' -vf scale=" + std::to_string(width) + ":" +
                        std::to_string(height) + " -frames:v 1 -pix_fmt yuv420p -f rawvideo -",
                    width, height, ColorMatrix::bt601);
}

// Rows of a MOTChallenge file that belong to one frame (counted from 1).
struct MotRow {
  int frame = 0;
  int id = 0;
  Box box;
  double score = 0, visibility = 1;
};
inline std::vector<MotRow> motRows(const std::string& file, int frame) {
  std::vector<MotRow> rows;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    MotRow row;
    double x, y, w, h, extra = 1, visibility = 1;
    if (std::sscanf(line.c_str(), "%d,%d,%lf,%lf,%lf,%lf,%lf,%lf,%lf", &row.frame, &row.id, &x, &y, &w, &h, &row.score,
                    &extra, &visibility) < 7 ||
        row.frame != frame)
      continue;
    row.box = {float(x), float(y), float(x + w), float(y + h)};
    row.visibility = visibility;
    rows.push_back(row);
  }
  return rows;
}

// A folder that goes with the process.
inline const std::string& temporaryFolder() {
  struct Folder {
    std::string path;
    Folder() {
      char name[] = "/tmp/framepath-infer-XXXXXX";
      path = mkdtemp(name);
    }
    ~Folder() { std::filesystem::remove_all(path); }
  };
  static const Folder folder;
  return folder.path;
}
inline std::string writeFile(const std::string& name, const std::string& bytes) {
  const std::string path = temporaryFolder() + "/" + name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

// ONNX messages, written field by field (protobuf wire format).
namespace onnx {
inline std::string varint(uint64_t value) {
  std::string out;
  for (; value >= 128; value >>= 7) out += static_cast<char>(value | 128);
  return out + static_cast<char>(value);
}
inline std::string number(int field, uint64_t value) {
  return varint(field << 3) + varint(value);
}
inline std::string bytes(int field, const std::string& value) {
  return varint(field << 3 | 2) + varint(value.size()) + value;
}

struct Value {
  std::string name;
  std::vector<int64_t> dims;  // -1 = free, named "N"
  int type = 1;               // 1 float, 7 int64
};
inline std::string valueInfo(const Value& value) {
  std::string shape;
  for (const int64_t dim : value.dims)
    shape += bytes(1, dim < 0 ? bytes(2, "N") : number(1, static_cast<uint64_t>(dim)));
  return bytes(1, value.name) + bytes(2, bytes(1, number(1, static_cast<uint64_t>(value.type)) + bytes(2, shape)));
}
// One node `op` from the first input to the first output; the rest of the values are declared only.
inline std::string model(const std::string& op, const Value& input, const Value& output,
                         const std::vector<std::pair<std::string, std::string>>& metadata = {}) {
  const std::string node = bytes(1, input.name) + bytes(2, output.name) + bytes(3, "node") + bytes(4, op);
  const std::string graph =
      bytes(1, node) + bytes(2, "graph") + bytes(11, valueInfo(input)) + bytes(12, valueInfo(output));
  std::string text = number(1, 8) + bytes(2, "framepath-test") + bytes(7, graph) + bytes(8, number(2, 13));
  for (const auto& [key, value] : metadata) text += bytes(14, bytes(1, key) + bytes(2, value));
  return text;
}

// A graph of several nodes.
struct Graph {
  std::string nodes, initializers, inputs, outputs;

  Graph& node(const std::string& op, const std::vector<std::string>& from, const std::string& to,
              const std::string& attributes = {}) {
    std::string text;
    for (const std::string& name : from) text += bytes(1, name);
    nodes += bytes(1, text + bytes(2, to) + bytes(3, to) + bytes(4, op) + attributes);
    return *this;
  }
  static std::string attribute(const std::string& name, int64_t value) {
    return bytes(5, bytes(1, name) + number(3, static_cast<uint64_t>(value)) + number(20, 2));
  }
  template <typename T>  // float or int64_t
  Graph& constant(const std::string& name, const std::vector<int64_t>& dims, const std::vector<T>& values) {
    std::string text;
    for (const int64_t dim : dims) text += number(1, static_cast<uint64_t>(dim));
    text += number(2, std::is_same_v<T, float> ? 1 : 7) + bytes(8, name);
    initializers +=
        bytes(5, text + bytes(9, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)}));
    return *this;
  }
  Graph& input(const Value& value) {
    inputs += bytes(11, valueInfo(value));
    return *this;
  }
  Graph& output(const Value& value) {
    outputs += bytes(12, valueInfo(value));
    return *this;
  }
  std::string text() const {
    const std::string graph = nodes + bytes(2, "graph") + initializers + inputs + outputs;
    return number(1, 8) + bytes(2, "framepath-test") + bytes(7, graph) + bytes(8, number(2, 13));
  }
};
}  // namespace onnx

// The test is left out, where it may be: CI must have what it needs (test/require.ts has the same rule).
inline void leaveOut(const std::string& requirement, const char* why) {
  const std::string ci = environment("CI");
  std::string asked = environment("FRAMEPATH_REQUIRE");
  if (asked.empty() && !std::getenv("FRAMEPATH_REQUIRE") && !ci.empty() && ci != "0" && ci != "false") asked = "all";
  if (asked == "all" || ("," + asked + ",").find("," + requirement + ",") != std::string::npos)
    throw std::runtime_error("missing, and required here (CI, FRAMEPATH_REQUIRE): " + std::string(why));
  std::printf("  skipped: %s\n", why);
}

}  // namespace support

#define NEED_RUNTIME()                                                           \
  if (!support::runtime()) {                                                     \
    support::leaveOut("runtime", "FRAMEPATH_ORT_LIBRARY names no ONNX Runtime"); \
    return;                                                                      \
  }
#define NEED_EVAL(path)                                                                   \
  NEED_RUNTIME();                                                                         \
  if (support::evalFile(path).empty()) {                                                  \
    std::printf("  skipped: FRAMEPATH_EVAL_DATA has no %s\n", std::string(path).c_str()); \
    return;                                                                               \
  }
