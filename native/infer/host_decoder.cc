#include <algorithm>

#include "infer/box_decoder.h"
#include "infer/suppress.h"

namespace framepath::infer {
namespace {

class HostDecoder : public BoxDecoder {
 public:
  HostDecoder(const Head& head, Device& device, Queue& queue) : head_(head), device_(device), queue_(queue) {}

  void decode(const std::vector<TensorView>& outputs, std::span<FoundBoxes> found) override {
    const HeadArgs args = head_.bound(outputs, found.size());
    const auto items = static_cast<int32_t>(found.size());
    const size_t anchors = static_cast<size_t>(args.anchors);
    scores_.resize(anchors * found.size());
    classes_.resize(anchors * found.size());
    if (!scores_.empty())
      launch(device_, queue_, ScoreAnchorsArgs{args, scores_.data(), classes_.data(), nullptr},
             {args.anchors, 1, items});
    for (int32_t i = 0; i < items; i++)
      decodeItem(args, i, scores_.data() + anchors * i, classes_.data() + anchors * i, found[static_cast<size_t>(i)]);
  }

 private:
  void decodeItem(const HeadArgs& args, int32_t item, const float* scores, const int32_t* classes, FoundBoxes& found) {
    order_.clear();
    for (int32_t a = 0; a < args.anchors; a++)
      if (isThere(scores[a])) order_.push_back(a);
    std::stable_sort(order_.begin(), order_.end(), [&](int32_t a, int32_t b) { return scores[a] > scores[b]; });
    order_.resize(std::min(order_.size(), static_cast<size_t>(head_.most())));
    found = {};
    found.keypointsPer = args.keypoints;
    found.anchors = order_;
    found.boxes.resize(order_.size());
    extras_.resize(static_cast<size_t>(extraValues(args)));
    const auto scoresAt = extras_.begin() + 2 * args.keypoints;
    for (size_t i = 0; i < order_.size(); i++) {
      anchorBox(args, item, order_[i], &found.boxes[i].x1, extras_.data());
      found.scores.push_back(scores[order_[i]]);
      found.classes.push_back(classes[order_[i]]);
      found.keypoints.insert(found.keypoints.end(), extras_.begin(), scoresAt);
      found.keypointScores.insert(found.keypointScores.end(), scoresAt, extras_.end());
    }
    switch (head_.suppression) {
      case Suppression::none: break;
      case Suppression::greedy: suppress(found, head_.iou); break;
      case Suppression::weighted: suppressWeighted(found, head_.iou); break;
    }
  }

  const Head head_;
  Device& device_;
  Queue& queue_;
  std::vector<float> scores_, extras_;
  std::vector<int32_t> classes_, order_;
};

}  // namespace

std::unique_ptr<BoxDecoder> openHostDecoder(const Head& head, Device& device, Queue& queue) {
  return std::make_unique<HostDecoder>(head, device, queue);
}

std::unique_ptr<BoxDecoder> openBoxDecoder(const Head& head, Device& device, Queue& queue, int32_t maxBatch) {
  if (device.id().kind == DeviceKind::cpu) return openHostDecoder(head, device, queue);
  return openDeviceDecoder(head, device, queue, maxBatch);
}

}  // namespace framepath::infer
