#include "media/clip.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/clock.h"
#include "core/error.h"
#include "media/container.h"
#include "media/muxer.h"
#include "media/part_file.h"
#include "media/remux.h"

namespace framepath::media {
namespace {

constexpr int64_t kNoticeNs = 50'000'000;          // how soon an end is noticed while nothing comes
constexpr int64_t kLatestPacketNs = 500'000'000;   // packets of the clip's time may come so much later
constexpr size_t kMostWaiting = 1000;              // of a stream whose times stand still
constexpr int64_t kLongestWaitNs = 5'000'000'000;  // and of audio whose pictures stopped
constexpr int64_t kMostHeaderFrames = 100;         // of MP4: then its audio is not waited for
constexpr int64_t kFragmentUs = 1'000'000;         // of MP4: what a killed process may lose
constexpr AVRational kMicro{1, 1'000'000};

Container clipContainer(const std::string& path) {
  const Container container = containerOf(path);
  if (container.local && !container.segmented) return container;
  throw Error(ErrorCode::INVALID_ARGUMENT, "A recording cannot be written to " + path + ".",
              "Record to a file: .mp4, .mov, .mkv or .ts.");
}

// Matroska also has what Windows has names for, such as the G.711 of cameras.
bool takesAudio(const Container& container, AVCodecID codec) {
  const AVOutputFormat* format = av_guess_format(container.format, nullptr, nullptr);
  const bool named =
      std::string_view(container.format) == "matroska" && av_codec_get_tag(format->codec_tag, codec) != 0;
  return named || holds(container, codec);
}

class ClipFile {
 public:
  ClipFile(const ClipOptions& options, ClipResult& result)
      : options_(options),
        container_(clipContainer(options.path)),
        part_(std::make_unique<PartFile>(options.path, "part")),
        muxer_(options.path, container_, part_.get()),
        result_(result) {}

  // False: it belongs to another stream, and so not into this file.
  bool add(RingPacketRef packet) {
    if (!streams_) begin(*packet);
    if (packet->streams != streams_) return false;
    if (packet->ptsUs < startUs_) return true;  // pictures that lead the keyframe, audio before it
    if (packet->audio && !result_.hasAudio) return true;
    const bool isLatest = !packet->audio && packet->ptsUs > latestUs_;
    if (isLatest || isFull(*packet)) {
      writeAll(INT64_MAX);  // whatever is shown before it has come
      if (!packet->audio) beforeUs_ = std::exchange(latestUs_, packet->ptsUs);
    } else if (!packet->audio) {
      reorders_ = true;
    }
    waiting_.push_back(std::move(packet));
    return true;
  }

  void finish() {
    if (!streams_)
      throw Error(ErrorCode::OUTPUT_FAILED,
                  "Nothing was recorded of source \"" + options_.source + "\": no picture came.",
                  "Check that the source gives pictures; a recording begins with a keyframe.");
    if (!reorders_ || isWhole()) writeAll(INT64_MAX);
    std::erase_if(waiting_, [](const RingPacketRef& packet) { return !packet->audio; });
    writeAll(endUs_);
    muxer_.end();
    if (container_.fragmented) finalise();
    part_->commit();
    result_.durationMs = (endUs_ + 500) / 1000;
  }

 private:
  void begin(const RingPacket& first) {
    const RingStreams& streams = *first.streams;
    const AVCodecID codec = streams.picture->codec_id;
    if (!holds(container_, codec))
      throw Error(ErrorCode::INVALID_ARGUMENT,
                  "The " + std::string(avcodec_get_name(codec)) + " pictures of source \"" + options_.source +
                      "\" cannot go into " + options_.path + ".",
                  "Record to .mkv.");
    muxer_.addStream(*streams.picture, kMicro, {streams.fps.num, streams.fps.den}, streams.hdrMetadata);
    if (streams.audio) {
      result_.hasAudio = takesAudio(container_, streams.audio->codec_id);
      if (result_.hasAudio)
        muxer_.addStream(*streams.audio, kMicro);
      else
        result_.audioLeftOut = avcodec_get_name(streams.audio->codec_id);
    }
    AvDictionary privates;
    if (container_.fragmented) privates.set("movflags", "+frag_custom+delay_moov+default_base_moof");
    if (options_.path.ends_with(".m2ts")) privates.set("mpegts_m2ts_mode", int64_t{1});
    muxer_.begin(privates);
    streams_ = first.streams;
    startUs_ = first.ptsUs;
    latestUs_ = startUs_ - 1;
  }

  bool isFull(const RingPacket& next) const {
    return waiting_.size() == kMostWaiting ||
           (!waiting_.empty() && next.arrivalNs - waiting_.front()->arrivalNs > kLongestWaitNs);
  }

