// A picture into a square float tensor, planes R, G, B in [-1, 1], aspect kept: what a detector is fed.
// libswscale makes RGB24, a loop of ours makes that the tensor.
#pragma once
#include <vector>

#include "kernels/list.h"
#include "swscale/contender.h"
#include "swscale/frames.h"

namespace framepath::bench {

struct LetterboxCase {
  int width, height, side;
  int toWidth() const { return width >= height ? side : side * width / height; }
  int toHeight() const { return height >= width ? side : side * height / width; }
};

inline LetterboxArgs letterboxArgs(const LetterboxCase& c, const AVFrame& frame, float* tensor) {
  LetterboxArgs a{};
  a.source = viewOf(frame);
  a.width256 = c.width * 256, a.height256 = c.height * 256;
  a.toWidth = c.toWidth(), a.toHeight = c.toHeight();
  a.toX = (c.side - a.toWidth) / 2, a.toY = (c.side - a.toHeight) / 2;
  a.slot = {tensor, ElementType::float32, TensorLayout::nchw, c.side, c.side};
  a.normalize = {{127.5f, 127.5f, 127.5f}, {1 / 127.5f, 1 / 127.5f, 1 / 127.5f}, 0, false, 3};
  return a;
}

// RGB24 rows into the planes, with the best instructions there are. Pad is left as it is, which saves the others some
// stores: our kernel writes the whole tensor.
__attribute__((target_clones("default", "avx2", "arch=skylake-avx512"))) inline void normalizeRgb(
    const uint8_t* rgb, int width, int height, float* tensor, int side, int toX, int toY) {
  const ptrdiff_t plane = static_cast<ptrdiff_t>(side) * side;
  for (int y = 0; y < height; y++) {
    const uint8_t* __restrict from = rgb + static_cast<ptrdiff_t>(y) * width * 3;
    float* __restrict red = tensor + static_cast<ptrdiff_t>(y + toY) * side + toX;
    float* __restrict green = red + plane;
    float* __restrict blue = green + plane;
    for (int x = 0; x < width; x++) {
      red[x] = static_cast<float>(from[3 * x]) * (1 / 127.5f) - 1.0f;
      green[x] = static_cast<float>(from[3 * x + 1]) * (1 / 127.5f) - 1.0f;
      blue[x] = static_cast<float>(from[3 * x + 2]) * (1 / 127.5f) - 1.0f;
    }
  }
}

inline std::vector<Contender> letterboxContenders(const LetterboxCase& c, const std::vector<FramePtr>& ring,
                                                  std::vector<float>& tensor) {
  std::vector<Contender> list;
  for (const Isa isa : supportedIsas())
    list.push_back({"framepath", isaName(isa), [=, &ring, &tensor](size_t i) {
                      const LetterboxArgs a = letterboxArgs(c, *ring[i], tensor.data());
                      runKernel(isa, KernelId::letterbox, &a, {c.side, c.side, 1});
                    }});
  const int width = c.toWidth(), height = c.toHeight();
  const auto rgb = std::make_shared<std::vector<uint8_t>>(static_cast<size_t>(width) * height * 3 + 64);
  for (const ScalerKind& kind : kScalers) {
    const Scaler scaler = makeScaler(c.width, c.height, width, height, AV_PIX_FMT_RGB24, kind.flags);
    list.push_back({kind.name, "auto", [=, &ring, &tensor](size_t i) {
                      uint8_t* to[4] = {rgb->data()};
                      const int pitch[4] = {width * 3};
                      sws_scale(scaler.get(), ring[i]->data, ring[i]->linesize, 0, c.height, to, pitch);
                      normalizeRgb(rgb->data(), width, height, tensor.data(), c.side, (c.side - width) / 2,
                                   (c.side - height) / 2);
                    }});
  }
  return list;
}

}  // namespace framepath::bench
