#include <cmath>

#include "bench/material.h"
#include "bench/window.h"
#include "infer/embedder.h"

namespace framepath::bench {
namespace {

constexpr double kPi = 3.14159265358979;

// A face somewhere in the picture, turned a little: box and keypoints as BlazeFace gives them (right eye, left eye,
// nose, mouth, ears), so that crops are aligned as a pipeline aligns them.
infer::CropRequest faceIn(const FrameRef& frame, Random& random) {
  const double side = frame->height * random.between(0.1, 0.3);
  const double x = random.between(0, frame->width - side), y = random.between(0, frame->height - side);
  const double turn = random.between(-20, 20) * kPi / 180;
  constexpr double kPoints[6][2] = {{-0.2, -0.12}, {0.2, -0.12}, {0, 0.08}, {0, 0.26}, {-0.42, -0.05}, {0.42, -0.05}};
  infer::CropRequest request;
  request.frame = frame;
  request.box = {static_cast<float>(x), static_cast<float>(y), static_cast<float>(x + side),
                 static_cast<float>(y + side)};
  request.keypointScheme = 6;
  for (const auto& [px, py] : kPoints) {
    request.keypoints.push_back(static_cast<float>(x + side * (0.5 + px * std::cos(turn) - py * std::sin(turn))));
    request.keypoints.push_back(static_cast<float>(y + side * (0.5 + px * std::sin(turn) + py * std::cos(turn))));
  }
  return request;
}

}  // namespace

Figures embed(const Setting& setting, const EmbedCase& is) {
  const auto device = deviceOf(setting);
  requireWithin("crops", is.crops, 1, 256);
  const auto model = modelOf(setting, device, is.model, is.batched ? is.crops : 1);
  const auto embedder = infer::openEmbedder(model);
  const auto frames = coldFrames(device, is.clip);
  std::vector<float> embeddings(static_cast<size_t>(is.crops) * static_cast<size_t>(embedder->dims()));
  std::vector<infer::CropRequest> crops(static_cast<size_t>(is.crops));
  Random random(1);
  size_t at = 0;
  const Window window = measure(setting.minSeconds, [&](Stopwatch& watch) {
    const FrameRef& frame = frames[at++ % frames.size()];
    for (infer::CropRequest& crop : crops) crop = faceIn(frame, random);
    watch.start();
    embedder->embed(crops, embeddings.data());
    watch.stop();
    return static_cast<int64_t>(is.crops);
  });
  return figuresOf("embed", "crop", window,
                   {{"model", model->spec().name},
                    {"provider", model->provider()},
                    {"size", sizeOf(*frames.front())},
                    {"crops", int64_t{is.crops}},
                    {"batch", int64_t{model->batch()}},
                    {"dims", int64_t{embedder->dims()}},
                    {"align", model->spec().align}});
}

}  // namespace framepath::bench
