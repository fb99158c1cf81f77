// Frames in, boxes in source pixels out.
#pragma once
#include <memory>
#include <span>

#include "core/frame.h"
#include "core/results.h"
#include "infer/model.h"

namespace framepath::infer {

// One worker's detector: a session, its tensors and its queue. Not thread-safe; open one per worker.
class Detector {
 public:
  virtual ~Detector() = default;
  virtual int32_t maxBatch() const = 0;
  // results[i] belongs to frames[i]; any count (split into batches). Throws INFERENCE_FAILED, DEVICE_OUT_OF_MEMORY.
  virtual void detect(std::span<const FrameRef> frames, std::span<Detections> results) = 0;

  // The first two steps of detect(), for measuring them alone. Frames (at most maxBatch()) into the model's input:
  // enqueued on queue(), not waited for. Then the model on the first `count` items of what lies there.
  virtual void letterbox(std::span<const FrameRef> frames) = 0;
  virtual void infer(int32_t count) = 0;
  virtual Queue& queue() = 0;
};

// The model's head must be a detection head. Throws MODEL_UNSUPPORTED.
std::unique_ptr<Detector> openDetector(std::shared_ptr<Model> model);

}  // namespace framepath::infer
