#include "media/interleaver.h"

#include "media/ticks.h"

namespace framepath::media {

Interleaver::Interleaver(std::unique_ptr<AudioTrack> audio, AVRational videoTimeBase, bool holds, Write write)
    : audio_(std::move(audio)), videoTimeBase_(videoTimeBase), holds_(holds), write_(std::move(write)) {}

void Interleaver::push(AvPacket picture, int64_t reachedUs) {
  pictures_.push_back(std::move(picture));
  advance(reachedUs);
  writeReady();
}

void Interleaver::drawn(int64_t untilUs) {
  if (audio_ && audio_->live()) advance(untilUs);
}

void Interleaver::advance(int64_t untilUs) {
  if (audio_) audio_->advance(untilUs, [&](AvPacket packet) { audioPackets_.push_back(std::move(packet)); });
}

void Interleaver::finish(int64_t endUs) {
  if (audio_) {
    audio_->finish(endUs, [&](AvPacket packet) { audioPackets_.push_back(std::move(packet)); });
    // Of pictures that were drawn and not encoded any more.
    while (audio_->live() && !audioPackets_.empty() &&
           av_compare_ts(audioPackets_.back()->pts, audio_->timeBase(), endUs, kMicroseconds) >= 0)
      audioPackets_.pop_back();
    // What is left of a copied track lies past the end.
    writeReady();
  }
  for (; !pictures_.empty(); pictures_.pop_front()) write_(*pictures_.front(), false);
  for (; !audioPackets_.empty(); audioPackets_.pop_front()) write_(*audioPackets_.front(), true);
}

void Interleaver::writeReady() {
  while (!pictures_.empty()) {
    const int64_t pictureDts = pictures_.front()->dts;
    if (audioPackets_.empty()) {
      if (holds_ && audio_ && audio_->nextUs() < av_rescale_q(pictureDts, videoTimeBase_, kMicroseconds)) return;
    } else if (av_compare_ts(audioPackets_.front()->dts, audio_->timeBase(), pictureDts, videoTimeBase_) < 0) {
      write_(*audioPackets_.front(), true);
      audioPackets_.pop_front();
      continue;
    }
    write_(*pictures_.front(), false);
    pictures_.pop_front();
  }
}

}  // namespace framepath::media
