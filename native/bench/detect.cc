// Detection, whole and in its parts.
#include "bench/material.h"
#include "bench/window.h"
#include "infer/detector.h"

namespace framepath::bench {
namespace {

std::string inputSize(const infer::ModelSpec& spec) {
  return std::to_string(spec.width) + "x" + std::to_string(spec.height);
}

// One pass over all frames, one launch a frame, nothing of the model.
int64_t letterboxAll(infer::Detector& detector, const std::vector<FrameRef>& frames, Stopwatch& watch) {
  watch.start();
  for (const FrameRef& frame : frames) detector.letterbox({&frame, 1});
  detector.queue().synchronize();
  watch.stop();
  return static_cast<int64_t>(frames.size());
}

}  // namespace

Figures letterbox(const Setting& setting, const LetterboxCase& is) {
  const auto device = deviceOf(setting);
  const auto model = modelOf(setting, device, is.model, 1);
  const auto detector = infer::openDetector(model);
  const auto frames = coldFrames(device, is.clip);
  const Window window =
      measure(setting.minSeconds, [&](Stopwatch& watch) { return letterboxAll(*detector, frames, watch); });
  return figuresOf(
      "letterbox", "frame", window,
      {{"model", model->spec().name}, {"size", sizeOf(*frames.front())}, {"input", inputSize(model->spec())}});
}

Figures detect(const Setting& setting, const DetectCase& is) {
  const auto device = deviceOf(setting);
  requireWithin("batch", is.batch, 1, 256);
  const auto model = modelOf(setting, device, is.model, is.batch);
  const auto detector = infer::openDetector(model);
  const auto frames = coldFrames(device, is.clip);
  const auto perCall = static_cast<size_t>(is.batch);
  std::vector<Detections> found(perCall);
  int64_t boxes = 0, looked = 0;
  size_t at = 0;  // goes round the frames: calls need not divide their number
  std::vector<FrameRef> taken(perCall);
  const Window window = measure(setting.minSeconds, [&](Stopwatch& watch) {
    for (FrameRef& frame : taken) frame = frames[at++ % frames.size()];
    watch.start();
    detector->detect(taken, found);
    watch.stop();
    for (const Detections& one : found) boxes += static_cast<int64_t>(one.size());
    looked += is.batch;
    return static_cast<int64_t>(is.batch);
  });
  // The model alone, on what the last call left in its input.
  const Window infer = measure(setting.minSeconds / 2, [&](Stopwatch& watch) {
    watch.start();
    detector->infer(detector->maxBatch());
    detector->queue().synchronize();
    watch.stop();
    return static_cast<int64_t>(detector->maxBatch());
  });
  return figuresOf("detect", "frame", window,
                   {{"model", model->spec().name},
                    {"provider", model->provider()},
                    {"size", sizeOf(*frames.front())},
                    {"input", inputSize(model->spec())},
                    {"batch", int64_t{model->batch()}},
                    {"inferCpuMs", infer.cpuMsPerItem()},
                    {"inferMs", infer.wallMsPerItem()},
                    {"inferShare", infer.cpuMsPerItem() / window.cpuMsPerItem()},
                    {"detections", static_cast<double>(boxes) / static_cast<double>(looked)}});
}

}  // namespace framepath::bench
