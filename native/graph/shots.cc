#include "graph/shots.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "compose/draw_list.h"
#include "media/jpeg.h"

namespace framepath::graph {
namespace {

constexpr float kClearlyBetter = 1.15f;
constexpr double kMargin = 1.7;  // height of the picture in heights of the box

// Large, sure, whole and alone makes a good shot.
float qualityOf(const Track& track, int32_t width, int32_t height) {
  if (track.detection < 0) return 0;
  float quality = std::sqrt(track.box.area()) * track.score;
  if (track.marks & (kTrackOverlapping | kTrackOccluded)) quality *= 0.5f;
  const bool cut = track.box.x1 < 2 || track.box.y1 < 2 || track.box.x2 > static_cast<float>(width) - 2 ||
                   track.box.y2 > static_cast<float>(height) - 2;
  return cut ? quality * 0.5f : quality;
}

int32_t to256(double value) {
  return static_cast<int32_t>(std::lround(value * 256));
}

}  // namespace

class Shots::ShotWorker : public Worker {
 public:
  ShotWorker(std::shared_ptr<Shots> shots, int32_t tracks)
      : shots_(std::move(shots)),
        queue_(shots_->device_->openQueue()),
        scratch_(allocateImage(*shots_->device_, pixelFormat::rgb24, kWidth, kHeight)),
        tracks_(tracks) {}
  void run(std::span<const TaskRef> tasks, std::span<Observation> results) override {
    const Observation& seen = tasks[0]->observations[tracks_];
    if (const auto* tracks = seen.as<Tracks>(); tracks && seen.state == ObservationState::value)
      shots_->look(*tasks[0], *tracks, *queue_, scratch_);
    results[0] = Observation::of(External{});
  }

