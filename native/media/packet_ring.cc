#include "media/packet_ring.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

namespace framepath::media {
namespace {

// Times that jump further than this are of another clock: they go on by that on the wall.
constexpr int64_t kMostJumpUs = 10'000'000;
constexpr int64_t kMostBackUs = 1'000'000;  // times of decoding do not go back by themselves
constexpr int64_t kUsualFrameUs = 40'000;
constexpr AVRational kMicro{1, 1'000'000};

bool sameParameters(const AVCodecParameters* a, const AVCodecParameters* b) {
  if (!a || !b) return a == b;
  return a->codec_id == b->codec_id && a->width == b->width && a->height == b->height &&
         a->sample_rate == b->sample_rate && a->extradata_size == b->extradata_size &&
         (a->extradata_size == 0 ||
          std::memcmp(a->extradata, b->extradata, static_cast<size_t>(a->extradata_size)) == 0);
}

}  // namespace

RingPacketRef RingReader::take(int64_t ns) {
  std::unique_lock lock(mutex_);
  came_.wait_for(lock, std::chrono::nanoseconds(ns), [&] { return !waiting_.empty(); });
  if (waiting_.empty()) return nullptr;
  RingPacketRef packet = std::move(waiting_.front());
  waiting_.pop_front();
  bytes_ -= packet->packet->size;
  return packet;
}

int64_t RingReader::dropped() const {
  std::lock_guard lock(mutex_);
  return dropped_;
}

void RingReader::put(RingPacketRef packet) {
  std::lock_guard lock(mutex_);
  const int64_t size = packet->packet->size;
  const bool fits = bytes_ + size <= maxBytes_;
  if (!fits || (untilKeyframe_ && !packet->keyframe)) {
    untilKeyframe_ = true;
    dropped_ += begun_ ? 1 : 0;
    return;
  }
  untilKeyframe_ = false;
  begun_ = true;
  bytes_ += size;
  waiting_.push_back(std::move(packet));
  came_.notify_one();
}

void PacketRing::opened(const AVFormatContext& format, int pictureStream, int audioStream) {
  const AVStream& picture = *format.streams[pictureStream];
  const AVStream* audio = audioStream >= 0 ? format.streams[audioStream] : nullptr;
  auto streams = std::make_shared<RingStreams>();
  streams->picture = copyOf(*picture.codecpar);
  streams->hdrMetadata = hdrMetadataOf(picture);
  if (audio) streams->audio = copyOf(*audio->codecpar);
  streams->fps = picture.avg_frame_rate.num > 0 ? picture.avg_frame_rate : picture.r_frame_rate;
  std::lock_guard lock(mutex_);
  const bool same = streams_ && sameParameters(streams_->picture.get(), streams->picture.get()) &&
                    sameParameters(streams_->audio.get(), streams->audio.get());
  if (!same) {
    streams_ = std::move(streams);
    groups_.clear();  // a file holds one or the other
    bytes_ = 0;
  }
  pictureStream_ = pictureStream;
  audioStream_ = audioStream;
  pictureBase_ = picture.time_base;
  if (audio) audioBase_ = audio->time_base;
  anchored_ = false;
  untilKeyframe_ = true;
}

void PacketRing::lost() {
  std::lock_guard lock(mutex_);
  untilKeyframe_ = true;
}

// False: it has no time, or none that fits.
bool PacketRing::place(RingPacket& own, AVRational timeBase) {
  AVPacket& packet = *own.packet;
  if (packet.pts == AV_NOPTS_VALUE) packet.pts = packet.dts;
  if (packet.dts == AV_NOPTS_VALUE) packet.dts = packet.pts;
  if (packet.dts == AV_NOPTS_VALUE) return false;
  const int64_t dtsUs = av_rescale_q(packet.dts, timeBase, kMicro);
  if (!own.audio) {
    const int64_t aheadUs = dtsUs + shiftUs_ - lastUs_;
    const bool jumps = anchored_ && lastNs_ > 0 && (aheadUs > kMostJumpUs || aheadUs < -kMostBackUs);
    if (!anchored_ || jumps) {
      const int64_t awayUs = lastNs_ > 0 ? std::max(kUsualFrameUs, (own.arrivalNs - lastNs_) / 1000) : 0;
      shiftUs_ = lastUs_ + awayUs - dtsUs;
      gap_ = lastNs_ > 0;
      anchored_ = true;
    }
    lastUs_ = std::max(lastUs_, dtsUs + shiftUs_);
    lastNs_ = own.arrivalNs;
  } else if (std::abs(dtsUs + shiftUs_ - lastUs_ - (own.arrivalNs - lastNs_) / 1000) > kMostJumpUs) {
    return false;  // its clock has jumped, and its pictures have not followed yet
  }
  own.dtsUs = dtsUs + shiftUs_;
  own.ptsUs = av_rescale_q(packet.pts, timeBase, kMicro) + shiftUs_;
  return anchored_;
}

void PacketRing::packet(const AVPacket& packet, int64_t arrivalNs) {
  auto own = std::make_shared<RingPacket>();
  own->packet.reset(av_packet_clone(&packet));
  if (!own->packet) return;  // no memory: the picture is left out, as one that was lost on its way
  std::lock_guard lock(mutex_);
  own->audio = packet.stream_index == audioStream_;
  own->keyframe = !own->audio && packet.flags & AV_PKT_FLAG_KEY;
  own->arrivalNs = arrivalNs;
  own->streams = streams_;
  if (!place(*own, own->audio ? audioBase_ : pictureBase_)) return;
  if (untilKeyframe_) {
    if (!own->keyframe) return;
    untilKeyframe_ = false;
  }
  if (own->keyframe) own->afterGap = std::exchange(gap_, false);
  keep(own);
  for (const auto& reader : readers_) reader->put(own);
}

void PacketRing::keep(RingPacketRef packet) {
  const int64_t size = packet->packet->size;
  if (packet->keyframe) groups_.emplace_back();
  if (groups_.empty()) return;  // of a group that is too large
  Group& group = groups_.back();
  group.packets.push_back(std::move(packet));
  group.bytes += size;
  bytes_ += size;
  dropOld();
}

void PacketRing::dropOld() {
  const int64_t sinceNs = groups_.back().packets.back()->arrivalNs - preNs_;
  const auto isOld = [&] {
    return groups_[1].arrivalNs() <= sinceNs || (groups_[1].afterGap() && groups_[0].endNs() < sinceNs);
  };
  while (!groups_.empty() && (bytes_ > maxBytes_ || (groups_.size() > 1 && isOld()))) {
    bytes_ -= groups_.front().bytes;
    groups_.pop_front();
  }
}

std::shared_ptr<RingReader> PacketRing::read(int64_t sinceNs) {
  auto reader = std::make_shared<RingReader>(2 * maxBytes_);
  std::lock_guard lock(mutex_);
  auto from = groups_.begin();
  for (auto next = from; next != groups_.end() && next->arrivalNs() <= sinceNs; ++next) from = next;
  // Nothing of a group that an outage ended before that time; the running one is needed for what follows.
  const auto isOver = [&](auto next) { return next == groups_.end() ? untilKeyframe_ : next->afterGap(); };
  while (from != groups_.end() && from->endNs() < sinceNs && isOver(from + 1)) ++from;
  for (; from != groups_.end(); ++from)
    for (const RingPacketRef& packet : from->packets) reader->put(packet);
  readers_.push_back(reader);
  return reader;
}

void PacketRing::end(const std::shared_ptr<RingReader>& reader) {
  std::lock_guard lock(mutex_);
  std::erase(readers_, reader);
}

int64_t PacketRing::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace framepath::media
