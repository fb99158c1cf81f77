#include <algorithm>
#include <cstring>

#include "infer/box_decoder.h"

namespace framepath::infer {
namespace {

// Boxes that come back with the counts. More than these, and a picture's rest is fetched by a copy of its own.
constexpr int32_t kFirstRecords = 64;

// Cuts one block of memory into arrays; without a block it adds up what they need.
class Carver {
 public:
  explicit Carver(void* block) : block_(static_cast<uint8_t*>(block)) {}
  template <typename T>
  void cut(T*& array, int64_t count) {
    constexpr size_t kAlign = 256;
    array = block_ ? reinterpret_cast<T*>(block_ + used_) : nullptr;
    used_ += (static_cast<size_t>(count) * sizeof(T) + kAlign - 1) / kAlign * kAlign;
  }
  size_t used() const { return used_; }

 private:
  uint8_t* block_;
  size_t used_ = 0;
};

class DeviceDecoder : public BoxDecoder {
 public:
  DeviceDecoder(const Head& head, Device& device, Queue& queue, int32_t maxBatch)
      : head_(head), device_(device), queue_(queue), values_(recordValues(head.args)) {
    if (head.args.anchors > 0) reserve(maxBatch, head.args.anchors);
  }

  void decode(const std::vector<TensorView>& outputs, std::span<FoundBoxes> found) override {
    const HeadArgs args = head_.bound(outputs, found.size());
    for (FoundBoxes& one : found) {
      one = {};
      one.keypointsPer = args.keypoints;
    }
    if (args.anchors == 0 || found.empty()) return;
    const auto items = static_cast<int32_t>(found.size());
    reserve(items, args.anchors);
    launchAll(args, items);
    fetch(items, found);
  }

 private:
  // Everything for `items` pictures of `anchors` anchors.
  void reserve(int32_t items, int32_t anchors) {
    if (items <= items_ && anchors <= candidates_.anchors) return;
    items_ = std::max(items, items_);
    candidates_.anchors = std::max(anchors, candidates_.anchors);
    candidates_.limit = std::min(candidates_.anchors, head_.most());
    foundStep_ = 1 + candidates_.limit * values_;
    firstRecords_ = std::min(kFirstRecords, candidates_.limit);
    memory_.reset();
    host_.reset();
    memory_ = device_.allocate(layOut(nullptr), MemoryKind::device);
    layOut(memory_->data);
    host_ = device_.allocate(static_cast<size_t>(items_) * foundStep_ * sizeof(float), MemoryKind::host);
  }

  size_t layOut(void* block) {
    Carver carver(block);
    Candidates& c = candidates_;
    const int64_t rows = int64_t{items_} * c.limit;
    carver.cut(scores_, int64_t{items_} * c.anchors);
    carver.cut(classes_, int64_t{items_} * c.anchors);
    carver.cut(c.counts, items_);
    carver.cut(c.order, rows);
    carver.cut(c.records, rows * values_);
    carver.cut(c.overlaps, head_.suppression == Suppression::none ? 0 : rows * overlapWords(c));
    carver.cut(c.firsts, rows);
    carver.cut(c.groups, rows);
    carver.cut(found_, int64_t{items_} * foundStep_);
    c.scores = scores_;
    c.classes = classes_;
    return carver.used();
  }

  void launchAll(const HeadArgs& args, int32_t items) {
    Candidates c = candidates_;
    c.anchors = args.anchors;
    const Grid anchors{args.anchors, 1, items}, ranks{std::min(c.limit, args.anchors), 1, items};
    const Suppression how = head_.suppression;
    launch(device_, queue_, ScoreAnchorsArgs{args, scores_, classes_, c.counts}, anchors);
    launch(device_, queue_, RankAnchorsArgs{c}, anchors);
    launch(device_, queue_, DecodeBoxesArgs{args, c}, ranks);
    if (how != Suppression::none) launch(device_, queue_, OverlapBoxesArgs{c, values_, head_.iou, how}, ranks);
    launch(device_, queue_, SelectBoxesArgs{c, how, reinterpret_cast<int32_t*>(found_), foundStep_}, {items, 1, 1});
    launch(device_, queue_, EmitBoxesArgs{c, values_, how, found_, foundStep_}, ranks);
  }

  // Floats [from, from + count) of every item's part of found_, for items [first, first + items).
  void copyBack(int32_t first, int32_t items, int32_t from, int32_t count) {
    const size_t at = static_cast<size_t>(first) * foundStep_ + from, pitch = size_t(foundStep_) * sizeof(float);
    device_.copy(queue_, static_cast<float*>(host_->data) + at, pitch, found_ + at, pitch,
                 static_cast<size_t>(count) * sizeof(float), static_cast<size_t>(items), CopyKind::d2hResults);
  }

  void fetch(int32_t items, std::span<FoundBoxes> found) {
    copyBack(0, items, 0, 1 + firstRecords_ * values_);
    queue_.synchronize();
    const auto countOf = [&](int32_t item) {
      return static_cast<int32_t>(
          bitsOf(static_cast<const float*>(host_->data)[static_cast<size_t>(item) * foundStep_]));
    };
    bool more = false;
    for (int32_t i = 0; i < items; i++) {
      const int32_t left = countOf(i) - firstRecords_;
      if (left <= 0) continue;
      copyBack(i, 1, 1 + firstRecords_ * values_, left * values_);
      more = true;
    }
    if (more) queue_.synchronize();
    for (int32_t i = 0; i < items; i++)
      unpack(static_cast<const float*>(host_->data) + static_cast<size_t>(i) * foundStep_ + 1, countOf(i),
             found[static_cast<size_t>(i)]);
  }

  void unpack(const float* record, int32_t count, FoundBoxes& found) const {
    const int32_t points = kRecordHeader + 2 * head_.args.keypoints;
    for (int32_t i = 0; i < count; i++, record += values_) {
      found.boxes.push_back({record[0], record[1], record[2], record[3]});
      found.scores.push_back(record[4]);
      found.classes.push_back(static_cast<int32_t>(bitsOf(record[5])));
      found.anchors.push_back(static_cast<int32_t>(bitsOf(record[6])));
      found.keypoints.insert(found.keypoints.end(), record + kRecordHeader, record + points);
      found.keypointScores.insert(found.keypointScores.end(), record + points, record + values_);
    }
  }

  const Head head_;
  Device& device_;
  Queue& queue_;
  const int32_t values_;  // of a record
  int32_t items_ = 0, foundStep_ = 0, firstRecords_ = 0;
  Candidates candidates_{};  // for the most anchors so far
  float* scores_ = nullptr;
  int32_t* classes_ = nullptr;
  float* found_ = nullptr;  // items x foundStep: count, records
  std::shared_ptr<Memory> memory_, host_;
};

}  // namespace

std::unique_ptr<BoxDecoder> openDeviceDecoder(const Head& head, Device& device, Queue& queue, int32_t maxBatch) {
  return std::make_unique<DeviceDecoder>(head, device, queue, maxBatch);
}

}  // namespace framepath::infer
