#include "bench/pattern.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "bench/material.h"
#include "device/image.h"
#include "media/output.h"

namespace framepath::bench {
namespace {

constexpr int32_t kTexture = 1024;  // side of the ground, which repeats; a power of two
constexpr int32_t kGrain = 1 << 16;

// Smoothed noise over several scales, the coarse ones strongest, as in pictures of the world.
std::vector<uint8_t> ground(uint32_t seed) {
  std::vector<float> sum(static_cast<size_t>(kTexture) * kTexture, 0.f);
  Random random(seed);
  for (int32_t cell = 256; cell >= 4; cell /= 2) {
    const int32_t n = kTexture / cell;
    std::vector<float> grid(static_cast<size_t>(n) * n);
    for (float& value : grid) value = static_cast<float>(random.between(-1, 1));
    const float weight = std::pow(static_cast<float>(cell) / 256, 0.8f) * 60;
    const auto smooth = [](float t) { return t * t * (3 - 2 * t); };
    for (int32_t y = 0; y < kTexture; y++) {
      const float fy = smooth(static_cast<float>(y % cell) / cell);
      const float* row = &grid[static_cast<size_t>(y / cell) * n];
      const float* below = &grid[static_cast<size_t>((y / cell + 1) % n) * n];
      for (int32_t x = 0; x < kTexture; x++) {
        const int32_t left = x / cell, right = (left + 1) % n;
        const float fx = smooth(static_cast<float>(x % cell) / cell);
        const float top = row[left] + (row[right] - row[left]) * fx;
        const float bottom = below[left] + (below[right] - below[left]) * fx;
        sum[static_cast<size_t>(y) * kTexture + x] += weight * (top + (bottom - top) * fy);
      }
    }
  }
  std::vector<uint8_t> pixels(sum.size());
  for (size_t i = 0; i < sum.size(); i++) pixels[i] = static_cast<uint8_t>(std::clamp(sum[i] + 126, 16.f, 235.f));
  return pixels;
}

struct Disc {
  double x, y, radius, speedX, speedY;
  int32_t brighter;
};

class Pattern {
 public:
  Pattern(int32_t width, int32_t height) : width_(width), height_(height), ground_(ground(1)), grain_(kGrain) {
    Random random(2);
    for (int8_t& value : grain_)
      value = static_cast<int8_t>(std::lround(random.between(-3, 3) + random.between(-3, 3)));
    for (int32_t i = 0; i < 6; i++)
      discs_.push_back({random.between(0, width), random.between(0, height), height * random.between(0.06, 0.16),
                        height * random.between(-0.008, 0.008), height * random.between(-0.006, 0.006),
                        static_cast<int32_t>(random.between(-60, 60))});
  }

  void draw(const ImageView& view, int32_t number) const {
    drawPlane(view.planes[0], 0, number);
    drawPlane(view.planes[1], 1, number);
    drawPlane(view.planes[2], 2, number);
  }

 private:
  // Chroma is the same ground, calmer; discs have a tint.
  void drawPlane(const Plane& to, int plane, int32_t number) const {
    const int shift = plane ? 1 : 0;
    const int32_t panX = number * 3 >> shift, panY = number >> shift;
    Random random(static_cast<uint32_t>(number * 3 + plane + 7));
    for (int32_t y = 0; y < height_ >> shift; y++) {
      uint8_t* row = to.data + static_cast<int64_t>(y) * to.pitchBytes;
      const uint8_t* from = &ground_[static_cast<size_t>((y + panY + plane * 300) & (kTexture - 1)) * kTexture];
      uint32_t noise = random.next();
      for (int32_t x = 0; x < width_ >> shift; x++) {
        const int32_t value = from[(x + panX + plane * 200) & (kTexture - 1)];
        row[x] = static_cast<uint8_t>(plane ? 128 + (value - 126) / 4 : value + grain_[noise++ & (kGrain - 1)]);
      }
      for (const Disc& disc : discs_) drawDisc(row, disc, plane, y << shift, number);
    }
  }

  void drawDisc(uint8_t* row, const Disc& disc, int plane, int32_t y, int32_t number) const {
    const auto around = [](double at, double size) { return at - std::floor(at / size) * size; };
    const double cx = around(disc.x + disc.speedX * number, width_),
                 cy = around(disc.y + disc.speedY * number, height_);
    const double inside = disc.radius * disc.radius - (y - cy) * (y - cy);
    if (inside <= 0) return;
    const int shift = plane ? 1 : 0;
    const double half = std::sqrt(inside);
    const auto from = static_cast<int32_t>(std::max(0.0, cx - half)) >> shift;
    const auto to = static_cast<int32_t>(std::min<double>(width_ - 1, cx + half)) >> shift;
    const int32_t change = plane == 0 ? disc.brighter : plane == 1 ? disc.brighter / 3 : -disc.brighter / 2;
    for (int32_t x = from; x <= to; x++) row[x] = static_cast<uint8_t>(std::clamp(row[x] + change, 16, 235));
  }

  int32_t width_, height_;
  std::vector<uint8_t> ground_;
  std::vector<int8_t> grain_;
  std::vector<Disc> discs_;
};

}  // namespace

void renderPattern(const PatternClip& clip) {
  requireWithin("width", clip.width, 16, 8192);
  requireWithin("height", clip.height, 16, 8192);
  requireWithin("fps", clip.fps, 1, 240);
  requireWithin("frames", clip.frames, 1, 1'000'000);
  const auto device = openDevice("cpu");  // drawn by the host
  media::EncoderOptions options;
  options.width = clip.width;
  options.height = clip.height;
  options.fps = {clip.fps, 1};
  const auto encoder = media::openEncoder(options, device);
  media::OutputOptions file;
  file.path = clip.path;
  file.fps = options.fps;
  const auto output = media::openOutput(file, *encoder);
  const media::Encoder::Emit emit = [&](const Packet& packet) { output->write(packet); };
  const Pattern pattern(clip.width, clip.height);
  for (int32_t i = 0; i < clip.frames; i++) {
    const Image image = allocateImage(*device, pixelFormat::yuv420p, clip.width, clip.height);
    pattern.draw(image.view, i);
    auto frame = std::make_shared<Frame>(image.view, clip.width, clip.height, image.memory);
    frame->ptsUs = int64_t{i} * 1'000'000 / clip.fps;
    frame->index = i;
    encoder->push(frame, emit);
  }
  encoder->finish(emit);
  output->finish(true);
}

}  // namespace framepath::bench
