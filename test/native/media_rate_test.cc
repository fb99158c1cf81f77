// Bitrates that follow the pictures: what is measured, what the controller makes of it, and what encoders then write.
#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <vector>

#include "check.h"
#include "core/clock.h"
#include "core/sanitized.h"
#include "media/adaptive_encoder.h"
#include "media/complexity_meter.h"
#include "media/encoder.h"
#include "media/output.h"
#include "media/rate_controller.h"
#include "media/source_reader.h"
#include "media_clip.h"

using namespace framepath;
using namespace framepath::media;

namespace {

constexpr int kWidth = 480, kHeight = 270;
constexpr int kFps = 25;

std::shared_ptr<Device> cpu() {
  static const auto device = openDevice("cpu");
  return device;
}

uint32_t hash(uint32_t a, uint32_t b, uint32_t c = 0) {
  uint32_t h = a * 0x9E3779B1u ^ b * 0x85EBCA77u ^ c * 0xC2B2AE3Du;
  h = (h ^ (h >> 15)) * 0x2C1B3C6Du;
  h = (h ^ (h >> 12)) * 0x297A2D39u;
  return h ^ (h >> 15);
}

// Bilinear between random values on a grid of 4 pixels: as fine as the detail of a photo.
double texture(double x, double y) {
  const double gx = x / 4, gy = y / 4;
  const int ix = static_cast<int>(std::floor(gx)), iy = static_cast<int>(std::floor(gy));
  const auto at = [&](int i, int j) { return (hash(ix + i, iy + j) & 255) / 255.0; };
  const double fx = gx - ix, fy = gy - iy;
  return (at(0, 0) * (1 - fx) + at(1, 0) * fx) * (1 - fy) + (at(0, 1) * (1 - fx) + at(1, 1) * fx) * fy;
}

// Luma of picture n.
using Scene = std::function<double(int x, int y, int n)>;

// Detail of every size, the larger the stronger, as in photos.
double photo(double x, double y) {
  double value = 0;
  for (int octave = 1; octave <= 16; octave *= 4) value += octave * texture(x / octave, y / octave);
  return value / 21;
}

double still(int x, int y, int) {
  return 30 + 180 * photo(x, y);
}
double grainy(int x, int y, int n) {
  return still(x, y, n) + static_cast<int>(hash(x, y, n) % 5) - 2;
}
double turning(int x, int y, int n) {
  const double angle = n * 0.03, zoom = 1 + 0.3 * std::sin(n * 0.05), c = std::cos(angle), s = std::sin(angle);
  const double dx = (x - kWidth / 2) * zoom, dy = (y - kHeight / 2) * zoom;
  return 30 + 180 * photo(dx * c - dy * s, dx * s + dy * c);
}
double noise(int x, int y, int n) {
  return 16 + hash(x, y, n) % 220;
}

FrameRef drawn(const Scene& scene, int n, int width = kWidth, int height = kHeight) {
  const Image image = allocateImage(*cpu(), pixelFormat::yuv420p, width, height);
  for (int plane = 0; plane < 3; plane++) {
    const Plane& to = image.view.planes[plane];
    for (int y = 0; y < planeHeight(image.view, plane); y++)
      for (int x = 0; x < planeWidth(image.view, plane); x++)
        to.data[y * to.pitchBytes + x] = plane ? 128 : static_cast<uint8_t>(scene(x, y, n) + 0.5);
  }
  auto frame = std::make_shared<Frame>(image.view, width, height, image.memory);
  frame->ptsUs = int64_t{n} * 1'000'000 / kFps;
  return frame;
}

EncoderOptions optionsOf(int64_t min, int64_t max, VideoCodec codec = VideoCodec::h264) {
  EncoderOptions options;
  options.codec = codec;
  options.width = kWidth;
  options.height = kHeight;
  options.fps = {kFps, 1};
  options.minBitrate = min;
  options.bitrate = max;
  return options;
}

struct Encoded {
  std::vector<double> seconds;  // bits of each
  RateFigures rate;
  double bits = 0;
};

Encoded encode(const EncoderOptions& options, const std::vector<FrameRef>& pictures, const std::string& path = "") {
  const auto encoder = openEncoder(options, cpu());
  std::unique_ptr<Output> output;
  if (!path.empty()) output = openOutput({path, {}, options.fps}, *encoder);
  Encoded result;
  result.seconds.resize((pictures.size() + kFps - 1) / kFps);
  const auto emit = [&](Packet packet) {
    const double bits = packet.data->size() * 8.0;
    result.seconds[static_cast<size_t>(packet.ptsUs / 1'000'000)] += bits;
    result.bits += bits;
    if (output) output->write(packet);
  };
  for (const FrameRef& picture : pictures) encoder->push(picture, emit);
  encoder->finish(emit);
  if (output) output->finish(true);
  result.rate = encoder->rate();
  return result;
}

// PSNR of all luma in dB.
double psnr(const std::string& path, const std::vector<FrameRef>& pictures) {
  SourceOptions source;
  source.uri = path;
  const auto reader = openSource(source, cpu());
  double squares = 0;
  for (const FrameRef& wanted : pictures) {
    const FrameRef frame = reader->next();
    if (!frame) throw std::runtime_error(path + " has too few pictures");
    const Plane& a = frame->view.planes[0];
    const Plane& b = wanted->view.planes[0];
    for (int y = 0; y < kHeight; y++)
      for (int x = 0; x < kWidth; x++) {
        const double d = a.data[y * a.pitchBytes + x] - b.data[y * b.pitchBytes + x];
        squares += d * d;
      }
  }
  return 10 * std::log10(255.0 * 255 * pictures.size() * kWidth * kHeight / std::max(squares, 1e-9));
}

std::vector<FrameRef> film(std::initializer_list<std::pair<Scene, int>> parts) {
  std::vector<FrameRef> pictures;
  for (const auto& [scene, seconds] : parts)
    for (int i = 0; i < seconds * kFps; i++) pictures.push_back(drawn(scene, static_cast<int>(pictures.size())));
  return pictures;
}

double meanOf(const std::vector<double>& seconds, size_t from, size_t to) {
  double sum = 0;
  for (size_t s = from; s < to; s++) sum += seconds[s];
  return sum / static_cast<double>(to - from);
}

Complexity between(const Scene& scene) {
  ComplexityMeter meter(cpu(), kWidth, kHeight);
  meter.remember(*drawn(scene, 0));
  return meter.measure(*drawn(scene, 1));
}

double scoreOf(const Scene& scene) {
  return complexityScore(activity(between(scene)));
}

// Holds `lookAhead` pictures back, and knows the rate at which each was encoded.
class LookAhead : public Encoder {
 public:
  LookAhead(int64_t lookAhead, std::vector<int64_t>* rates) : lookAhead_(lookAhead), rates_(rates) {}
  PixelFormat inputFormat() const override { return pixelFormat::yuv420p; }
  const AVCodecParameters* parameters() const override { return nullptr; }
  std::string name() const override { return "look-ahead"; }
  void setBitrate(int64_t bitrate) override { bitrate_ = bitrate; }
  void push(const FrameRef&, const Emit& emit) override {
    held_++;
    while (held_ > lookAhead_) encode(emit);
  }
  void finish(const Emit& emit) override {
    while (held_ > 0) encode(emit);
  }