  // One index, at the front.
  void finalise() {
    try {
      auto finished = std::make_unique<PartFile>(options_.path, "finishing");
      remux(*part_, *finished, container_, {streams_->fps.num, streams_->fps.den}, options_.endBy);
      part_ = std::move(finished);
    } catch (const Error& error) {
      // No time or no room: everything is in the fragments.
      if (error.code != ErrorCode::CANCELLED && error.code != ErrorCode::OUTPUT_DISK_FULL &&
          error.code != ErrorCode::OUTPUT_UNWRITABLE)
        throw;
    }
  }

  // The header, which the first flush writes, describes the audio by its first packet. Audio may never come.
  void endFragment(int64_t dtsUs) {
    if (!container_.fragmented || result_.frames == 0) return;
    const int64_t lastUs = dtsUs - flushedUs_;
    const bool isKnown = !result_.hasAudio || audioDtsUs_ >= 0 || result_.frames > kMostHeaderFrames;
    if (lastUs < kFragmentUs || !isKnown) return;
    muxer_.flush();
    flushedUs_ = dtsUs;
  }

  // Whether the pictures that wait are all that are shown up to the latest one.
  bool isWhole() const {
    const auto pictures = std::ranges::count_if(waiting_, [](const RingPacketRef& packet) { return !packet->audio; });
    const int64_t missingUs = latestUs_ - beforeUs_ - pictures * durationUs();
    return std::abs(missingUs) < std::max<int64_t>(1, durationUs() / 2);
  }

  int64_t durationUs() const {
    const AVRational fps = streams_->fps;
    return fps.num > 0 ? av_rescale(1'000'000, fps.den, fps.num) : 0;
  }

  void writeAll(int64_t untilUs) {
    for (const RingPacketRef& packet : waiting_)
      if (packet->ptsUs - startUs_ < untilUs) write(*packet);
    waiting_.clear();
  }

  void write(const RingPacket& packet) {
    AvPacket own(av_packet_clone(packet.packet.get()));
    if (!own) throw std::bad_alloc();
    int64_t& lastDtsUs = packet.audio ? audioDtsUs_ : pictureDtsUs_;
    own->dts = std::max(packet.dtsUs - startUs_, lastDtsUs + 1);
    own->pts = std::max(packet.ptsUs - startUs_, own->dts);
    lastDtsUs = own->dts;
    own->duration = 0;
    result_.bytes += own->size;
    if (!packet.audio) {
      endFragment(own->dts);
      own->duration = durationUs();
      endUs_ = std::max(endUs_, own->pts + own->duration);
      result_.frames++;
      result_.gaps += packet.afterGap && result_.frames > 1 ? 1 : 0;
    }
    muxer_.write(*own, packet.audio ? 1 : 0, kMicro);
  }

  const ClipOptions& options_;
  const Container container_;
  std::unique_ptr<PartFile> part_;
  Muxer muxer_;
  ClipResult& result_;
  std::shared_ptr<const RingStreams> streams_;
  // A clip ends where nothing is missing in the order of display: what came since the picture that is shown latest
  // waits.
  std::vector<RingPacketRef> waiting_;
  int64_t latestUs_ = 0, beforeUs_ = 0;  // of the pictures so far, and before the latest
  bool reorders_ = false;
  int64_t startUs_ = 0, endUs_ = 0;
  int64_t flushedUs_ = 0;  // decode time up to which the file is in fragments
  int64_t pictureDtsUs_ = INT64_MIN / 2, audioDtsUs_ = INT64_MIN / 2;
};

}  // namespace

ClipResult writeClip(PacketRing& ring, const ClipOptions& options) {
  const int64_t eventNs = nowNs();
  const int64_t endNs = eventNs + options.postMs * 1'000'000;
  ClipResult result;
  result.path = options.path;
  ClipFile file(options, result);
  const std::shared_ptr<RingReader> reader = ring.read(eventNs - options.preMs * 1'000'000);
  try {
    int64_t firstNs = 0;
    for (;;) {
      const bool stopping = options.stop->passed();
      const RingPacketRef packet = reader->take(stopping ? 0 : kNoticeNs);
      if (!packet) {
        result.complete = nowNs() > endNs + kLatestPacketNs;
        if (result.complete || stopping || options.over()) break;
        continue;
      }
      result.complete = packet->arrivalNs > endNs;
      if (result.complete) break;
      if (firstNs == 0) firstNs = packet->arrivalNs;
      if (!file.add(packet)) break;
    }
    if (firstNs > 0) result.preMs = std::max<int64_t>(0, (eventNs - firstNs) / 1'000'000);
    file.finish();
  } catch (...) {
    ring.end(reader);
    throw;
  }
  ring.end(reader);
  result.dropped = reader->dropped();
  return result;
}

}  // namespace framepath::media
