// What the media tests share: a temporary folder, the ffmpeg command line, pictures that move.
#pragma once
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.h"
#include "core/frame.h"
#include "device_pictures.h"
#include "media/output.h"

namespace clip {

// Gone, with everything in it, when the test is.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "framepath-test-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("mkdtemp failed");
    path_ = name;
  }
  ~TempFolder() {
    if (getpid() != owner_) return;  // in a child
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  const pid_t owner_ = getpid();
  std::string path_;
};

// The output of a command; throws when it fails.
inline std::string output(const std::string& command) {
  FILE* pipe = popen(("timeout 60 " + command + " 2>&1").c_str(), "r");
  if (!pipe) throw std::runtime_error("popen failed");
  std::string text;
  char buffer[4096];
  while (const size_t n = fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, n);
  if (pclose(pipe) != 0) throw std::runtime_error(command + " failed: " + text);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// Fails on anything that ffmpeg complains about while it decodes the file.
inline void ffmpeg(const std::string& arguments) {
  const std::string complaints = output("ffmpeg -nostdin -v error -y " + arguments);
  if (!complaints.empty()) throw std::runtime_error("ffmpeg " + arguments + ": " + complaints);
}

// One value of ffprobe, e.g. ("v:0", "stream=avg_frame_rate").
inline std::string probed(const std::string& file, const std::string& stream, const std::string& entry) {
  return output("ffprobe -v error " + (stream.empty() ? "" : "-select_streams " + stream) +
                " -count_frames -of default=nk=1:nw=1 -show_entries " + entry + " " + file);
}

// All of a stream's values, e.g. values["avg_frame_rate"]; frames are counted by decoding them.
inline std::map<std::string, std::string> streamValues(const std::string& file, const std::string& stream) {
  std::istringstream lines(
      output("ffprobe -v error -select_streams " + stream + " -count_frames -show_streams -of default=nw=1 " + file));
  std::map<std::string, std::string> values;
  for (std::string line; std::getline(lines, line);) {
    if (const size_t at = line.find('='); at != std::string::npos) values[line.substr(0, at)] = line.substr(at + 1);
  }
  return values;
}

struct Row {
  double pts, dts, duration;
  bool keyframe;
};
inline std::vector<Row> packets(const std::string& file, const std::string& stream) {
  std::istringstream lines(output("ffprobe -v error -select_streams " + stream +
                                  " -of csv=p=0 -show_entries packet=pts_time,dts_time,duration_time,flags " + file));
  std::vector<Row> rows;
  for (std::string line; std::getline(lines, line);) {
    double pts = 0, dts = 0, duration = 0;
    char flags[8] = {};
    if (std::sscanf(line.c_str(), "%lf,%lf,%lf,%7[^,\n]", &pts, &dts, &duration, flags) < 3) continue;
    rows.push_back({pts, dts, duration, flags[0] == 'K'});
  }
  return rows;
}

inline std::vector<uint8_t> bytesOf(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Samples of the left channel at 48 kHz, as a player would hear them from time 0.
inline std::vector<float> heard(const std::string& file, const TempFolder& folder) {
  const std::string raw = folder.file("heard.f32");
  ffmpeg("-i " + file + " -map a:0 -af aresample=async=1:first_pts=0 -ar 48000 -ac 2 -f f32le " + raw);
  const std::vector<uint8_t> bytes = bytesOf(raw);
  std::vector<float> left;
  const auto* samples = reinterpret_cast<const float*>(bytes.data());
  for (size_t i = 0; i + 1 < bytes.size() / 4; i += 2) left.push_back(samples[i]);
  return left;
}

// The loudness of one frequency between two times.
inline double tone(const std::vector<float>& samples, double hz, double fromSeconds, double toSeconds) {
  double re = 0, im = 0;
  const size_t from = fromSeconds * 48000, to = std::min<size_t>(samples.size(), toSeconds * 48000);
  for (size_t i = from; i < to; i++) {
    re += samples[i] * std::cos(2 * M_PI * hz * i / 48000);
    im += samples[i] * std::sin(2 * M_PI * hz * i / 48000);
  }
  return to > from ? 2 * std::hypot(re, im) / (to - from) : 0;
}

// A gradient that moves with a disc that moves otherwise.
inline framepath::FrameRef picture(framepath::Device& device, int width, int height, int64_t number, int64_t ptsUs) {
  using namespace framepath;
  Image image = test::blank(device, pixelFormat::yuv420p, width, height);
  const double x0 = width * (0.5 + 0.3 * std::cos(number * 0.13)), y0 = height * (0.5 + 0.3 * std::sin(number * 0.17));
  for (int plane = 0; plane < 3; plane++) {
    const Plane& to = image.view.planes[plane];
    const int shift = plane ? 1 : 0;
    for (int y = 0; y < height >> shift; y++) {
      for (int x = 0; x < width >> shift; x++) {
        const bool inside = std::hypot((x << shift) - x0, (y << shift) - y0) < height / 5.0;
        const int ground = plane ? 118 + (x + number) / 8 % 20 : 40 + (x + y + 2 * number) / 4 % 140;
        to.data[y * to.pitchBytes + x] = inside ? (plane == 0 ? 200 : plane == 1 ? 90 : 170) : ground;
      }
    }
  }
  image = test::onDevice(device, image);
  auto frame = std::make_shared<Frame>(image.view, width, height, image.memory);
  frame->ptsUs = ptsUs;
  return frame;
}

inline framepath::FrameRef plain(framepath::Device& device, int width, int height, uint8_t luma, int64_t ptsUs) {
  using namespace framepath;
  Image image = test::blank(device, pixelFormat::yuv420p, width, height);
  for (int plane = 0; plane < 3; plane++) {
    const Plane& to = image.view.planes[plane];
    for (int y = 0; y < planeHeight(image.view, plane); y++)
      std::memset(to.data + y * to.pitchBytes, plane ? 128 : luma, planeWidth(image.view, plane));
  }
  image = test::onDevice(device, image);
  auto frame = std::make_shared<Frame>(image.view, width, height, image.memory);
  frame->ptsUs = ptsUs;
  return frame;
}

inline int64_t timeUs(int64_t number, framepath::media::Rational fps) {
  return std::llround(number * 1e6 * fps.den / fps.num);
}

// PSNR in dB of the luma of raw yuv420p pictures against picture().
inline double psnr(framepath::Device& device, const std::vector<uint8_t>& raw, int width, int height, int frames) {
  double error = 0;
  const size_t bytes = static_cast<size_t>(width) * height * 3 / 2;
  for (int n = 0; n < frames; n++) {
    const framepath::FrameRef wanted = picture(device, width, height, n, 0);
    const framepath::Plane& luma = wanted->view.planes[0];
    for (int y = 0; y < height; y++)
      for (int x = 0; x < width; x++) {
        const double d = double{raw[n * bytes + y * width + x] * 1.0} - luma.data[y * luma.pitchBytes + x];
        error += d * d;
      }
  }
  return 10 * std::log10(255.0 * 255.0 * frames * width * height / std::max(error, 1e-9));
}

// One constant rate from 0 on, without gaps, BT.709, keyframes every two seconds at least.
inline void checkStream(const std::string& path, const std::string& codec, int frames, framepath::media::Rational fps) {
  auto values = streamValues(path, "v:0");
  CHECK_EQUAL(values["codec_name"], codec);
  CHECK_EQUAL(values["nb_read_frames"], std::to_string(frames));
  CHECK_EQUAL(values["avg_frame_rate"], std::to_string(fps.num) + "/" + std::to_string(fps.den));
  CHECK_EQUAL(values["color_range"], "tv");
  CHECK_EQUAL(values["color_space"], "bt709");
  CHECK_EQUAL(values["color_transfer"], "bt709");
  CHECK_EQUAL(values["color_primaries"], "bt709");
  CHECK_NEAR(std::stod(values["start_time"]), 0, 1e-6);
  CHECK_NEAR(std::stod(values["duration"]), frames / fps.value(), 1e-3);
  const std::vector<Row> rows = packets(path, "v:0");
  CHECK_EQUAL(rows.size(), static_cast<size_t>(frames));
  double lastKeyframe = 0;
  std::vector<double> times;
  for (size_t i = 0; i < rows.size(); i++) {
    if (i > 0) CHECK_NEAR(rows[i].dts - rows[i - 1].dts, 1 / fps.value(), 1e-4);
    CHECK(rows[i].pts >= rows[i].dts - 1e-6);
    times.push_back(rows[i].pts);
    if (!rows[i].keyframe) continue;
    CHECK(rows[i].pts - lastKeyframe <= 2.0 + 1e-3);
    lastKeyframe = rows[i].pts;
  }
  CHECK(!rows.empty() && rows[0].keyframe);
  std::sort(times.begin(), times.end());
  for (size_t i = 0; i < times.size(); i++) CHECK_NEAR(times[i], i / fps.value(), 1e-4);
}

// PSNR of what ffmpeg decodes against picture(), after checking that it is `frames` pictures.
inline double decodedPsnr(const std::string& path, int width, int height, int frames) {
  const TempFolder folder;
  const std::string raw = folder.file("decoded.yuv");
  ffmpeg("-i " + path + " -pix_fmt yuv420p -f rawvideo " + raw);
  const std::vector<uint8_t> bytes = bytesOf(raw);
  const size_t wanted = static_cast<size_t>(frames) * width * height * 3 / 2;
  CHECK_EQUAL(bytes.size(), wanted);
  return bytes.size() == wanted ? psnr(*framepath::openDevice("cpu"), bytes, width, height, frames) : 0;
}

// H.264 packets in decode order, with pictures that are reordered; they are a stream by themselves from any keyframe
// on, since each carries its parameter sets.
inline void checkPackets(const std::vector<framepath::Packet>& packets, size_t count, size_t leastKeyframes) {
  CHECK_EQUAL(packets.size(), count);
  bool reordered = false;
  for (size_t i = 0; i < packets.size(); i++) {
    CHECK(packets[i].ptsUs >= packets[i].dtsUs);
    if (i > 0) CHECK(packets[i].dtsUs > packets[i - 1].dtsUs);
    if (i > 0 && packets[i].ptsUs < packets[i - 1].ptsUs) reordered = true;
  }
  CHECK(reordered);  // otherwise this tests no B-frames
  const TempFolder folder;
  std::ofstream raw(folder.file("raw.h264"), std::ios::binary);
  size_t keyframes = 0;
  for (const framepath::Packet& packet : packets) {
    keyframes += packet.keyframe;
    if (keyframes >= 2) raw.write(reinterpret_cast<const char*>(packet.data->data()), packet.data->size());
  }
  raw.close();
  CHECK(keyframes >= leastKeyframes);
  ffmpeg("-i " + folder.file("raw.h264") + " -f null -");
}

}  // namespace clip