 private:
  std::shared_ptr<Shots> shots_;
  std::unique_ptr<Queue> queue_;
  const Image scratch_;
  const int32_t tracks_;
};

ModuleNode Shots::node(const std::shared_ptr<Shots>& shots, const std::string& of, int32_t tracks) {
  ModuleNode node;
  node.name = "shots";
  node.depends = {of};
  node.pixels = node.acceptsNothing = node.internal = node.sink = node.stateful = true;
  node.openWorker = [shots, tracks] { return std::make_unique<ShotWorker>(shots, tracks); };
  return node;
}

void Shots::look(const Task& task, const Tracks& tracks, Queue& queue, const Image& scratch) {
  const Frame& frame = *task.frame();
  for (const Track& track : tracks.items) {
    const float quality = qualityOf(track, task.width, task.height);
    const auto key = std::make_pair(task.source, track.track);
    {
      std::lock_guard lock(mutex_);
      const auto known = shots_.find(key);
      if (quality <= 0 || (known != shots_.end() && quality < known->second.quality * kClearlyBetter)) continue;
    }
    Shot shot;
    const double height = track.box.height() * kMargin, width = height * kWidth / kHeight;
    const double x = (track.box.x1 + track.box.x2 - width) / 2, y = (track.box.y1 + track.box.y2 - height) / 2;
    const double sx = frame.scaleX(), sy = frame.scaleY();
    queue.wait(frame.ready);
    launch(*device_, queue,
           ConvertArgs{frame.view, to256(x * sx), to256(y * sy), std::max(1, to256(width * sx)),
                       std::max(1, to256(height * sy)), scratch.view},
           Grid{kWidth, kHeight, 1});
    frame.addReadFence(queue.record());
    shot.rgb.resize(size_t{kWidth} * kHeight * 3);
    device_->copy(queue, shot.rgb.data(), kWidth * 3, scratch.view.planes[0].data, scratch.view.planes[0].pitchBytes,
                  kWidth * 3, kHeight, CopyKind::d2hRequested);
    queue.synchronize();
    shot.box = track.box;
    shot.score = track.score;
    shot.quality = quality;
    shot.ptsUs = task.ptsUs;
    std::lock_guard lock(mutex_);
    shots_[key] = std::move(shot);
    if (shots_.size() > kTracks)
      shots_.erase(std::min_element(shots_.begin(), shots_.end(),
                                    [](const auto& a, const auto& b) { return a.second.quality < b.second.quality; }));
  }
}

const Shots::Shot* Shots::bestOf(const track::Identity& identity, track::SubId& from) const {
  const Shot* best = nullptr;
  for (const track::SubId& sub : identity.subIds) {
    const auto it = shots_.find({sub.source, sub.track});
    if (it == shots_.end() || (best && it->second.quality <= best->quality)) continue;
    best = &it->second;
    from = sub;
  }
  return best;
}

void Shots::choose(track::RelinkResult& result) const {
  std::lock_guard lock(mutex_);
  for (track::Identity& identity : result.identities) {
    track::SubId from{};
    if (const Shot* best = bestOf(identity, from))
      identity.best = {from.source, from.track, best->ptsUs, best->box, best->score, best->quality};
  }
}

std::vector<uint8_t> Shots::contactSheet(const track::RelinkResult& result, bool onlyTracks) const {
  constexpr int32_t kGap = 12, kCaption = 40;
  std::lock_guard lock(mutex_);
  std::vector<std::pair<const track::Identity*, const Shot*>> best;
  track::SubId from{};
  for (const track::Identity& identity : result.identities)
    if (const Shot* shot = bestOf(identity, from)) best.emplace_back(&identity, shot);
  if (best.empty()) return {};
  const auto count = static_cast<int32_t>(best.size());
  const int32_t columns = std::min(count, std::max(2, static_cast<int32_t>(std::ceil(std::sqrt(count * 1.4)))));
  const int32_t rows = (count + columns - 1) / columns;
  const std::shared_ptr<Device> cpu = openDevice("cpu");  // the pictures are in host memory, and so is the JPEG
  std::unique_ptr<Queue> queue = cpu->openQueue();
  Image sheet = allocateImage(*cpu, pixelFormat::yuv420p, (kWidth + kGap) * columns + kGap,
                              (kHeight + kCaption + kGap) * rows + kGap);
  sheet.view.matrix = ColorMatrix::bt601;  // JPEG's
  sheet.view.range = ColorRange::full;
  compose::DrawList draw(*cpu, *queue, sheet.view);
  draw.fill({0, 0, static_cast<float>(sheet.view.width), static_cast<float>(sheet.view.height)}, {24, 128, 128});
  draw.flush();
  for (int32_t i = 0; i < count; i++) {
    const auto& [identity, shot] = best[static_cast<size_t>(i)];
    const int32_t x = kGap + i % columns * (kWidth + kGap), y = kGap + i / columns * (kHeight + kCaption + kGap);
    ImageView place = sheet.view;  // the part of the sheet under this picture
    place.width = kWidth;
    place.height = kHeight;
    for (int p = 0; p < 3; p++) place.planes[p].data += (p ? y / 2 : y) * place.planes[p].pitchBytes + (p ? x / 2 : x);
    ImageView picture;
    picture.planes[0] = {const_cast<uint8_t*>(shot->rgb.data()), kWidth * 3};
    picture.width = kWidth;
    picture.height = kHeight;
    picture.format = pixelFormat::rgb24;
    launch(*cpu, *queue, ConvertArgs{picture, 0, 0, kWidth * 256, kHeight * 256, place}, Grid{kWidth, kHeight, 1});
    char caption[64];
    const double seconds = static_cast<double>(shot->ptsUs) / 1e6;
    if (onlyTracks)
      std::snprintf(caption, sizeof caption, "TRACK %lld  %.1fs",
                    static_cast<long long>(identity->subIds.front().track), seconds);
    else
      std::snprintf(caption, sizeof caption, "ID %d  %.1fs", identity->id, seconds);
    draw.text(x, y + kHeight + 6, 1, caption, {235, 128, 128});
    std::snprintf(caption, sizeof caption, "%lld FRAMES", static_cast<long long>(identity->frames));
    draw.text(x, y + kHeight + 24, 1, caption, {160, 128, 128});
  }
  draw.flush();
  queue->synchronize();
  return media::encodeJpeg(sheet.view);
}

}  // namespace framepath::graph
