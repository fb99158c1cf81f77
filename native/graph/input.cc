#include "graph/input.h"

#include <algorithm>

#include "device/image.h"
#include "graph/convert_frame.h"
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

size_t packedBytes(const ImageView& view) {
  size_t bytes = 0;
  for (int p = 0; p < planeCount(view.format); p++)
    bytes += static_cast<size_t>(planeWidth(view, p)) * sampleBytes(view, p) * planeHeight(view, p);
  return bytes;
}

// The view of a picture whose rows and planes follow one another.
ImageView packed(uint8_t* data, PixelFormat format, int32_t width, int32_t height) {
  ImageView view;
  view.width = width;
  view.height = height;
  view.format = format;
  for (int p = 0; p < planeCount(format); p++) {
    view.planes[p] = {data, planeWidth(view, p) * sampleBytes(view, p)};
    data += static_cast<size_t>(view.planes[p].pitchBytes) * planeHeight(view, p);
  }
  return view;
}

struct CropBox {
  Box box;
  int32_t detection;
};

std::vector<CropBox> boxesOf(const Observation& says) {
  std::vector<CropBox> boxes;
  if (const auto* detections = says.as<Detections>()) {
    for (size_t i = 0; i < detections->size(); i++) boxes.push_back({detections->boxes[i], static_cast<int32_t>(i)});
  } else if (const auto* tracks = says.as<Tracks>()) {
    for (const Track& track : tracks->items) boxes.push_back({track.box, track.detection});
  } else if (const auto* people = says.as<People>()) {
    for (const Person& person : people->items) boxes.push_back({person.box, person.detection});
  }
  return boxes;
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

}  // namespace

InputReader::InputReader(std::shared_ptr<Device> device, std::shared_ptr<SharedMemory> memory, InputSpec spec,
                         CropSource crops)
    : device_(std::move(device)),
      memory_(std::move(memory)),
      spec_(std::move(spec)),
      crops_(crops),
      key_(keyOf(spec_, crops_)),
      queue_(device_->openQueue()) {}

InputReader::~InputReader() = default;

InputRef InputReader::read(const Task& task) {
  return task.lease->share<Input>(key_, [&] { return make(task); });
}

Input InputReader::make(const Task& task) {
  return spec_.crop.empty() ? wholeFrame(*task.frame()) : crops(task);
}

Input InputReader::wholeFrame(const Frame& frame) {
  Input input;
  Picture& picture = input.pictures.emplace_back();
  picture.width = spec_.width;
  picture.height = spec_.height;
  picture.box = graph::wholeFrame(frame);
  completeSize(picture.box, picture.width, picture.height);
  picture.bytes = packedBytes(packed(nullptr, spec_.format, picture.width, picture.height));
  input.slot = memory_->lease(picture.bytes);
  ImageView target = packed(input.slot->data(), spec_.format, picture.width, picture.height);
  if (device_->id().kind == DeviceKind::cpu) {
    convertFrame(*device_, *queue_, frame, picture.box, target);
    return input;
  }
  Image image = allocateImage(*device_, spec_.format, picture.width, picture.height);
  convertFrame(*device_, *queue_, frame, picture.box, image.view);
  for (int p = 0; p < planeCount(target.format); p++)
    device_->copy(*queue_, target.planes[p].data, target.planes[p].pitchBytes, image.view.planes[p].data,
                  image.view.planes[p].pitchBytes, target.planes[p].pitchBytes, planeHeight(target, p),
                  CopyKind::d2hRequested);
  queue_->synchronize();
  return input;
}

Input InputReader::crops(const Task& task) {
  Input input;
  const Observation& says = task.observations[crops_.boxes];
  const std::vector<CropBox> boxes = boxesOf(says);
  if (boxes.empty()) return input;
  const FrameRef& frame = task.frame();
  const Detections* detections = nullptr;  // with a stride, boxes and keypoints may be of two frames: then by box
  if (crops_.detections >= 0 && task.observations[crops_.detections].said == says.said)
    detections = task.observations[crops_.detections].as<Detections>();

  infer::ModelSpec chip;
  chip.align = spec_.align;
  chip.width = spec_.width;
  chip.height = spec_.height;
  CropsArgs args{};
  args.type = ElementType::uint8;
  args.layout = TensorLayout::nhwc;
  args.width = spec_.width;
  args.height = spec_.height;
  args.normalize = cropValues(spec_.format, frame->view);
  const size_t bytes = static_cast<size_t>(spec_.width) * spec_.height * args.normalize.channels;
  input.slot = memory_->lease(bytes * boxes.size());
  const bool onHost = device_->id().kind == DeviceKind::cpu;
  const auto made = onHost ? nullptr : device_->allocate(bytes * boxes.size(), MemoryKind::device);
  uint8_t* data = onHost ? input.slot->data() : static_cast<uint8_t*>(made->data);

  queue_->wait(frame->ready);
  for (size_t from = 0; from < boxes.size(); from += kMaxCrops) {
    args.count = static_cast<int32_t>(std::min<size_t>(kMaxCrops, boxes.size() - from));
    for (int32_t i = 0; i < args.count; i++) {
      const CropBox& crop = boxes[from + i];
      infer::CropRequest request{frame, crop.box, {}, 0};
      if (detections && detections->keypointsPer > 0 && crop.detection >= 0 &&
          static_cast<size_t>(crop.detection) < detections->size()) {
        const size_t values = static_cast<size_t>(detections->keypointsPer) * 2;
        const auto first = detections->keypoints.begin() + static_cast<ptrdiff_t>(values * crop.detection);
        request.keypoints.assign(first, first + static_cast<ptrdiff_t>(values));
        request.keypointScheme = detections->keypointsPer;
      }
      args.items[i] = infer::cropItem(*frame, infer::cropMap(chip, request));
      input.pictures.push_back(
          {spec_.width, spec_.height, (from + i) * bytes, bytes, crop.box, static_cast<int32_t>(from + i)});
    }
    args.data = data + from * bytes;
    launch(*device_, *queue_, args, Grid{spec_.width, spec_.height, args.count});
  }
  frame->addReadFence(queue_->record());
  if (!onHost) {
    const size_t total = bytes * boxes.size();
    device_->copy(*queue_, input.slot->data(), total, data, total, total, 1, CopyKind::d2hRequested);
    queue_->synchronize();
  }
  return input;
}

}  // namespace framepath::graph
