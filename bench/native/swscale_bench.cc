// Our kernels against libswscale for the two things they are for: pictures into a detector's tensor, and pictures side
// by side on a canvas. One thread, cold frames, contenders in turn; JSON on stdout.
//   swscale_bench [--json FILE] [--budget MILLISECONDS A CASE, default 2000] [--only PART OF A CASE'S NAME]
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "swscale/compose_contenders.h"
#include "swscale/letterbox_contenders.h"

namespace framepath::bench {
namespace {

constexpr size_t kRingFrames = 48;  // of 3.1 MB
constexpr LetterboxCase kLetterboxCases[] = {{1920, 1080, 256}, {1920, 1080, 640}, {1280, 720, 256}};

std::vector<Timing> measure(const std::vector<Contender>& contenders, size_t ring, double budgetMs) {
  std::vector<Repetition> repetitions;
  for (const Contender& c : contenders) repetitions.push_back(c.run);
  return alternate(repetitions, ring, budgetMs);
}

// Different filters give different pictures, but of the same scene: who does something else entirely is out.
template <typename Outcome>
void checkAgreement(const std::vector<Contender>& contenders, double unit, Outcome outcome) {
  std::vector<float> expected;
  for (const Contender& c : contenders) {
    if (c.name == "memcpy") continue;
    const std::vector<float> got = outcome(c);
    if (expected.empty()) expected = got;
    double sum = 0;
    for (size_t i = 0; i < got.size(); i++) sum += std::fabs(got[i] - expected[i]);
    const double levels = sum / static_cast<double>(got.size()) * unit;
    if (levels < 12) continue;
    std::fprintf(stderr, "%s (%s) differs from the first contender by %.1f levels in the mean.\n", c.name.c_str(),
                 c.isa.c_str(), levels);
    std::exit(1);
  }
}

void letterboxes(double budgetMs, const char* only) {
  bool first = true;
  for (const LetterboxCase& c : kLetterboxCases) {
    const std::string what = std::to_string(c.width) + "x" + std::to_string(c.height) + " to " + std::to_string(c.side);
    if (!std::strstr(what.c_str(), only)) continue;
    const std::vector<FramePtr> ring = makeRing(c.width, c.height, kRingFrames * 1920 * 1080 / (c.width * c.height));
    std::vector<float> tensor(static_cast<size_t>(c.side) * c.side * 3);
    const std::vector<Contender> contenders = letterboxContenders(c, ring, tensor);
    checkAgreement(contenders, 127.5, [&](const Contender& who) {
      std::fill(tensor.begin(), tensor.end(), -1.0f);
      who.run(0);
      return tensor;
    });
    printTimings(contenders, measure(contenders, ring.size(), budgetMs), what, first);
  }
}

void compositions(double budgetMs, const char* only) {
  const std::vector<FramePtr> ring = makeRing(1920, 1080, kRingFrames);
  Canvases canvases;
  bool first = true;
  for (const ComposeCase& c : kComposeCases) {
    if (!std::strstr(c.name, only)) continue;
    const std::vector<Contender> contenders = composeContenders(c, ring, canvases);
    checkAgreement(contenders, 1, [&](const Contender& who) {
      canvases.at = 0;
      who.run(0);
      const AVFrame& canvas = *canvases.frames[0];
      std::vector<float> luma;
      for (int y = 0; y < canvas.height; y++)
        for (int x = 0; x < canvas.width; x++)
          luma.push_back(canvas.data[0][static_cast<ptrdiff_t>(y) * canvas.linesize[0] + x]);
      return luma;
    });
    printTimings(contenders, measure(contenders, ring.size(), budgetMs), c.name, first);
  }
}

}  // namespace
}  // namespace framepath::bench

int main(int argc, char** argv) {
  using namespace framepath::bench;
  double budgetMs = 2000;
  const char* only = "";
  for (int i = 1; i < argc; i += 2) {
    const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
    if (value && !std::strcmp(argv[i], "--json")) {
      if (!std::freopen(value, "w", stdout)) return std::perror(value), 1;
    } else if (value && !std::strcmp(argv[i], "--budget")) {
      budgetMs = std::atof(value);
    } else if (value && !std::strcmp(argv[i], "--only")) {
      only = value;
    } else {
      std::fprintf(stderr, "swscale_bench [--json FILE] [--budget MS] [--only NAME]\n");
      return 2;
    }
  }
  std::printf("{\"frames\": %zu, \"threads\": 1, \"cold\": true,\n  \"letterbox\": [", kRingFrames);
  letterboxes(budgetMs, only);
  std::printf("\n  ],\n  \"compose\": [");
  compositions(budgetMs, only);
  std::printf("\n  ]}\n");
  return std::fclose(stdout) == 0 ? 0 : 1;
}
