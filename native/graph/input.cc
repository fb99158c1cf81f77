#include "graph/input.h"

#include <algorithm>

#include "device/image.h"
#include "graph/convert_frame.h"
#include "graph/seen_boxes.h"
#include "infer/alignment.h"
#include "kernels/color.h"
#include "kernels/crops.h"

namespace framepath::graph {
namespace {

std::string keyOf(const InputSpec& spec, const CropSource& crops) {
  const PixelFormat& f = spec.format;
  return std::to_string(spec.width) + "x" + std::to_string(spec.height) + " " +
         std::to_string(static_cast<int>(f.layout)) + " " + std::to_string(crops.boxes) + " " + spec.align;
}

// Gray crops have the range that whole gray frames have.
Normalize cropValues(PixelFormat format, const ImageView& source) {
  Normalize normalize{{0, 0, 0}, {1, 1, 1}, 0, false, format.layout == PixelLayout::gray ? 1 : 3};
  if (normalize.channels == 1) {
    const RgbToYuv luma = rgbToYuv(source.matrix, source.range);
    normalize.scale[0] = luma.lumaScale;
    normalize.mean[0] = -luma.lumaOffset / luma.lumaScale;
  }
  return normalize;
}

std::string mebibytes(size_t bytes) {
  return std::to_string(bytes >> 20) + " MiB";
}

Error tooLarge(const std::string& what, size_t bytes, size_t most) {
  return Error(ErrorCode::DEVICE_OUT_OF_MEMORY,
               what + " take " + mebibytes(bytes) + " a frame, where " + mebibytes(most) +
                   " are left for each of the frames in flight.",
               "Ask for smaller inputs, or lower inFlight.");
}

}  // namespace

size_t mostInputBytes(const InputSpec& spec, const std::string& module, size_t framesInFlight) {
  const size_t most = kMostInputBytes / std::max<size_t>(1, framesInFlight);
  if (!spec.crop.empty() || !spec.of.empty() || !spec.width || !spec.height) return most;
  const size_t bytes = packedBytes(spec.format, spec.width, spec.height);
  if (bytes <= most) return most;
  Error error = tooLarge("The pictures of " + std::to_string(spec.width) + "x" + std::to_string(spec.height) +
                             " pixels that module \"" + module + "\" asks for",
                         bytes, most);
  error.module = module;
  throw error;
}

InputReader::InputReader(std::shared_ptr<Device> device, std::shared_ptr<SharedMemory> memory, InputSpec spec,
                         CropSource crops, std::shared_ptr<DeviceSlots> deviceSlots, size_t mostBytes)
    : device_(std::move(device)),
      memory_(std::move(memory)),
      deviceSlots_(std::move(deviceSlots)),
      spec_(std::move(spec)),
      crops_(crops),
      mostBytes_(mostBytes),
      key_(keyOf(spec_, crops_)),
      queue_(device_->openQueue()) {}

InputReader::~InputReader() = default;

InputRef InputReader::read(const Task& task, bool toHost) {
  const bool onDevice = deviceSlots_ && !toHost;
  InputRef input =
      task.lease->share<Input>(onDevice ? key_ + " on the device" : key_, [&] { return make(task, onDevice); });
  if (spec_.exported && input->onDevice) deviceSlots_->handle(*input->onDevice);
  return input;
}

InputRef InputReader::readCrop(const Task& task, const SeenBox& box, int32_t item) {
  return task.lease->share<Input>(key_ + " only " + std::to_string(item), [&] {
    return crops(task, false, {&box, 1}, item);
  });
}

Input InputReader::make(const Task& task, bool onDevice) {
  if (spec_.crop.empty()) return wholeFrame(*task.frame(), onDevice);
  return crops(task, onDevice, boxesOf(task.observations[crops_.boxes]));
}

Input InputReader::wholeFrame(const Frame& frame, bool onDevice) {
  Input input;
  Picture& picture = input.pictures.emplace_back();
  picture.width = spec_.width;
  picture.height = spec_.height;
  picture.box = framepath::wholeFrame(frame);
  completeSize(picture.box, picture.width, picture.height);
  picture.bytes = packedBytes(spec_.format, picture.width, picture.height);
  const Place place = lease(input, picture.bytes, onDevice);
  ImageView target = packedView(place.data, spec_.format, picture.width, picture.height);
  convertFrame(*device_, *queue_, frame, picture.box, target);
  finish(input, place, picture.bytes);
  return input;
}

InputReader::Place InputReader::lease(Input& input, size_t bytes, bool onDevice) {
  if (bytes > mostBytes_) throw tooLarge("The pictures that a module asks for", bytes, mostBytes_);
  if (onDevice) {
    input.onDevice = deviceSlots_->lease(bytes);
    return {input.onDevice->data(), nullptr};
  }
  input.slot = memory_->lease(bytes);
  if (device_->id().kind == DeviceKind::cpu) return {input.slot->data(), nullptr};
  auto made = device_->allocate(bytes, MemoryKind::device);
  auto* const data = static_cast<uint8_t*>(made->data);
  return {data, std::move(made)};
}

// Readers of the input need no fence: it is complete.
void InputReader::finish(const Input& input, const Place& place, size_t bytes) {
  if (place.onTheWay)
    device_->copy(*queue_, input.slot->data(), bytes, place.data, bytes, bytes, 1, CopyKind::d2hRequested);
  queue_->synchronize();
}

Input InputReader::crops(const Task& task, bool onDevice, std::span<const SeenBox> boxes, int32_t firstItem) {
  Input input;
  if (boxes.empty()) return input;
  const FrameRef& frame = task.frame();
  const Detections* detections = nullptr;  // with a stride, boxes and keypoints may be of two frames: then by box
  if (crops_.detections >= 0 && task.observations[crops_.detections].state == task.observations[crops_.boxes].state)
    detections = task.observations[crops_.detections].as<Detections>();

  const infer::CropShape shape{spec_.width, spec_.height, spec_.align};
  CropsArgs args{};
  args.type = ElementType::uint8;
  args.layout = TensorLayout::nhwc;
  args.width = spec_.width;
  args.height = spec_.height;
  args.normalize = cropValues(spec_.format, frame->view);
  const size_t bytes = static_cast<size_t>(spec_.width) * spec_.height * args.normalize.channels;
  const Place place = lease(input, bytes * boxes.size(), onDevice);

  queue_->wait(frame->ready);
  for (size_t from = 0; from < boxes.size(); from += kMaxCrops) {
    args.count = static_cast<int32_t>(std::min<size_t>(kMaxCrops, boxes.size() - from));
    for (int32_t i = 0; i < args.count; i++) {
      const SeenBox& crop = boxes[from + i];
      infer::CropRequest request{frame, crop.box, {}, 0};
      if (detections && detections->keypointsPer > 0 && crop.detection >= 0 &&
          static_cast<size_t>(crop.detection) < detections->size()) {
        const size_t values = static_cast<size_t>(detections->keypointsPer) * 2;
        const auto first = detections->keypoints.begin() + static_cast<ptrdiff_t>(values * crop.detection);
        request.keypoints.assign(first, first + static_cast<ptrdiff_t>(values));
        request.keypointScheme = detections->keypointsPer;
      }
      args.items[i] = infer::cropItem(*frame, infer::cropMap(shape, request));
      input.pictures.push_back(
          {spec_.width, spec_.height, (from + i) * bytes, bytes, crop.box, firstItem + static_cast<int32_t>(from + i)});
    }
    args.data = place.data + from * bytes;
    launch(*device_, *queue_, args, Grid{spec_.width, spec_.height, args.count});
  }
  frame->addReadFence(queue_->record());
  finish(input, place, bytes * boxes.size());
  return input;
}

}  // namespace framepath::graph
