// Model outputs written into memory, read by a head both ways.
#pragma once
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "check.h"
#include "infer/box_decoder.h"
#include "infer/outputs.h"
#include "kernels/math.h"
#include "test_device.h"

namespace support {

using namespace framepath;

inline bool sameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}
inline bool sameDetections(const Detections& a, const Detections& b) {
  return a.size() == b.size() &&
         (a.boxes.empty() || std::memcmp(a.boxes.data(), b.boxes.data(), a.size() * sizeof(Box)) == 0) &&
         sameBits(a.scores, b.scores) && a.classes == b.classes && a.keypointsPer == b.keypointsPer &&
         sameBits(a.keypoints, b.keypoints);
}

// Outputs with room to write into, and a graph that declares them.
struct Outputs {
  infer::GraphInfo graph;
  std::vector<std::vector<float>> values;
  ElementType type = ElementType::float32;  // what the heads get: float32 or float16

  void add(const std::string& name, std::vector<int64_t> dims) {
    size_t count = 1;
    for (const int64_t dim : dims) count *= static_cast<size_t>(dim);
    graph.outputs.push_back({name, infer::GraphType::float32, std::move(dims), {}});
    values.emplace_back(count, 0.0f);
  }

  std::vector<uint8_t> bytesOf(size_t output) const {
    const std::vector<float>& from = values[output];
    std::vector<uint8_t> bytes(from.size() * infer::elementBytes(type));
    for (size_t i = 0; i < from.size(); i++) {
      const uint16_t half = halfFromFloat(from[i]);
      if (type == ElementType::float16)
        std::memcpy(&bytes[i * 2], &half, 2);
      else
        std::memcpy(&bytes[i * 4], &from[i], 4);
    }
    return bytes;
  }

  // Copies of them on a device.
  struct Placed {
    std::vector<std::shared_ptr<Memory>> memory;
    std::vector<TensorView> views;
  };
  Placed placedOn(Device& device, Queue& queue) const {
    Placed placed;
    for (size_t i = 0; i < values.size(); i++) {
      const std::vector<uint8_t> bytes = bytesOf(i);
      placed.memory.push_back(device.allocate(std::max<size_t>(bytes.size(), 1), MemoryKind::device));
      void* data = placed.memory.back()->data;
      if (!bytes.empty())
        device.copy(queue, data, bytes.size(), bytes.data(), bytes.size(), bytes.size(), 1, CopyKind::internal);
      queue.synchronize();
      TensorView view{data, type, static_cast<int32_t>(graph.outputs[i].dims.size()), {}};
      std::copy(graph.outputs[i].dims.begin(), graph.outputs[i].dims.end(), view.dims);
      placed.views.push_back(view);
    }
    return placed;
  }

  // In host memory, and by kernels on the CPU and on the device that is tested: the same bits.
  std::vector<Detections> decodeItems(const infer::ModelSpec& spec, int32_t items) const {
    const infer::Head head = infer::openHead(spec, graph);
    const auto cpu = openDevice("cpu");
    std::vector<Detections> found(static_cast<size_t>(items));
    {
      const auto queue = cpu->openQueue();
      const Placed placed = placedOn(*cpu, *queue);
      infer::openHostDecoder(head, *cpu, *queue)->decode(placed.views, found);
    }
    for (const std::shared_ptr<Device>& device : {cpu, testDevice()}) {
      const auto queue = device->openQueue();
      const Placed placed = placedOn(*device, *queue);
      const auto decoder = infer::openDeviceDecoder(head, *device, *queue, 1);
      std::vector<Detections> again(found.size());
      for (int round = 0; round < 2; round++) {  // the second on used memory
        decoder->decode(placed.views, again);
        for (size_t i = 0; i < found.size(); i++)
          if (!sameDetections(found[i], again[i]))
            check::fail(__FILE__, __LINE__,
                        "item " + std::to_string(i) + " by kernels on " + device->id().name() + ": " +
                            std::to_string(again[i].size()) + " boxes against " + std::to_string(found[i].size()) +
                            " in host memory");
      }
    }
    return found;
  }
  Detections decode(const infer::ModelSpec& spec, int32_t item = 0) const {
    return decodeItems(spec, item + 1)[static_cast<size_t>(item)];
  }
};

}  // namespace support
