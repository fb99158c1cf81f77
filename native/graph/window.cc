#include "graph/window.h"

#include <algorithm>

#include "core/error.h"
#include "graph/seen_boxes.h"

namespace framepath::graph {

WindowReader::WindowReader(std::unique_ptr<InputReader> crops, const InputSpec& spec, int32_t tracks, size_t mostBytes)
    : crops_(std::move(crops)), spec_(spec), tracks_(tracks), mostBytes_(mostBytes) {}

InputRef WindowReader::read(const Task& task, bool) {
  const auto input = std::make_shared<Input>();
  const Observation& result = task.observations[static_cast<size_t>(tracks_)];
  if (result.state != ObservationState::value) return input;
  const std::vector<SeenBox> boxes = boxesOf(result);

  std::lock_guard lock(mutex_);
  PerSource& source = sources_[task.source];
  source.looks++;
  std::erase_if(source.tracks, [&](const auto& item) { return source.looks - item.second.lastLook > kGoneAfter; });

  // Crops first: when one of them cannot be made, every window stays as it was.
  const auto enters = [&](const SeenBox& box) {
    const auto known = source.tracks.find(box.track);
    return box.detection >= 0 && (known == source.tracks.end() || known->second.seen % spec_.stride == 0);
  };
  if (const auto count = std::count_if(boxes.begin(), boxes.end(), enters)) checkRoom(static_cast<size_t>(count));
  std::vector<InputRef> entering(boxes.size());
  for (size_t i = 0; i < boxes.size(); i++)
    if (enters(boxes[i])) entering[i] = crops_->readCrop(task, boxes[i], static_cast<int32_t>(i));
  for (size_t i = 0; i < boxes.size(); i++) {
    if (boxes[i].detection < 0) continue;
    Window& window = source.tracks[boxes[i].track];
    window.seen++;
    window.lastLook = source.looks;
    if (entering[i]) window.crops.push_back(entering[i]);
    if (window.crops.size() > static_cast<size_t>(spec_.window)) window.crops.pop_front();
    if (window.crops.size() >= static_cast<size_t>(spec_.min))
      input->windows.push_back({boxes[i].track,
                                boxes[i].box,
                                static_cast<int32_t>(i),
                                entering[i] != nullptr,
                                {window.crops.begin(), window.crops.end()}});
  }
  return input;
}

// All crops have one size; those that are about to leave still count.
void WindowReader::checkRoom(size_t more) const {
  size_t crops = more, tracks = 0;
  for (const auto& [number, source] : sources_) {
    tracks += source.tracks.size();
    for (const auto& [track, window] : source.tracks) crops += window.crops.size();
  }
  const size_t channels = spec_.format.layout == PixelLayout::gray ? 1 : 3;
  const size_t bytes = static_cast<size_t>(spec_.width) * static_cast<size_t>(spec_.height) * channels;
  if (crops * bytes <= mostBytes_) return;
  throw Error(ErrorCode::DEVICE_OUT_OF_MEMORY,
              "The windows of " + std::to_string(tracks) + " tracks of \"" + spec_.of + "\" take more than " +
                  std::to_string(mostBytes_ >> 20) + " MiB.",
              "Ask for a shorter window, or for smaller crops.");
}

void WindowReader::onSourceEnded(int32_t source) {
  std::lock_guard lock(mutex_);
  sources_.erase(source);
}

}  // namespace framepath::graph
