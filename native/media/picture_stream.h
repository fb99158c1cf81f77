// The decoded pictures of a source's video stream, as stored, in display order.
#pragma once
#include <algorithm>
#include <optional>

#include "media/decoder_fallback.h"
#include "media/input.h"
#include "media/packet_tap.h"

namespace framepath::media {

class PictureStream {
 public:
  // `options` outlives it. `device` may decode; null: software does. Throws SOURCE_UNSUPPORTED when the input has no
  // pictures, and what DecoderFallback throws.
  PictureStream(Input& input, const SourceOptions& options, std::shared_ptr<Device> device);

  // Null at the end, or when the input was stopped. Throws DECODE_FAILED past the limit of consecutive errors,
  // SOURCE_FAILED when reading breaks off.
  AvFrame next();
  // These get the packets of its stream and of the audio, from the next one on. Before the first next().
  void tap(const PacketTaps& taps);
  // At the end: throws DECODE_FAILED when not one good picture came.
  void requirePictures() const;
  // What comes next starts at a keyframe not after `timestamp`, if the container knows one. False: did not move.
  bool seek(int64_t timestamp);

  const AVStream& stream() const { return *stream_; }
  bool fellBack() const { return decoder_.fellBack(); }
  // Damaged packets and pictures: those that the decoder found, or the demuxer if it found more.
  int64_t errors() const { return std::max(decoder_.errors(), damagedReads_); }
  // Pictures that the container's index places wholly beyond the end of the file: the file was cut.
  int64_t missing() const;

 private:
  bool feed();  // false: nothing more to read
  void checkErrors();
  void mendTime(AVFrame& frame) const;
  void mendFields(AVFrame& frame) const;

  Input& input_;
  AVStream* stream_;
  DecoderFallback decoder_;
  AvPacket packet_ = newPacket();
  int32_t maxDecodeErrors_;
  Limits limits_;
  int64_t damagedReads_ = 0;
  int32_t skipToKeyframe_ = 0;  // at most so many packets more
  bool anyPicture_ = false;
  bool decodingTimesOnly_ = false;
  std::optional<OpenTaps> taps_;
};

}  // namespace framepath::media
