#include <algorithm>

#include "bench/material.h"
#include "bench/window.h"
#include "track/tracker.h"

namespace framepath::bench {
namespace {

constexpr double kWidth = 1920, kHeight = 1080, kFps = 30;

// An object that moves, bounces, and is away for a while now and then.
struct Mover {
  double x, y, width, height, speedX, speedY;
  int awayFor = 0;

  explicit Mover(Random& random)
      : width(random.between(30, 90)),
        height(width * random.between(1, 2.5)),
        speedX(random.between(-6, 6)),
        speedY(random.between(-3, 3)) {
    x = random.between(0, kWidth - width);
    y = random.between(0, kHeight - height);
  }
  void move(Random& random) {
    x += speedX + random.between(-1, 1);
    y += speedY + random.between(-1, 1);
    if (x < 0 || x + width > kWidth) speedX = -speedX;
    if (y < 0 || y + height > kHeight) speedY = -speedY;
    if (awayFor > 0)
      awayFor--;
    else if (random.unit() < 0.005)
      awayFor = static_cast<int>(random.between(5, 40));
  }
};

// Detections as of a real detector: one in ten is missed, some are doubtful, a few are false.
std::vector<Detections> script(const TrackCase& is) {
  Random random(static_cast<uint32_t>(is.objects));
  std::vector<Mover> movers;
  for (int32_t i = 0; i < is.objects; i++) movers.emplace_back(random);
  std::vector<Detections> frames(static_cast<size_t>(is.frames));
  for (Detections& frame : frames) {
    struct Seen {
      Box box;
      float score;
    };
    std::vector<Seen> seen;
    const auto see = [&](const Mover& m, double lowest, double highest) {
      const double x = m.x + random.between(-2, 2), y = m.y + random.between(-2, 2);
      seen.push_back({{static_cast<float>(x), static_cast<float>(y), static_cast<float>(x + m.width),
                       static_cast<float>(y + m.height)},
                      static_cast<float>(random.between(lowest, highest))});
    };
    for (Mover& mover : movers) {
      mover.move(random);
      if (mover.awayFor == 0 && random.unit() >= 0.1) see(mover, random.unit() < 0.15 ? 0.15 : 0.6, 0.98);
    }
    if (random.unit() < 0.3) see(Mover(random), 0.1, 0.7);
    std::sort(seen.begin(), seen.end(), [](const Seen& a, const Seen& b) { return a.score > b.score; });
    for (const Seen& one : seen) {
      frame.boxes.push_back(one.box);
      frame.scores.push_back(one.score);
      frame.classes.push_back(0);
    }
  }
  return frames;
}

}  // namespace

Figures track(const Setting& setting, const TrackCase& is) {
  deviceOf(setting);
  requireWithin("objects", is.objects, 1, 5000);
  requireWithin("frames", is.frames, 1, 100'000);
  const std::vector<Detections> frames = script(is);
  framepath::track::TrackerOptions options;
  options.fps = kFps;
  int64_t tracks = 0, updates = 0;
  const Window window = measure(setting.minSeconds, [&](Stopwatch& watch) {
    const auto tracker = framepath::track::makeTracker(options);
    int64_t ptsUs = 0, seen = 0;
    watch.start();
    for (const Detections& detections : frames) {
      seen += static_cast<int64_t>(tracker->update(detections, ptsUs).items.size());
      ptsUs += static_cast<int64_t>(1e6 / kFps);
    }
    watch.stop();
    tracks += seen;
    updates += is.frames;
    return int64_t{is.frames};
  });
  return figuresOf("track", "update", window,
                   {{"objects", int64_t{is.objects}},
                    {"frames", int64_t{is.frames}},
                    {"tracks", static_cast<double>(tracks) / static_cast<double>(updates)}});
}

}  // namespace framepath::bench
