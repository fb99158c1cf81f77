// The pixels that a module asked for: made once a frame, in memory that other threads and processes map.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/results.h"
#include "graph/shared_memory.h"
#include "graph/task.h"

namespace framepath {
class Device;
class Queue;
struct Memory;
}  // namespace framepath

namespace framepath::graph {

// Whole frames: what is 0 follows from the frame. Crops: width x height each, one for every box of a module.
struct InputSpec {
  int32_t width = 0, height = 0;
  PixelFormat format = pixelFormat::rgb24;  // rgb24, gray8; whole frames also nv12
  std::string crop;                         // module whose boxes are cut out; empty: the whole frame
  std::string align = "none";               // crops: dlib or arcface where there are keypoints (infer/alignment.h)
};

struct Picture {
  int32_t width = 0, height = 0;
  size_t offset = 0, bytes = 0;  // in the slot; rows and planes without padding
  Box box;                       // what it shows, frame pixels
  int32_t item = -1;             // crops: position among the module's boxes
};

struct Input {
  std::shared_ptr<const SharedMemory::Slot> slot;  // null without pictures
  std::vector<Picture> pictures;
};

using InputRef = std::shared_ptr<const Input>;

// Where the boxes of crops are: observations by position; detections have the keypoints. -1: none.
struct CropSource {
  int32_t boxes = -1, detections = -1;
};

// One worker's. Not thread-safe.
class InputReader {
 public:
  InputReader(std::shared_ptr<Device> device, std::shared_ptr<SharedMemory> memory, InputSpec spec, CropSource crops);
  ~InputReader();
  // Readers of one spec share what the first of them makes; it goes with the frame's lease. Throws INVALID_ARGUMENT,
  // DEVICE_OUT_OF_MEMORY.
  InputRef read(const Task& task);

 private:
  Input make(const Task& task);
  Input wholeFrame(const Frame& frame);
  Input crops(const Task& task);
  std::shared_ptr<Memory> onDevice(size_t bytes);
  void bringHome(const SharedMemory::Slot& slot, const Memory& made, size_t bytes);

  const std::shared_ptr<Device> device_;
  const std::shared_ptr<SharedMemory> memory_;
  const InputSpec spec_;
  const CropSource crops_;
  const std::string key_;
  const std::unique_ptr<Queue> queue_;
};

}  // namespace framepath::graph
