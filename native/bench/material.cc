#include "bench/material.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "device/image.h"
#include "media/source_reader.h"

namespace framepath::bench {
namespace {

constexpr size_t kColdBytes = 64 << 20;  // more than the caches of most machines
constexpr size_t kMostFrames = 256;

}  // namespace

std::shared_ptr<Device> deviceOf(const Setting& setting) {
  if (!std::isfinite(setting.minSeconds) || setting.minSeconds <= 0 || setting.minSeconds > 600)
    throw Error(ErrorCode::INVALID_ARGUMENT, "Expected a number above 0 and at most 600 for minSeconds but received " +
                                                 std::to_string(setting.minSeconds) + ".");
  return openDevice(setting.device);
}

std::shared_ptr<infer::Model> modelOf(const Setting& setting, std::shared_ptr<Device> device,
                                      infer::ModelOptions options, int32_t maxBatch) {
  options.maxBatch = maxBatch;
  options.providers = setting.providers;
  return infer::loadModel(infer::openRuntime(setting.runtimeLibraries), std::move(device), options);
}

std::vector<FrameRef> coldFrames(const std::shared_ptr<Device>& device, const std::string& clip) {
  media::SourceOptions options;
  options.uri = clip;
  options.extraFrames = kMostFrames;
  std::vector<FrameRef> frames;
  size_t bytes = 0;
  const auto enough = [&] {
    return frames.size() >= kColdFrames && (bytes >= kColdBytes || frames.size() >= kMostFrames);
  };
  while (!enough()) {
    const auto reader = media::openSource(options, device);  // one that gives no picture throws DECODE_FAILED
    while (!enough()) {
      FrameRef frame = reader->next();
      if (!frame) break;
      bytes += bytesOf(*frame);
      frames.push_back(std::move(frame));
    }
  }
  for (const FrameRef& frame : frames) waitHost(frame->ready);
  return frames;
}

size_t bytesOf(const Frame& frame) {
  size_t bytes = 0;
  for (int p = 0; p < planeCount(frame.view.format); p++)
    bytes += static_cast<size_t>(std::abs(frame.view.planes[p].pitchBytes)) *
             static_cast<size_t>(planeHeight(frame.view, p));
  return bytes;
}

void requireWithin(const char* name, int64_t value, int64_t from, int64_t to) {
  if (value >= from && value <= to) return;
  throw Error(ErrorCode::INVALID_ARGUMENT, "Expected a whole number from " + std::to_string(from) + " to " +
                                               std::to_string(to) + " for " + name + " but received " +
                                               std::to_string(value) + ".");
}

std::string sizeOf(const Frame& frame) {
  return std::to_string(frame.width) + "x" + std::to_string(frame.height);
}

}  // namespace framepath::bench
