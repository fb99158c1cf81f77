// Crops of any frames in, one embedding each out; also classification and raw outputs of whole frames or crops.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "core/frame.h"
#include "core/results.h"
#include "infer/model.h"

namespace framepath::infer {

struct CropRequest {
  FrameRef frame;
  Box box;
  std::vector<float> keypoints;  // x, y pairs as the detector gives them; empty = no alignment possible
  int32_t keypointScheme = 0;    // number of keypoints of one detection: 6 = BlazeFace order, 5 = YuNet/ArcFace order
};

// One worker's embedder. Not thread-safe.
class Embedder {
 public:
  virtual ~Embedder() = default;
  virtual int32_t dims() const = 0;
  virtual int32_t maxBatch() const = 0;
  // `embeddings` has crops.size() * dims() floats, as the model gives them.
  virtual void embed(std::span<const CropRequest> crops, float* embeddings) = 0;
};
std::unique_ptr<Embedder> openEmbedder(std::shared_ptr<Model> model);

// One worker's classifier: whole frames or crops (box covers what is classified).
class Classifier {
 public:
  virtual ~Classifier() = default;
  // A row a crop: the best `topK` of the spec.
  virtual void classify(std::span<const CropRequest> crops, Classes& classes) = 0;
  // A row a crop: all classes, as probabilities. Throws INFERENCE_FAILED, DEVICE_OUT_OF_MEMORY.
  virtual void scores(std::span<const CropRequest> crops, ClassScores& scores) = 0;
};
std::unique_ptr<Classifier> openClassifier(std::shared_ptr<Model> model);

// All outputs of a model for one frame at a time, unread.
class RawModel {
 public:
  virtual ~RawModel() = default;
  virtual std::vector<RawTensor> run(const FrameRef& frame) = 0;
};
std::unique_ptr<RawModel> openRawModel(std::shared_ptr<Model> model);

}  // namespace framepath::infer