 private:
  void encode(const Emit& emit) {
    held_--;
    rates_->push_back(bitrate_);
    emit({});
  }
  const int64_t lookAhead_;
  std::vector<int64_t>* const rates_;
  int64_t held_ = 0, bitrate_ = 0;
};

// The rate of every picture of a film between 1 and 4 Mbit/s.
std::vector<int64_t> ratesOf(const std::vector<FrameRef>& pictures, int64_t lookAhead) {
  std::vector<int64_t> rates;
  AdaptiveEncoder encoder(std::make_unique<LookAhead>(lookAhead, &rates), optionsOf(1'000'000, 4'000'000), cpu());
  for (const FrameRef& picture : pictures) encoder.push(picture, [](Packet) {});
  encoder.finish([](Packet) {});
  return rates;
}

}  // namespace

TEST(complexity_rises_from_stills_to_noise) {
  CHECK_EQUAL(scoreOf(still), 0);
  CHECK(scoreOf(grainy) > 0.05);
  CHECK(scoreOf(turning) > scoreOf(grainy) + 0.2);
  CHECK_EQUAL(scoreOf(noise), 1);
}

TEST(complexity_of_any_canvas_size) {
  for (const auto& [width, height] : {std::pair{16, 16}, {2, 1080}, {1920, 1080}, {362, 642}}) {
    ComplexityMeter meter(cpu(), width, height);
    CHECK_EQUAL(meter.measure(*drawn(noise, 0, width, height)).temporal, 0);  // nothing is remembered
    meter.remember(*drawn(noise, 0, width, height));
    const Complexity complexity = meter.measure(*drawn(noise, 1, width, height));
    CHECK(complexity.temporal > 0 && complexity.temporal < 1);
    CHECK(complexity.edge > 0 && complexity.texture > 0 && complexity.entropy > 0 && complexity.entropy <= 1);
  }
}

