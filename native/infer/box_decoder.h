// A head at work: boxes out of the outputs of a run, where those lie.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "device/device.h"
#include "infer/found_boxes.h"
#include "infer/head.h"

namespace framepath::infer {

// One worker's; not thread-safe.
class BoxDecoder {
 public:
  virtual ~BoxDecoder() = default;
  // found[i] belongs to batch item i: coordinates in pixels of the model's input, best score first, suppressed. The
  // outputs are written in the order of the decoder's queue, for which this waits.
  virtual void decode(const std::vector<TensorView>& outputs, std::span<FoundBoxes> found) = 0;
};

// For outputs on `device`, used through `queue` (both outlive the decoder); batches up to `maxBatch`. Throws
// DEVICE_OUT_OF_MEMORY.
std::unique_ptr<BoxDecoder> openBoxDecoder(const Head& head, Device& device, Queue& queue, int32_t maxBatch);

// The two ways, which give the same bits. In host memory: all anchors are scored by the kernel, the few that are left
// go one after the other.
std::unique_ptr<BoxDecoder> openHostDecoder(const Head& head, Device& device, Queue& queue);
// Anywhere: everything by kernels, and only the boxes come back (CopyKind::d2hResults).
std::unique_ptr<BoxDecoder> openDeviceDecoder(const Head& head, Device& device, Queue& queue, int32_t maxBatch);

}  // namespace framepath::infer
