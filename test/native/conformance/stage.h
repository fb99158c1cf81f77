// Where a kernel case runs. A case builds its inputs and arguments on a Stage and launches; run again with the same
// seed on another stage it must leave the same bytes in every output.
#pragma once
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "device/device.h"
#include "kernels/host.h"
#include "kernels/list.h"

namespace framepath::conformance {

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  int32_t below(int32_t n) { return static_cast<int32_t>(engine_() % static_cast<uint32_t>(n)); }
  int32_t between(int32_t low, int32_t high) { return low + below(high - low + 1); }  // both included
  float real(float low, float high) { return low + (high - low) * static_cast<float>(engine_() >> 8) * 0x1p-24f; }
  bool chance(int32_t oneIn) { return below(oneIn) == 0; }
  uint8_t byte() { return static_cast<uint8_t>(engine_() >> 13); }
  template <typename T, size_t n>
  const T& pick(const T (&list)[n]) {
    return list[below(n)];
  }

 private:
  std::mt19937 engine_;
};

class Stage {
 public:
  virtual ~Stage() = default;
  virtual std::string name() const = 0;

  // Exactly these bytes (no slack: a sanitizer sees one byte too many), at an address that is aligned to 16 only.
  virtual uint8_t* input(const std::vector<uint8_t>& bytes) = 0;
  // Like input, but compared after the launch. Bytes a kernel must not touch are part of the comparison.
  virtual uint8_t* output(const std::vector<uint8_t>& bytes) = 0;
  virtual std::vector<std::vector<uint8_t>> outputs() = 0;
  virtual void run(KernelId kernel, const void* args, size_t argsBytes, const Grid& grid) = 0;

  uint8_t* output(size_t bytes) { return output(std::vector<uint8_t>(bytes, 0xa5)); }
  template <typename T>
  T* inputOf(const std::vector<T>& values) {
    std::vector<uint8_t> bytes(values.size() * sizeof(T));
    if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
    return reinterpret_cast<T*>(input(bytes));
  }

  template <typename Args>
  void launch(const Args& args, const Grid& grid) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(&args);
    launches_.push_back({KernelOf<Args>::id, {bytes, bytes + sizeof(Args)}, grid});
    run(launches_.back());
  }
  void relaunch() {
    for (const Launch& launch : launches_) run(launch);
  }
  KernelId launched() const { return launches_.empty() ? KernelId::count : launches_.back().kernel; }

  // What --perf counts: the bytes that have to be read and written. Unless a case sets less: all inputs and outputs.
  void touches(size_t bytes) { touchedBytes_ = bytes; }
  size_t touchedBytes() const { return touchedBytes_ ? touchedBytes_ : allocatedBytes_; }
  size_t allocatedBytes() const { return allocatedBytes_; }

 protected:
  size_t allocatedBytes_ = 0;

 private:
  struct Launch {
    KernelId kernel;
    std::vector<uint8_t> args;
    Grid grid;
  };
  void run(const Launch& l) { run(l.kernel, l.args.data(), l.args.size(), l.grid); }

  std::vector<Launch> launches_;
  size_t touchedBytes_ = 0;
};

// A table of host kernels in plain memory.
class HostStage : public Stage {
 public:
  HostStage(std::string name, const HostKernelTable& kernels) : name_(std::move(name)), kernels_(&kernels) {}
  std::string name() const override { return name_; }
  void use(const HostKernelTable& kernels) { kernels_ = &kernels; }
  uint8_t* input(const std::vector<uint8_t>& bytes) override { return keep(bytes); }
  using Stage::output;
  uint8_t* output(const std::vector<uint8_t>& bytes) override {
    outputs_.push_back({keep(bytes), bytes.size()});
    return outputs_.back().first;
  }
  std::vector<std::vector<uint8_t>> outputs() override {
    std::vector<std::vector<uint8_t>> copies;
    for (const auto& [data, bytes] : outputs_) copies.emplace_back(data, data + bytes);
    return copies;
  }
  void run(KernelId kernel, const void* args, size_t, const Grid& grid) override {
    (*kernels_)[static_cast<int>(kernel)](args, grid);
  }

 private:
  uint8_t* keep(const std::vector<uint8_t>& bytes) {
    allocatedBytes_ += bytes.size();
    memory_.push_back(std::make_unique<uint8_t[]>(bytes.size()));
    if (!bytes.empty()) std::memcpy(memory_.back().get(), bytes.data(), bytes.size());
    return memory_.back().get();
  }

  std::string name_;
  const HostKernelTable* kernels_;
  std::vector<std::unique_ptr<uint8_t[]>> memory_;
  std::vector<std::pair<uint8_t*, size_t>> outputs_;
};

// A device of the library, through its contract only.
class DeviceStage : public Stage {
 public:
  explicit DeviceStage(std::shared_ptr<Device> device) : device_(std::move(device)), queue_(device_->openQueue()) {}
  DeviceStage(std::shared_ptr<Device> device, std::shared_ptr<Queue> queue)
      : device_(std::move(device)), queue_(std::move(queue)) {}
  void waitForLaunches(bool waits) { waits_ = waits; }
  std::string name() const override { return device_->id().name(); }
  uint8_t* input(const std::vector<uint8_t>& bytes) override { return keep(bytes); }
  using Stage::output;
  uint8_t* output(const std::vector<uint8_t>& bytes) override {
    outputs_.push_back({keep(bytes), bytes.size()});
    return outputs_.back().first;
  }
  std::vector<std::vector<uint8_t>> outputs() override {
    std::vector<std::vector<uint8_t>> copies;
    for (const auto& [data, bytes] : outputs_) {
      copies.emplace_back(bytes);
      copy(copies.back().data(), data, bytes);
    }
    queue_->synchronize();
    return copies;
  }
  void run(KernelId kernel, const void* args, size_t argsBytes, const Grid& grid) override {
    device_->launch(*queue_, kernel, args, argsBytes, grid);
    if (waits_) queue_->synchronize();
  }

 private:
  uint8_t* keep(const std::vector<uint8_t>& bytes) {
    allocatedBytes_ += bytes.size();
    memory_.push_back(device_->allocate(bytes.size(), MemoryKind::device));
    copy(memory_.back()->data, bytes.data(), bytes.size());
    queue_->synchronize();
    return static_cast<uint8_t*>(memory_.back()->data);
  }
  void copy(void* to, const void* from, size_t bytes) {
    if (bytes) device_->copy(*queue_, to, bytes, from, bytes, bytes, 1, CopyKind::internal);
  }

  std::shared_ptr<Device> device_;
  std::shared_ptr<Queue> queue_;
  bool waits_ = true;
  std::vector<std::shared_ptr<Memory>> memory_;
  std::vector<std::pair<uint8_t*, size_t>> outputs_;
};

}  // namespace framepath::conformance
