// Memory of GPUs as those see it who open no device: by address, or by the handle that another
// process exported. Bytes of it are copied to the host when asked for.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "device/device.h"

namespace framepath {

// Blocks that were opened stay open until it goes. Not thread-safe.
class PeerMemory {
 public:
  PeerMemory();
  ~PeerMemory();
  PeerMemory(const PeerMemory&) = delete;
  PeerMemory& operator=(const PeerMemory&) = delete;

  // These throw DEVICE_UNAVAILABLE, DEVICE_LOST.
  // `bytes` at an address of this process.
  std::vector<uint8_t> read(int32_t gpu, uint64_t address, size_t bytes);
  // At an offset of the block that a handle stands for. A process cannot open handles of its own.
  std::vector<uint8_t> read(int32_t gpu, const ExportHandle& handle, size_t offset, size_t bytes);

 private:
  class Gpu;
  Gpu& of(int32_t gpu);
  std::map<int32_t, std::unique_ptr<Gpu>> gpus_;
};

}  // namespace framepath
