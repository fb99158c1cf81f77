#include "media/picture_stream.h"

#include <chrono>
#include <thread>
#include <utility>

#include "media/compat.h"
#include "media/describe.h"
#include "media/source_limits.h"

namespace framepath::media {
namespace {

// After a seek into the middle of a group of pictures; streams that mark no keyframes at all are taken as they come.
constexpr int32_t kLongestGop = 1000;

AVStream& videoStreamOf(Input& input) {
  const int index = input.videoStream();
  if (index < 0)
    throw Error(ErrorCode::SOURCE_UNSUPPORTED, "\"" + input.uri() + "\" has no pictures.",
                "Give a video or an image; audio alone can only go into an output.");
  return *input.format()->streams[index];
}

}  // namespace

PictureStream::PictureStream(Input& input, const SourceOptions& options, std::shared_ptr<Device> device)
    : input_(input),
      stream_(&videoStreamOf(input)),
      decoder_(*stream_, isImage(*input.format()), options, std::move(device)),
      maxDecodeErrors_(options.maxDecodeErrors),
      limits_(options.limits) {
  AVFormatContext& format = *input.format();
  for (unsigned i = 0; i < format.nb_streams; i++)
    if (format.streams[i] != stream_) format.streams[i]->discard = AVDISCARD_ALL;
}

void PictureStream::tap(const PacketTaps& taps) {
  if (!taps.empty()) taps_.emplace(taps, *input_.format(), stream_->index, input_.audioStream());
}

AvFrame PictureStream::next() {
  while (!input_.stopped()) {
    if (AvFrame frame = decoder_.pull()) {
      requirePixels(input_.uri(), frame->width, frame->height, limits_);
      anyPicture_ = true;
      mendTime(*frame);
      mendFields(*frame);
      return frame;
    }
    if (limits_.maxPixels > 0 && decoder_.exceededPixels()) throwTooManyPixels(input_.uri(), limits_);
    checkErrors();
    if (decoder_.drained()) return nullptr;
    if (!feed()) decoder_.send(nullptr);
  }
  return nullptr;
}

// Containers that only know decoding times (AVI): libav's times for pictures follow them, late by the depth of the
// reordering.
void PictureStream::mendTime(AVFrame& frame) const {
  if (!decodingTimesOnly_ || frame.best_effort_timestamp == AV_NOPTS_VALUE) return;
  const AVRational rate = stream_->avg_frame_rate.num > 0 ? stream_->avg_frame_rate : stream_->r_frame_rate;
  if (rate.num <= 0 || rate.den <= 0) return;
  const int64_t late = av_rescale_q(decoder_.reorderedPictures(), av_inv_q(rate), stream_->time_base);
  frame.best_effort_timestamp = av_sat_sub64(frame.best_effort_timestamp, late);
}

// "Interlaced" of a PNG is the order in which its rows are stored; it has no fields.
void PictureStream::mendFields(AVFrame& frame) const {
  const AVCodecID codec = stream_->codecpar->codec_id;
  if (codec == AV_CODEC_ID_PNG || codec == AV_CODEC_ID_APNG) setProgressive(frame);
}

void PictureStream::requirePictures() const {
  if (anyPicture_ || input_.stopped()) return;
  throw Error(ErrorCode::DECODE_FAILED, "Not one picture of \"" + input_.uri() + "\" could be decoded (" +
                                            std::to_string(decoder_.errors()) + " damaged packets).");
}

int64_t PictureStream::missing() const {
  if (!input_.randomAccess()) return 0;
  const int64_t bytes = avio_size(input_.format()->pb);
  if (bytes <= 0) return 0;
  int64_t count = 0;
  for (int i = avformat_index_get_entries_count(stream_) - 1; i >= 0; i--)
    if (avformat_index_get_entry(stream_, i)->pos >= bytes) count++;
  return count;
}

bool PictureStream::feed() {
  while (!input_.stopped()) {
    av_packet_unref(packet_.get());
    takeLastLog();  // an error below has its own
    const int result = input_.read(*packet_);
    const bool skipped = input_.takeSkipped();
    if (result >= 0) {
      const bool ours = packet_->stream_index == stream_->index;
      if (skipped || (ours && packet_->flags & AV_PKT_FLAG_CORRUPT)) damagedReads_++;
      if (taps_) taps_->packet(*packet_);
      if (!ours) continue;
      if (skipToKeyframe_ > 0) {
        if (!(packet_->flags & AV_PKT_FLAG_KEY)) {
          skipToKeyframe_--;
          continue;
        }
        skipToKeyframe_ = 0;
      }
      if (packet_->pts == AV_NOPTS_VALUE && packet_->dts != AV_NOPTS_VALUE) decodingTimesOnly_ = true;
      decoder_.send(packet_.get());
      av_packet_unref(packet_.get());
      return true;
    }
    if (result == AVERROR_EOF && skipped && missing() == 0) damagedReads_++;
    if (result == AVERROR_EOF || result == AVERROR_EXIT || input_.stopped()) return false;
    if (result == AVERROR(EAGAIN)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      continue;
    }
    if (result != AVERROR_INVALIDDATA)
      throw Error(ErrorCode::SOURCE_FAILED, "Reading \"" + input_.uri() + "\" broke off: " + avErrorText(result) + ".");
    decoder_.countError();  // the demuxer goes on at the next thing it knows
    checkErrors();
  }
  return false;
}

void PictureStream::checkErrors() {
  if (decoder_.consecutiveErrors() <= maxDecodeErrors_) return;
  throw Error(ErrorCode::DECODE_FAILED, "\"" + input_.uri() + "\": " + std::to_string(decoder_.consecutiveErrors()) +
                                            " damaged packets one after the other (" + takeLastLog() + ").");
}

bool PictureStream::seek(int64_t timestamp) {
  if (!input_.seek(stream_->index, timestamp)) return false;
  decoder_.flush();
  skipToKeyframe_ = kLongestGop;
  return true;
}

}  // namespace framepath::media
