// Where things run: memory, queues, fences, kernel launch. This header is the whole backend contract; no domain verb
// (decode, convert, encode) ever enters it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/fence.h"
#include "kernels/list.h"

namespace framepath {

enum class DeviceKind : uint8_t { cpu, cuda };

struct DeviceId {
  DeviceKind kind = DeviceKind::cpu;
  int32_t index = 0;
  std::string name() const { return kind == DeviceKind::cpu ? "cpu" : "cuda:" + std::to_string(index); }
};

enum class MemoryKind : uint8_t {
  device,  // what kernels read and write
  host,    // readable here, fast to copy from and to the device (pinned on CUDA)
};

// A block of memory; freed when the last owner lets go. 64-byte aligned.
class Memory {
 public:
  Memory(void* data, size_t bytes) : data(data), bytes(bytes) {}
  virtual ~Memory() = default;
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  void* const data;
  const size_t bytes;
};

// Work in order. Not thread-safe: one queue per lane and per codec instance.
class Queue {
 public:
  virtual ~Queue() = default;
  virtual Fence record() = 0;                 // a point after everything enqueued so far; null = nothing to wait for
  virtual void wait(const Fence& fence) = 0;  // what follows runs after the fence; the host does not wait
  virtual void synchronize() = 0;             // the host waits for everything enqueued
  virtual void* native() { return nullptr; }  // CUstream
};

// Why bytes cross between host and device; counted per device (always 0 on the CPU, where nothing crosses).
enum class CopyKind : uint8_t { h2dImage, d2hImage, d2hEncode, d2hRequested, d2hResults, internal, count };

// Thread-safe, except that a queue belongs to one thread at a time.
class Device {
 public:
  virtual ~Device() = default;
  virtual DeviceId id() const = 0;
  virtual std::string description() const = 0;
  virtual std::string pciBusId() const { return {}; }  // 0000:65:00.0; empty: not on that bus

  // Throws DEVICE_OUT_OF_MEMORY.
  virtual std::shared_ptr<Memory> allocate(size_t bytes, MemoryKind kind) = 0;
  virtual std::unique_ptr<Queue> openQueue() = 0;

  // `height` rows of `widthBytes`. Either side may be host or device memory.
  virtual void copy(Queue& queue, void* to, size_t toPitch, const void* from, size_t fromPitch, size_t widthBytes,
                    size_t height, CopyKind kind) = 0;
  // `args` is copied before this returns.
  virtual void launch(Queue& queue, KernelId kernel, const void* args, size_t argsBytes, const Grid& grid) = 0;

  virtual uint64_t copiedBytes(CopyKind kind) const = 0;
  virtual size_t liveBytes() const = 0;  // allocated through this device and not freed
};

template <typename Args>
void launch(Device& device, Queue& queue, const Args& args, const Grid& grid) {
  device.launch(queue, KernelOf<Args>::id, &args, sizeof(Args), grid);
}

// "auto" (the best that works), "cpu" or "cuda:N". Throws DEVICE_UNAVAILABLE, INVALID_ARGUMENT.
std::shared_ptr<Device> openDevice(const std::string& name);

}  // namespace framepath
