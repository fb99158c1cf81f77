#include "graph/device_slots.h"

#include "core/size_class.h"

namespace framepath::graph {
namespace {

constexpr size_t kSmallest = 512;

}  // namespace

std::shared_ptr<DeviceSlots> DeviceSlots::open(std::shared_ptr<Device> device) {
  return std::shared_ptr<DeviceSlots>(new DeviceSlots(std::move(device)));
}

std::shared_ptr<const DeviceSlots::Slot> DeviceSlots::lease(size_t bytes) {
  size_t capacity = sizeClass(bytes, kSmallest);
  std::lock_guard lock(mutex_);
  Place place{};
  // Also one up to twice as large: crops are as many as there are boxes, and a slot for each such size would be too
  // much.
  auto free = free_.lower_bound(capacity);
  while (free != free_.end() && free->second.empty()) ++free;
  if (free != free_.end() && free->first <= 2 * capacity) {
    capacity = free->first;
    place = free->second.back();
    free->second.pop_back();
  } else {
    if (blocks_.empty() || blocks_.back()->memory->bytes - blocks_.back()->used < capacity) {
      auto block = std::make_unique<Block>();
      block->memory = device_->allocate((capacity + kBlock - 1) / kBlock * kBlock, MemoryKind::device);
      blocks_.push_back(std::move(block));
    }
    Block& block = *blocks_.back();
    place = {&block, block.used};
    block.used += capacity;
  }
  leased_++;
  return std::make_shared<const Slot>(shared_from_this(), *place.block, place.offset, capacity);
}

ExportHandle DeviceSlots::handle(const Slot& slot) {
  std::lock_guard lock(mutex_);
  if (!slot.block.handle) slot.block.handle = device_->exportHandle(*slot.block.memory);
  return *slot.block.handle;
}

void DeviceSlots::giveBack(const Slot& slot) {
  std::lock_guard lock(mutex_);
  free_[slot.capacity].push_back({&slot.block, slot.offset});
  leased_--;
}

size_t DeviceSlots::leased() const {
  std::lock_guard lock(mutex_);
  return leased_;
}

}  // namespace framepath::graph
