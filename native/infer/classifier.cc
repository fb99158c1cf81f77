// Scores of the best classes; logits become probabilities by softmax (outputs that already sum to one are left alone).
#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
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
      : model_(std::move(model)), session_(model_->openSession()) {}

  void classify(std::span<const CropRequest> crops, Classes& classes) override {
    classes = {};
    classes.rows = static_cast<int32_t>(crops.size());
    while (!crops.empty()) {
      const LoadedModel::Step step = model_->nextStep(crops.size());
      for (int32_t i = 0; i < step.take; i++) launchPlaced(*session_, model_->spec(), *crops[i].frame, crops[i].box, i);
      session_->run(step.run);
      for (int32_t i = 0; i < step.take; i++) addRow(session_->outputs().front(), i, classes);
      crops = crops.subspan(static_cast<size_t>(step.take));
    }
  }

 private:
  void addRow(const OutputView& output, int32_t item, Classes& classes) const {
    const size_t count = output.perItem();
    std::vector<float> scores(output.item(item), output.item(item) + count);
    if (!areProbabilities(scores.data(), count)) softmax(scores);
    for (float& score : scores)
      if (!(score >= 0)) score = 0;  // not a number: a broken model must not break the order
    std::vector<int32_t> order(count);
    std::iota(order.begin(), order.end(), 0);
    const auto k = static_cast<int32_t>(std::min<size_t>(count, static_cast<size_t>(model_->spec().topK)));
    std::partial_sort(order.begin(), order.begin() + k, order.end(),
                      [&](int32_t a, int32_t b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
    classes.topK = k;
    for (int32_t i = 0; i < k; i++) {
      classes.indices.push_back(order[i]);
      classes.scores.push_back(scores[order[i]]);
    }
  }

  std::shared_ptr<LoadedModel> model_;
  std::unique_ptr<Session> session_;
};

}  // namespace

std::unique_ptr<Classifier> openClassifier(std::shared_ptr<Model> model) {
  requireHead(*model, HeadKind::classification, "classifies");
  return std::make_unique<CropClassifier>(loaded(std::move(model)));
}

}  // namespace framepath::infer
