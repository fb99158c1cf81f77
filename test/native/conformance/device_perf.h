// How fast the kernels of a device are: many launches in its queue, one wait at the end.
//
// Every launch gets the next of a ring of copies of the case, with inputs and outputs of its own, that together exceed
// the device's caches (kDeviceRingBytes). The yardstick is a copy inside the device that reads half of the case's bytes
// and writes the other half, measured in the same way, in turn with the kernel; `copyRatio` is the time of the kernel
// over that of the copy, so 1 / copyRatio is the part of the copy's bandwidth that was reached. `ms` is the median of
// rounds.
#pragma once
#include <chrono>

#include "conformance/perf.h"

namespace framepath::conformance {

constexpr size_t kDeviceRingBytes = size_t{256} << 20;
constexpr size_t kDeviceRingEntries = 64;  // at most
constexpr int kDeviceLaunches = 64;        // a round: what starting and waiting for a queue takes hardly counts
constexpr int kDeviceRounds = 15;          // at most, the first is not counted

class DeviceCopyRing {
 public:
  DeviceCopyRing(std::shared_ptr<Device> device, Queue& queue, size_t bytes)
      : device_(std::move(device)),
        queue_(queue),
        half_(std::max<size_t>(bytes / 2, 1)),
        memory_(device_->allocate(std::max(kDeviceRingBytes, 4 * half_), MemoryKind::device)) {}
  void copy() {
    at_ = at_ + 4 * half_ > memory_->bytes ? 0 : at_ + 2 * half_;
    auto* from = static_cast<uint8_t*>(memory_->data) + at_;
    device_->copy(queue_, from + half_, half_, from, half_, half_, 1, CopyKind::internal);
  }

 private:
  std::shared_ptr<Device> device_;
  Queue& queue_;
  size_t half_, at_ = 0;
  std::shared_ptr<Memory> memory_;
};

struct DevicePerfRow {
  KernelId kernel;
  const char* what;
  double ms, minMs;
  size_t bytes;
  double copyMs;
  double gbPerSecond() const { return static_cast<double>(bytes) / ms * 1e-6; }
  double copyGbPerSecond() const { return static_cast<double>(bytes) / copyMs * 1e-6; }
  double copyRatio() const { return ms / copyMs; }
};

// Milliseconds of one of `count` calls that `enqueue` makes, until the device has done them.
template <typename Enqueue>
double enqueuedMs(Queue& queue, int count, Enqueue enqueue) {
  queue.synchronize();
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < count; i++) enqueue(i);
  queue.synchronize();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count() / count;
}

inline double medianOf(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

inline DevicePerfRow measureOnDevice(const PerfCase& c, const std::shared_ptr<Device>& device, double budgetMs) {
  const std::shared_ptr<Queue> queue = device->openQueue();
  std::vector<std::unique_ptr<DeviceStage>> ring;
  size_t built = 0;
  while (ring.size() < 2 || (built < kDeviceRingBytes && ring.size() < kDeviceRingEntries)) {
    Random random(static_cast<uint32_t>(ring.size()) + 3);
    ring.push_back(std::make_unique<DeviceStage>(device, queue));
    c.build(random, *ring.back());
    built += ring.back()->allocatedBytes();
  }
  const size_t bytes = ring.front()->touchedBytes();
  DeviceCopyRing copies(device, *queue, bytes);
  size_t entry = 0;
  for (const auto& stage : ring) stage->waitForLaunches(false);
  std::vector<double> kernelMs, copyMs;
  double spent = 0;
  for (int round = -1; round < 3 || (round < kDeviceRounds && spent < budgetMs); round++) {
    const double kernel = enqueuedMs(*queue, kDeviceLaunches, [&](int) { ring[entry++ % ring.size()]->relaunch(); });
    const double copy = enqueuedMs(*queue, kDeviceLaunches, [&](int) { copies.copy(); });
    spent += (kernel + copy) * kDeviceLaunches;
    if (round >= 0) kernelMs.push_back(kernel), copyMs.push_back(copy);
  }
  return {c.kernel, c.what,          medianOf(kernelMs), *std::min_element(kernelMs.begin(), kernelMs.end()),
          bytes,    medianOf(copyMs)};
}

// GB/s, read and written, of copies too large for any cache or for their start to count: what the memory gives.
inline double deviceCopyGbPerSecond(const std::shared_ptr<Device>& device) {
  constexpr size_t kBytes = size_t{1} << 30;  // 512 MiB read, 512 MiB written
  const auto queue = device->openQueue();
  const auto memory = device->allocate(kBytes, MemoryKind::device);
  auto* from = static_cast<uint8_t*>(memory->data);
  std::vector<double> ms;
  for (int round = 0; round < 4; round++)
    ms.push_back(enqueuedMs(*queue, 2, [&](int) {
      device->copy(*queue, from + kBytes / 2, kBytes / 2, from, kBytes / 2, kBytes / 2, 1, CopyKind::internal);
    }));
  return static_cast<double>(kBytes) / medianOf(ms) * 1e-6;
}

}  // namespace framepath::conformance
