#include "infer/mask_decoder.h"

#include <algorithm>
#include <cmath>

#include "infer/run_lengths.h"

namespace framepath::infer {
namespace {

constexpr int64_t kMostWords = 1 << 22;  // of bits at once, unless one mask alone has more

// The first pixel whose number is not below `edge`, as crop_mask of Ultralytics counts them.
int32_t pixelFrom(float edge, int32_t side) {
  return static_cast<int32_t>(std::ceil(std::clamp(edge, 0.0f, static_cast<float>(side))));
}

void need(std::shared_ptr<Memory>& memory, Device& device, size_t bytes, MemoryKind kind) {
  if (memory && memory->bytes >= bytes) return;
  memory.reset();
  memory = device.allocate(bytes, kind);
}

}  // namespace

// Up to kMostMasks masks of one picture.
struct MaskDecoder::Part {
  MaskLogitsArgs logits{};
  MaskBitsArgs bits{};
  int32_t count = 0;
  int64_t words = 0;
  int32_t mostWords = 0, mostColumns = 0;
  int32_t frameWidth = 0, frameHeight = 0;

  void add(MaskItem mask) {
    const int32_t rows = logits.rows, columns = logits.columns;
    if (mask.columns > 0 && mask.rows > 0) {
      mask.left = maskTap(mask.x, bits.scaleX, bits.offsetX, columns).low;
      mask.right = maskTap(mask.x + mask.columns - 1, bits.scaleX, bits.offsetX, columns).high;
      mask.top = maskTap(mask.y, bits.scaleY, bits.offsetY, rows).low;
      mask.bottom = maskTap(mask.y + mask.rows - 1, bits.scaleY, bits.offsetY, rows).high;
    } else {
      mask.columns = mask.rows = 0;
      mask.right = mask.bottom = -1;
    }
    mask.bits = static_cast<int32_t>(words);
    words += int64_t{maskColumnWords(mask)} * mask.columns;
    mostWords = std::max(mostWords, maskColumnWords(mask));
    mostColumns = std::max(mostColumns, mask.columns);
    logits.masks[count] = bits.masks[count] = mask;
    count++;
  }
};

void MaskDecoder::decode(const std::vector<TensorView>& outputs, size_t items, int32_t item, const Placement& back,
                         int32_t frameWidth, int32_t frameHeight, FoundBoxes& found) {
  const Head::Prototypes& prototypes = head_.prototypes;
  const HeadArgs bound = head_.bound(outputs, items);
  Part empty;
  MaskLogitsArgs& logits = empty.logits;
  logits.boxes = bound.grids[0].boxes;
  const bool columns = bound.layout == HeadLayout::yoloColumns;
  logits.anchorStep = columns ? 1 : bound.rowValues;
  logits.valueStep = columns ? bound.anchors : 1;
  logits.prototypes = head_.boundPrototypes(outputs, items);
  logits.first = prototypes.first;
  logits.channels = prototypes.channels;
  logits.rows = empty.bits.rows = prototypes.rows;
  logits.columns = empty.bits.columns = prototypes.columns;
  logits.item = item;
  // Pixel centres to input pixels to cells, whose numbers are their centres.
  const double scaleX = prototypes.columns / (bound.width * back.scaleX);
  const double scaleY = prototypes.rows / (bound.height * back.scaleY);
  empty.bits.scaleX = static_cast<float>(scaleX);
  empty.bits.scaleY = static_cast<float>(scaleY);
  empty.bits.offsetX = static_cast<float>((0.5 - back.offsetX) * scaleX - 0.5);
  empty.bits.offsetY = static_cast<float>((0.5 - back.offsetY) * scaleY - 0.5);
  empty.frameWidth = found.maskWidth = frameWidth;
  empty.frameHeight = found.maskHeight = frameHeight;
  found.masks.clear();
  Part part = empty;
  for (size_t i = 0; i < found.size(); i++) {
    const Box& box = found.boxes[i];
    MaskItem mask{};
    mask.anchor = found.anchors[i];
    mask.x = pixelFrom(box.x1, frameWidth);
    mask.y = pixelFrom(box.y1, frameHeight);
    mask.columns = pixelFrom(box.x2, frameWidth) - mask.x;
    mask.rows = pixelFrom(box.y2, frameHeight) - mask.y;
    part.add(mask);
    if (part.count < kMostMasks && part.words < kMostWords && i + 1 < found.size()) continue;
    decodePart(part, found);
    part = empty;
  }
}

void MaskDecoder::decodePart(const Part& part, FoundBoxes& found) {
  const uint32_t* words = nullptr;
  if (part.words > 0) {
    const size_t cells = static_cast<size_t>(part.logits.rows) * static_cast<size_t>(part.logits.columns);
    const size_t bytes = static_cast<size_t>(part.words) * sizeof(uint32_t);
    need(logits_, device_, cells * kMostMasks * sizeof(float), MemoryKind::device);
    need(bits_, device_, bytes, MemoryKind::device);
    need(host_, device_, bytes, MemoryKind::host);
    MaskLogitsArgs logits = part.logits;
    logits.logits = static_cast<float*>(logits_->data);
    launch(device_, queue_, logits, {logits.columns, logits.rows, part.count});
    MaskBitsArgs bits = part.bits;
    bits.logits = logits.logits;
    bits.bits = static_cast<uint32_t*>(bits_->data);
    launch(device_, queue_, bits, {part.mostWords, part.mostColumns, part.count});
    device_.copy(queue_, host_->data, bytes, bits.bits, bytes, bytes, 1, CopyKind::d2hResults);
    queue_.synchronize();
    words = static_cast<const uint32_t*>(host_->data);
  }
  const int64_t height = part.frameHeight;
  for (int32_t m = 0; m < part.count; m++) {
    const MaskItem& mask = part.bits.masks[m];
    RunLengths runs;
    runs.add(false, mask.x * height);
    for (int32_t column = 0; column < mask.columns; column++) {
      runs.add(false, mask.y);
      const uint32_t* bits = words + mask.bits + static_cast<int64_t>(column) * maskColumnWords(mask);
      for (int32_t row = 0; row < mask.rows; row += 32) runs.addBits(bits[row / 32], std::min(32, mask.rows - row));
      runs.add(false, height - mask.y - mask.rows);
    }
    runs.add(false, (part.frameWidth - mask.x - mask.columns) * height);
    found.masks.push_back(runs.text());
  }
}

}  // namespace framepath::infer
