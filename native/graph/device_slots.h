// Memory of a GPU for pictures that modules read where they are, in this process or in another.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "device/device.h"

namespace framepath::graph {

// Blocks of the device, cut into slots of sizes between powers of two; one that is released is kept for the next that
// fills at least half of it. Blocks stay as long as this lives, so that others may keep them mapped. Thread-safe.
class DeviceSlots : public std::enable_shared_from_this<DeviceSlots> {
 public:
  // `device` is a GPU.
  static std::shared_ptr<DeviceSlots> open(std::shared_ptr<Device> device);

  // One allocation of the driver: what a handle stands for.
  struct Block {
    std::shared_ptr<Memory> memory;
    size_t used = 0;
    std::optional<ExportHandle> handle;  // once somebody asked for it
  };

  // Part of a block, back in the pool when the last owner releases it. To be released when the work on it is done.
  struct Slot {
    Slot(std::shared_ptr<DeviceSlots> slots, Block& block, size_t offset, size_t capacity)
        : slots(std::move(slots)), block(block), offset(offset), capacity(capacity) {}
    ~Slot() { slots->giveBack(*this); }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    uint8_t* data() const { return static_cast<uint8_t*>(block.memory->data) + offset; }
    const std::shared_ptr<DeviceSlots> slots;
    Block& block;
    const size_t offset, capacity;  // in the block, bytes
  };
  // Throws DEVICE_OUT_OF_MEMORY.
  std::shared_ptr<const Slot> lease(size_t bytes);

  // Of the block in which the slot lies. Throws DEVICE_UNAVAILABLE where processes cannot share memory of the device.
  ExportHandle handle(const Slot& slot);

  int32_t gpu() const { return device_->id().index; }
  size_t leased() const;  // slots alive

  // An allocation smaller than this, or with a rest, may share its pages with others, which would be exported with it
  // (CUDA Programming Guide, Interprocess Communication).
  static constexpr size_t kBlock = size_t{2} << 20;

 private:
  explicit DeviceSlots(std::shared_ptr<Device> device) : device_(std::move(device)) {}
  void giveBack(const Slot& slot);

  const std::shared_ptr<Device> device_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Block>> blocks_;
  struct Place {
    Block* block;
    size_t offset;
  };
  std::map<size_t, std::vector<Place>> free_;  // by capacity
  size_t leased_ = 0;
};

}  // namespace framepath::graph
