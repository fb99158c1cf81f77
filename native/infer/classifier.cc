// Scores of the best classes; logits become probabilities by softmax (outputs that already sum to one are left alone).
#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "infer/batches.h"
#include "infer/embedder.h"
#include "infer/loaded_model.h"
#include "infer/placement.h"
#include "infer/spec.h"
#include "kernels/math.h"

namespace framepath::infer {
namespace {

bool areProbabilities(const float* values, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) {
    if (!(values[i] >= 0 && values[i] <= 1.0001f)) return false;
    sum += values[i];
  }
  return std::fabs(sum - 1) < 1e-2;
}

void softmax(std::vector<float>& values) {
  const float most = *std::max_element(values.begin(), values.end());
  float sum = 0;
  for (float& value : values) sum += value = expPoly(value - most);
  for (float& value : values) value /= sum;
}

class CropClassifier : public Classifier {
 public:
  explicit CropClassifier(std::shared_ptr<LoadedModel> model)
      : model_(std::move(model)), session_(model_->openSession()), batches_(model_, *session_) {}

  void scores(std::span<const CropRequest> crops, ClassScores& scores) override {
    scores = {};
    const auto place = [&](size_t first, size_t count) {
      for (size_t i = 0; i < count; i++)
        launchPlaced(*session_, model_->spec(), *crops[first + i].frame, crops[first + i].box, static_cast<int32_t>(i));
    };
    batches_.run(crops.size(), place, [&](size_t, size_t count) {
      const auto perItem = static_cast<size_t>(valuesPerItem(session_->outputs().front()));
      const std::span<const float> values = session_->read(0, static_cast<int64_t>(count));
      if (perItem < 1 || values.size() < count * perItem || (scores.classes && scores.classes != int32_t(perItem)))
        throw Error(ErrorCode::INFERENCE_FAILED,
                    "The model \"" + model_->spec().name + "\" gave fewer class scores than there are pictures.",
                    "Export the model with a fixed number of classes a picture.");
      scores.classes = static_cast<int32_t>(perItem);
      for (size_t i = 0; i < count; i++) addRow(values.subspan(i * perItem, perItem), scores.values);
    });
  }

  void classify(std::span<const CropRequest> crops, Classes& classes) override {
    ClassScores all;
    scores(crops, all);
    classes = {};
    for (size_t row = 0; row < all.rows(); row++)
      addBestClasses(&all.values[row * static_cast<size_t>(all.classes)], all.classes, model_->spec().topK, classes);
  }

 private:
  static void addRow(std::span<const float> values, std::vector<float>& to) {
    std::vector<float> scores(values.begin(), values.end());
    if (!areProbabilities(scores.data(), scores.size())) softmax(scores);
    for (float& score : scores)
      if (!(score >= 0)) score = 0;  // not a number: a broken model must not break the order
    to.insert(to.end(), scores.begin(), scores.end());
  }

  std::shared_ptr<LoadedModel> model_;
  std::unique_ptr<Session> session_;
  Batches batches_;
};

}  // namespace

std::unique_ptr<Classifier> openClassifier(std::shared_ptr<Model> model) {
  requireHead(*model, HeadKind::classification, "classifies");
  return std::make_unique<CropClassifier>(loaded(std::move(model)));
}

}  // namespace framepath::infer
