// Model outputs written into memory, read by a head both ways.
#pragma once
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "check.h"
#include "infer/box_decoder.h"
#include "infer/found_boxes.h"
#include "infer/outputs.h"
#include "kernels/math.h"
#include "test_device.h"

namespace support {

using namespace framepath;

// Those that are no numbers have other bits on every processor.
inline bool sameBits(const float* a, const float* b, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (std::memcmp(a + i, b + i, sizeof(float)) != 0 && !(a[i] != a[i] && b[i] != b[i])) return false;
  return true;
}
inline bool sameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && sameBits(a.data(), b.data(), a.size());
}
inline bool sameDetections(const Detections& a, const Detections& b) {
  return a.size() == b.size() && (a.boxes.empty() || sameBits(&a.boxes[0].x1, &b.boxes[0].x1, 4 * a.size())) &&
         sameBits(a.scores, b.scores) && a.classes == b.classes && a.keypointsPer == b.keypointsPer &&
         sameBits(a.keypoints, b.keypoints) && sameBits(a.keypointScores, b.keypointScores) && a.masks == b.masks;
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
    std::vector<uint8_t> bytes(from.size() * elementBytes(type));
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
  std::vector<infer::FoundBoxes> decodeItems(const infer::ModelSpec& spec, int32_t items) const {
    const infer::Head head = infer::openHead(spec, graph);
    const auto cpu = openDevice("cpu");
    std::vector<infer::FoundBoxes> found(static_cast<size_t>(items));
    {
      const auto queue = cpu->openQueue();
      const Placed placed = placedOn(*cpu, *queue);
      infer::openHostDecoder(head, *cpu, *queue)->decode(placed.views, found);
    }
    for (const std::shared_ptr<Device>& device : {cpu, testDevice()}) {
      const auto queue = device->openQueue();
      const Placed placed = placedOn(*device, *queue);
      const auto decoder = infer::openDeviceDecoder(head, *device, *queue, 1);
      std::vector<infer::FoundBoxes> again(found.size());
      for (int round = 0; round < 2; round++) {  // the second on used memory
        decoder->decode(placed.views, again);
        for (size_t i = 0; i < found.size(); i++)
          if (!sameDetections(found[i], again[i]) || found[i].anchors != again[i].anchors)
            check::fail(__FILE__, __LINE__,
                        "item " + std::to_string(i) + " by kernels on " + device->id().name() + ": " +
                            std::to_string(again[i].size()) + " boxes against " + std::to_string(found[i].size()) +
                            " in host memory");
      }
    }
    return found;
  }
  infer::FoundBoxes decode(const infer::ModelSpec& spec, int32_t item = 0) const {
    return decodeItems(spec, item + 1)[static_cast<size_t>(item)];
  }
};

}  // namespace support