TEST(a_target_never_leaves_its_range) {
  RateController controller(500'000, 6'000'000);
  CHECK_EQUAL(controller.figures().mean, controller.start());
  uint32_t random = 1;
  const auto next = [&] { return (random = random * 1664525 + 1013904223) / 4294967296.0; };
  for (int i = 0; i < 1000; i++) {
    const double loud = std::pow(10, -4 * next());
    const int64_t target = controller.next({next() * loud, next() * loud, next(), next() * loud});
    CHECK(target >= 500'000 && target <= 6'000'000);
  }
  const RateFigures figures = controller.figures();
  CHECK(figures.control == RateControl::adaptive);
  CHECK(figures.min <= figures.mean && figures.mean <= figures.max);
  CHECK(figures.min < 600'000 && figures.max == 6'000'000);
  CHECK(figures.complexity > 0 && figures.complexity < 1);
}

TEST(one_cut_changes_no_target) {
  const Complexity calm = between(grainy), cut = between(noise);
  RateController controller(1'000'000, 4'000'000);
  const int64_t target = controller.next(calm);
  CHECK_EQUAL(controller.next(cut), target);
  for (int i = 0; i < 2; i++) CHECK_EQUAL(controller.next(calm), target);
  CHECK_EQUAL(controller.next(cut), target);
  CHECK_EQUAL(controller.next(cut), 4'000'000);  // the second in a row is no cut
}

TEST(a_target_meets_the_picture_that_called_for_it) {
  const auto pictures = film({{still, 2}, {noise, 2}, {still, 2}});
  for (const int64_t lookAhead : {0, 15, 40}) {
    const std::vector<int64_t> rates = ratesOf(pictures, lookAhead);
    CHECK_EQUAL(rates.size(), pictures.size());
    const auto first = [&](size_t from, int64_t rate) {
      return std::find(rates.begin() + static_cast<ptrdiff_t>(from), rates.end(), rate) - rates.begin();
    };
    const auto up = first(0, 4'000'000), down = first(static_cast<size_t>(up), 1'000'000);
    std::printf("  look-ahead %jd: up at %td of 50, down at %td of 100\n", static_cast<intmax_t>(lookAhead), up, down);
    const int64_t late = lookAhead ? 0 : 15;  // without look-ahead it is learnt late
    CHECK(up >= 38 && up <= 50 + late);
    CHECK(down >= 86 && down <= 106 + late);
    CHECK_EQUAL(rates[static_cast<size_t>(up) + 10], 4'000'000);
    CHECK_EQUAL(rates.back(), 1'000'000);
  }
}

TEST(canvases_that_repeat_are_not_stills) {
  for (const int repeats : {2, 3, 5}) {
    std::vector<FrameRef> pictures;
    for (int n = 0; n < 4 * kFps; n++) pictures.push_back(drawn(noise, n / repeats));
    const std::vector<int64_t> rates = ratesOf(pictures, 0);
    CHECK(*std::min_element(rates.begin() + kFps, rates.end()) == 4'000'000);
  }
}

TEST(stills_take_the_least_and_noise_the_most) {
  constexpr int64_t kMin = 300'000, kMax = 2'000'000;
  for (const Profile profile : {Profile::realtime, Profile::balanced}) {
    EncoderOptions options = optionsOf(kMin, kMax);
    options.profile = profile;
    const Encoded is = encode(options, film({{still, 6}, {noise, 6}}));
    CHECK_EQUAL(is.rate.min, kMin);
    CHECK_EQUAL(is.rate.max, kMax);
    const double calm = meanOf(is.seconds, 2, 6), wild = meanOf(is.seconds, 8, 12);
    std::printf("  target %jd to %jd, wrote %.0f and %.0f\n", static_cast<intmax_t>(kMin), static_cast<intmax_t>(kMax),
                calm, wild);
    CHECK(calm < 1.15 * kMin);
    CHECK(wild > 0.85 * kMax && wild < 1.15 * kMax);
    for (const double second : is.seconds) CHECK(second < 1.5 * kMax);  // the rate, and half a second of buffer
  }
}

TEST(pictures_are_not_worse_than_at_a_constant_rate_of_the_same_size) {
  const clip::TempFolder folder;
  const std::string path = folder.file("a.mp4");
  const auto pictures = film({{still, 4}, {turning, 4}, {still, 4}, {turning, 4}});
  for (const Profile profile : {Profile::realtime, Profile::balanced}) {
    EncoderOptions options = optionsOf(300'000, 2'000'000);
    options.profile = profile;
    const double size = encode(options, pictures, path).bits, adaptive = psnr(path, pictures);
    options.minBitrate = 0;
    options.bitrate = static_cast<int64_t>(size * kFps / pictures.size());
    double constantSize = 0;
    for (int i = 0; i < 3; i++) {  // until it is as large
      constantSize = encode(options, pictures, path).bits;
      if (constantSize < size) options.bitrate = static_cast<int64_t>(options.bitrate * size / constantSize);
      if (constantSize >= size * 0.995) break;
    }
    const double constant = psnr(path, pictures);
    std::printf("  adaptive %.2f dB in %.0f bits, constant %.2f dB in %.0f bits\n", adaptive, size, constant,
                constantSize);
    CHECK(constantSize > size * 0.98);
    CHECK(adaptive > constant);
  }
}

TEST(encoders_that_keep_their_rate_are_capped) {
  constexpr int64_t kMax = 1'000'000;
  const auto pictures = film({{still, 1}, {noise, 3}});
  for (const VideoCodec codec : {VideoCodec::hevc, VideoCodec::av1}) {
    const Encoded is = encode(optionsOf(300'000, kMax, codec), pictures);
    EncoderOptions free = optionsOf(0, 0, codec);
    const Encoded uncapped = encode(free, pictures);
    std::printf("  %s: still %.0f, noise %.0f, without the cap %.0f\n", codec == VideoCodec::hevc ? "hevc" : "av1",
                is.seconds[0], meanOf(is.seconds, 2, 4), meanOf(uncapped.seconds, 2, 4));
    CHECK(is.rate.control == RateControl::capped);
    CHECK_EQUAL(is.rate.max, 0);
    CHECK(meanOf(uncapped.seconds, 2, 4) > 2 * kMax);
    CHECK(meanOf(is.seconds, 2, 4) < 1.3 * kMax);
  }
}

TEST(a_range_of_one_rate_is_constant) {
  const auto encoder = openEncoder(optionsOf(1'000'000, 1'000'000), cpu());
  CHECK(encoder->rate().control == RateControl::constant);
  CHECK_EQUAL(encoder->rate().mean, 1'000'000);
  CHECK(openEncoder(optionsOf(0, 0), cpu())->rate().control == RateControl::quality);
}

TEST(measuring_costs_little_beside_encoding) {
  std::vector<FrameRef> pictures;
  for (int n = 0; n < 4; n++) pictures.push_back(drawn(turning, n, 1920, 1080));
  const auto cpuOf = [](auto&& work) {
    const int64_t before = processCpuNs();
    work();
    return static_cast<double>(processCpuNs() - before);
  };
  constexpr int kPictures = 48;
  EncoderOptions options = optionsOf(0, 0);
  options.width = 1920;
  options.height = 1080;
  const auto encoder = openEncoder(options, cpu());
  const double encoding = cpuOf([&] {
    for (int n = 0; n < kPictures; n++) {
      auto frame =
          std::make_shared<Frame>(pictures[n % 4]->view, 1920, 1080, std::make_shared<FrameRef>(pictures[n % 4]));
      frame->ptsUs = n * 1'000'000 / kFps;
      encoder->push(frame, [](Packet) {});
    }
    encoder->finish([](Packet) {});
  });
  ComplexityMeter meter(cpu(), 1920, 1080);
  const double measuring = cpuOf([&] {
    for (int n = 0; n < kPictures; n += 6) {  // as AdaptiveEncoder at 25 frames/s
      meter.remember(*pictures[n % 4]);
      meter.measure(*pictures[(n + 1) % 4]);
    }
  });
  std::printf("  a 1080p picture: encoding %.2f ms of CPU, measuring %.3f ms (%.2f %%)\n", encoding / kPictures / 1e6,
              measuring / kPictures / 1e6, 100 * measuring / encoding);
  if (!kSanitized) CHECK(measuring < 0.05 * encoding);  // the encoder is not
}

TEST_MAIN()
