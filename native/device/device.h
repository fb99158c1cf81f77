// Where things run: memory, queues, fences, kernel launch. This header is the whole backend contract; no domain verb
// (decode, convert, encode) ever enters it.
//
// Work is asynchronous on every device. Memory goes back to the device when its last owner releases it, and may have
// another owner at once: release it only when the work on it is done. A Frame waits for that by itself (its `ready`
// and its read fences), and so does the destructor of a queue; everything else synchronises first. The same holds for
// host memory that a copy reads or writes.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/fence.h"
#include "core/work.h"
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

// A block of memory; freed when the last owner releases it. 64-byte aligned.
class Memory {
 public:
  Memory(void* data, size_t bytes) : data(data), bytes(bytes) {}
  virtual ~Memory() = default;
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  void* const data;
  const size_t bytes;
};

// What another process opens to map memory of a GPU (CUipcMemHandle).
using ExportHandle = std::array<uint8_t, 64>;

// Work in order. Not thread-safe: one queue per lane and per codec instance.
class Queue {
 public:
  virtual ~Queue() = default;                 // waits for everything enqueued
  virtual Fence record() = 0;                 // a point after everything enqueued so far; null = nothing to wait for
  virtual void wait(const Fence& fence) = 0;  // what follows runs after the fence; the host does not wait
  virtual void synchronize() = 0;             // the host waits for everything enqueued
  virtual void* native() { return nullptr; }  // CUstream
};

// A queue was at work for a thread that was at work on this; times by nowNs().
struct QueueWork {
  std::string queue;  // what it is called: cuda:0 faces
  Work work;
  int64_t startNs = 0, endNs = 0;
};

// Why bytes cross between host and device; counted per device (always 0 on the CPU, where nothing crosses).
enum class CopyKind : uint8_t { h2dImage, d2hImage, d2hEncode, d2hRequested, d2hResults, internal, count };

// Bytes of device memory in this process, over everybody who opened the device.
struct DeviceMemory {
  uint64_t used = 0;    // allocated and not released, or reserved
  uint64_t cached = 0;  // kept for the next allocation
  uint64_t limit = 0;   // used + cached stays below; 0 = none
  uint64_t total = 0;   // of the device; 0 = not its own (CPU)
  uint64_t peak = 0;    // the most that was used
};

// Thread-safe, except that a queue belongs to one thread at a time. Once the device has failed for good, everything but
// destructors throws DEVICE_LOST, in every run of the process.
class Device {
 public:
  virtual ~Device() = default;
  virtual DeviceId id() const = 0;
  virtual std::string description() const = 0;
  virtual std::string pciBusId() const { return {}; }  // 0000:65:00.0; empty: not on that bus
  virtual void* native() const { return nullptr; }     // CUcontext

  // Throws DEVICE_OUT_OF_MEMORY.
  virtual std::shared_ptr<Memory> allocate(size_t bytes, MemoryKind kind) = 0;
  // A part of the budget for what allocates by other means (a session, a codec), or has already done so; given
  // back when released. Throws DEVICE_OUT_OF_MEMORY, which names what fits and what does not.
  virtual std::shared_ptr<void> reserve(uint64_t bytes, const std::string& forWhat) = 0;
  virtual DeviceMemory memory() const = 0;
  virtual void trim() = 0;  // gives cached memory back
  // For other processes; it stands for the whole block at `memory.data`. The memory is released only when they have
  // closed it. Throws DEVICE_UNAVAILABLE where processes cannot share memory of this device, as on the CPU.
  virtual ExportHandle exportHandle(const Memory& memory) const;

  virtual std::unique_ptr<Queue> openQueue() = 0;
  // Work of queues that are opened from now on is reported to `listener`: on any thread, some time after it is done,
  // and all of it when the queue is destroyed. Not reported: work outside a WorkScope, and what is done when a call
  // returns. `listener` must not call the device.
  virtual void timeQueues(std::function<void(const QueueWork&)> /*listener*/) {}

  // `height` rows of `widthBytes`. Either side may be host or device memory.
  virtual void copy(Queue& queue, void* to, size_t toPitch, const void* from, size_t fromPitch, size_t widthBytes,
                    size_t height, CopyKind kind) = 0;
  // `args` is copied before this returns.
  virtual void launch(Queue& queue, KernelId kernel, const void* args, size_t argsBytes, const Grid& grid) = 0;

  virtual uint64_t copiedBytes(CopyKind kind) const = 0;
  virtual size_t liveBytes() const = 0;  // allocated through this object, device and host, and not freed

  // Why "auto" gave the CPU although a GPU is there; empty where that is not so.
  virtual std::string fallbackReason() const { return {}; }
};

template <typename Args>
void launch(Device& device, Queue& queue, const Args& args, const Grid& grid) {
  device.launch(queue, KernelOf<Args>::id, &args, sizeof(Args), grid);
}

struct DeviceOptions {
  // Bytes; 0 = 75 % of the device's memory. Never more than is free. One budget a device and process: the latest limit
  // that was asked for holds.
  uint64_t memoryLimit = 0;
};

// "auto" (cuda:0 if everything about it works, else the CPU), "cpu" or "cuda:N". Throws DEVICE_UNAVAILABLE,
// DEVICE_LOST, DEVICE_OUT_OF_MEMORY, INVALID_ARGUMENT.
std::shared_ptr<Device> openDevice(const std::string& name, const DeviceOptions& options = {});

}  // namespace framepath
