// The pixels that a module requests: made once a frame, in memory that other threads and processes map.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/enum_names.h"
#include "core/results.h"
#include "generated/module_defaults.h"
#include "graph/device_slots.h"
#include "graph/seen_boxes.h"
#include "graph/shared_memory.h"
#include "graph/task.h"

namespace framepath {
class Device;
class Queue;
class Memory;
}  // namespace framepath

namespace framepath::graph {

// Whole frames: what is 0 follows from the frame. Crops: width x height each, one for every box of a module.
struct InputSpec {
  int32_t width = 0, height = 0;
  PixelFormat format = pixelFormat::rgb24;  // rgb24, gray8; whole frames also nv12
  std::string crop;                         // module whose boxes are cut out; empty: the whole frame
  // crops: dlib or arcface where there are keypoints (infer/alignment.h)
  std::string align = nameOf(defaults::InputRequest::align);
  // The last crops of every track of a module instead of `crop` (graph/window.h).
  std::string of;
  int32_t window = 0;                               // most crops of a track
  int32_t stride = defaults::InputRequest::stride;  // every stride-th frame in which the track is seen enters
  int32_t min = 0;                                  // minimum crops before `analyze` is called for a track
  bool onDevice = false;                            // a GPU's stay there
  bool exported = false;                            // of them: another process is to map them
};

// Of the pictures of one module, for all frames in flight.
constexpr size_t kMostInputBytes = size_t{1} << 30;

// The pictures of one frame that a module of `spec` may have. Throws DEVICE_OUT_OF_MEMORY where they are known to be
// larger.
size_t mostInputBytes(const InputSpec& spec, const std::string& module, size_t framesInFlight);

struct Picture {
  int32_t width = 0, height = 0;
  size_t offset = 0, bytes = 0;  // in the slot; rows and planes without padding
  Box box;                       // what it shows, frame pixels
  int32_t item = -1;             // crops: position among the module's boxes
};

struct Input;
using InputRef = std::shared_ptr<const Input>;

// What a track looked like lately.
struct TrackWindow {
  int64_t track = 0;
  Box box;                       // in this frame
  int32_t item = -1;             // position among the module's tracks in this frame
  bool fresh = false;            // this frame entered; false between, with a stride
  std::vector<InputRef> frames;  // one picture each, oldest first
};

struct Input {
  // One of them, none without pictures.
  std::shared_ptr<const SharedMemory::Slot> slot;
  std::shared_ptr<const DeviceSlots::Slot> onDevice;  // what is made there is done
  std::vector<Picture> pictures;
  std::vector<TrackWindow> windows;  // where they were requested: then there are no pictures
};

// Where the boxes of crops are: observations by position; detections have the keypoints. -1: none.
struct CropSource {
  int32_t boxes = -1, detections = -1;
};

// Reads the pixels of a task that a module gets. Belongs to one worker.
class PixelReader {
 public:
  virtual ~PixelReader() = default;
  // `toHost`: although it may stay on the device. Throws INVALID_ARGUMENT, DEVICE_OUT_OF_MEMORY.
  virtual InputRef read(const Task& task, bool toHost = false) = 0;
  // From any thread: nothing more comes of this source.
  virtual void onSourceEnded(int32_t /*source*/) {}
};

// The frame, or crops of it. Not thread-safe.
class InputReader : public PixelReader {
 public:
  // `deviceSlots`: of a spec with onDevice, on a GPU; null: pictures come to the host. `mostBytes`: of one frame.
  InputReader(std::shared_ptr<Device> device, std::shared_ptr<SharedMemory> memory, InputSpec spec, CropSource crops,
              std::shared_ptr<DeviceSlots> deviceSlots = nullptr, size_t mostBytes = kMostInputBytes);
  ~InputReader() override;
  // Readers of one spec share what the first of them makes; it goes with the frame's lease. Throws DEVICE_UNAVAILABLE
  // too where it has to be exported and cannot.
  InputRef read(const Task& task, bool toHost = false) override;
  // The crop of a box of the module alone, its position `item`, in a slot of its own on the host, shared likewise.
  InputRef readCrop(const Task& task, const SeenBox& box, int32_t item);

 private:
  // Where pictures are made that are to lie in an input.
  struct Place {
    uint8_t* data;
    std::shared_ptr<Memory> onTheWay;  // on the device, to be brought to the slot
  };
  Input make(const Task& task, bool onDevice);
  Input wholeFrame(const Frame& frame, bool onDevice);
  Input crops(const Task& task, bool onDevice, std::span<const SeenBox> boxes, int32_t firstItem = 0);
  Place lease(Input& input, size_t bytes, bool onDevice);
  void finish(const Input& input, const Place& place, size_t bytes);

  const std::shared_ptr<Device> device_;
  const std::shared_ptr<SharedMemory> memory_;
  const std::shared_ptr<DeviceSlots> deviceSlots_;
  const InputSpec spec_;
  const CropSource crops_;
  const size_t mostBytes_;
  const std::string key_;
  const std::unique_ptr<Queue> queue_;
};

}  // namespace framepath::graph
