#include "simulator/nvdec/clip.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <mutex>

namespace framepath::simulator {
namespace {

constexpr size_t kKept = 48;    // pictures: a decoder holds 32 back at most
constexpr size_t kStride = 64;  // packets further away are not worth decoding all between

const AVCodec* softwareDecoder(AVCodecID codec) {
  const AVCodec* dav1d = codec == AV_CODEC_ID_AV1 ? avcodec_find_decoder_by_name("libdav1d") : nullptr;
  return dav1d ? dav1d : avcodec_find_decoder(codec);
}

// A file as it is now: one that is being written, or was written again, is another one later.
std::string versionOf(const std::string& path) {
  struct stat is {};
  if (stat(path.c_str(), &is) != 0) return path;
  const auto number = [](auto value) { return " " + std::to_string(value); };
  return path + number(is.st_ino) + number(is.st_size) + number(is.st_mtim.tv_sec) + number(is.st_mtim.tv_nsec);
}

}  // namespace

std::shared_ptr<const Clip> Clip::open(const std::string& path) {
  static auto* const mutex = new std::mutex;
  static auto* const known = new std::map<std::string, std::shared_ptr<const Clip>>;
  std::lock_guard lock(*mutex);
  const std::string version = versionOf(path);
  if (const auto found = known->find(version); found != known->end()) return found->second;
  std::shared_ptr<Clip> clip;
  AVFormatContext* format = nullptr;
  if (avformat_open_input(&format, path.c_str(), nullptr, nullptr) >= 0) {
    avformat_find_stream_info(format, nullptr);
    const int video = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
    if (video >= 0) {
      clip = std::make_shared<Clip>();
      clip->parameters_ = avcodec_parameters_alloc();
      avcodec_parameters_copy(clip->parameters_, format->streams[video]->codecpar);
      AVPacket* packet = av_packet_alloc();
      while (av_read_frame(format, packet) >= 0) {
        if (packet->stream_index == video)
          clip->packets_.push_back(
              {{packet->data, packet->data + packet->size}, (packet->flags & AV_PKT_FLAG_KEY) != 0});
        av_packet_unref(packet);
      }
      av_packet_free(&packet);
    }
    avformat_close_input(&format);
  }
  return (*known)[version] = clip;
}

Clip::~Clip() {
  avcodec_parameters_free(&parameters_);
}

size_t Clip::find(const uint8_t* bytes, size_t count, size_t from) const {
  for (size_t n = 0; n < packets_.size(); n++) {
    const size_t at = (from + n) % packets_.size();
    const std::vector<uint8_t>& packet = packets_[at].bytes;
    if (memmem(packet.data(), packet.size(), bytes, count)) return at;
  }
  return packets_.size();
}

ClipPictures::ClipPictures(std::shared_ptr<const Clip> clip) : clip_(std::move(clip)) {
  const AVCodec* codec = softwareDecoder(clip_->codec());
  context_ = avcodec_alloc_context3(codec);
  avcodec_parameters_to_context(context_, clip_->parameters_);
  context_->thread_count = 1;
  context_->apply_cropping = 0;
  context_->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;
  context_->pkt_timebase = {1, 1};
  avcodec_open2(context_, codec, nullptr);
}

ClipPictures::~ClipPictures() {
  avcodec_free_context(&context_);
}

// From the keyframe before the last one: what is displayed between a keyframe and it may need pictures before it.
void ClipPictures::startBefore(size_t packet) {
  avcodec_flush_buffers(context_);
  pictures_.clear();
  int keyframes = 0;
  for (next_ = packet; next_ > 0; next_--)
    if (clip_->packets_[next_].keyframe && ++keyframes == 2) return;
}

void ClipPictures::receive() {
  while (true) {
    Picture picture(av_frame_alloc(), FreeFrame{});
    if (avcodec_receive_frame(context_, picture.get()) < 0) return;
    if (picture->pts >= 0) pictures_[static_cast<size_t>(picture->pts)] = picture;
    while (pictures_.size() > kKept) pictures_.erase(pictures_.begin());
  }
}

Picture ClipPictures::of(size_t packet) {
  if (const auto found = pictures_.find(packet); found != pictures_.end()) return found->second;
  const bool gone = packet < next_ && !pictures_.empty() && packet < pictures_.begin()->first;
  if (gone || next_ > clip_->packets() || packet > next_ + kStride) startBefore(packet);
  // Pictures come out behind their packets; the end of the stream brings the last ones.
  while (!pictures_.contains(packet) && next_ <= clip_->packets() && next_ < packet + kKept) {
    if (next_ == clip_->packets()) {
      avcodec_send_packet(context_, nullptr);
    } else {
      const Clip::Packet& from = clip_->packets_[next_];
      AVPacket* sent = av_packet_alloc();
      av_new_packet(sent, static_cast<int>(from.bytes.size()));
      std::memcpy(sent->data, from.bytes.data(), from.bytes.size());
      sent->pts = sent->dts = static_cast<int64_t>(next_);
      avcodec_send_packet(context_, sent);
      av_packet_free(&sent);
    }
    next_++;
    receive();
  }
  const auto found = pictures_.find(packet);
  return found == pictures_.end() ? nullptr : found->second;
}

}  // namespace framepath::simulator
