// The pixels that a module asked for: made once a frame, in memory that other threads and processes map.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/results.h"
#include "graph/device_slots.h"
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
  bool onDevice = false;                    // a GPU's stay there
  bool exported = false;                    // of them: another process is to map them
};

struct Picture {
  int32_t width = 0, height = 0;
  size_t offset = 0, bytes = 0;  // in the slot; rows and planes without padding
  Box box;                       // what it shows, frame pixels
  int32_t item = -1;             // crops: position among the module's boxes
};

struct Input {
  // One of them, none without pictures.
  std::shared_ptr<const SharedMemory::Slot> slot;
  std::shared_ptr<const DeviceSlots::Slot> onDevice;  // what is made there is done
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
  // `deviceSlots`: of a spec that says onDevice, on a GPU; null: pictures come to the host.
  InputReader(std::shared_ptr<Device> device, std::shared_ptr<SharedMemory> memory, InputSpec spec, CropSource crops,
              std::shared_ptr<DeviceSlots> deviceSlots = nullptr);
  ~InputReader();
  // Readers of one spec share what the first of them makes; it goes with the frame's lease. Throws INVALID_ARGUMENT,
  // DEVICE_OUT_OF_MEMORY.
  // `toHost`: although it may stay on the device. Throws DEVICE_UNAVAILABLE too where it has to be exported and cannot.
  InputRef read(const Task& task, bool toHost = false);

 private:
  // Where pictures are made that are to lie in an input.
  struct Place {
    uint8_t* data;
    std::shared_ptr<Memory> onTheWay;  // on the device, to be brought to the slot
  };
  Input make(const Task& task, bool onDevice);
  Input wholeFrame(const Frame& frame, bool onDevice);
  Input crops(const Task& task, bool onDevice);
  Place lease(Input& input, size_t bytes, bool onDevice);
  void finish(const Input& input, const Place& place, size_t bytes);

  const std::shared_ptr<Device> device_;
  const std::shared_ptr<SharedMemory> memory_;
  const std::shared_ptr<DeviceSlots> deviceSlots_;
  const InputSpec spec_;
  const CropSource crops_;
  const std::string key_;
  const std::unique_ptr<Queue> queue_;
};

}  // namespace framepath::graph
