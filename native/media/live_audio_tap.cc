#include "media/live_audio_tap.h"

#include "core/error.h"
#include "media/ticks.h"

namespace framepath::media {

void LiveAudioTap::opened(const AVFormatContext& format, int, int audioStream) {
  stream_ = audioStream;
  sink_.begin();
  if (audioStream < 0) return;
  const AVStream& stream = *format.streams[audioStream];
  timeBase_ = stream.time_base;
  try {
    decoder_.emplace(stream, uri_);
  } catch (const Error& error) {
    if (recovered_ && !reported_) recovered_("audio left out", error.sentence);
    reported_ = true;
  }
}

void LiveAudioTap::lost() {
  decoder_.reset();
}

void LiveAudioTap::packet(const AVPacket& packet, int64_t) {
  if (!decoder_ || packet.stream_index != stream_ || !sink_.wanted()) return;
  try {
    decoder_->send(&packet);
    while (decoder_->receive(*frame_)) {
      take(*frame_);
      av_frame_unref(frame_.get());
    }
  } catch (const Error& error) {  // formats that cannot be converted
    if (recovered_ && !reported_) recovered_("audio left out", error.sentence);
    reported_ = true;
    decoder_.reset();
  }
}

void LiveAudioTap::take(const AVFrame& frame) {
  if (!AudioDecoder::usable(frame)) return;
  std::optional<int64_t> us;
  if (frame.best_effort_timestamp != AV_NOPTS_VALUE)
    us = boundedUs(frame.best_effort_timestamp, timeBase_) -
         av_rescale_q(decoder_->heldBefore(frame), kAudioTick, kMicroseconds);
  for (auto& channel : samples_) channel.clear();
  decoder_->convert(frame, samples_);
  const auto count = static_cast<int>(samples_[0].size());
  if (count > 0) sink_.add(us, samples_[0].data(), samples_[1].data(), count);
}

}  // namespace framepath::media
