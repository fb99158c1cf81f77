// The one place that knows that FFmpeg 5.1 to 9 differ. Everything else is written against the names here.
#pragma once
extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/frame.h>
#include <libavutil/mastering_display_metadata.h>
#include <libavutil/mem.h>
}
#include <cstdint>
#include <cstring>
#include <span>

#if LIBAVUTIL_VERSION_INT < AV_VERSION_INT(57, 28, 100)
#error "framepath needs FFmpeg 5.1 or later"
#endif

namespace framepath::media {

inline bool isKeyframe(const AVFrame& frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
  return frame.flags & AV_FRAME_FLAG_KEY;
#else
  return frame.key_frame;
#endif
}

inline bool isInterlaced(const AVFrame& frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
  return frame.flags & AV_FRAME_FLAG_INTERLACED;
#else
  return frame.interlaced_frame;
#endif
}

inline void setProgressive(AVFrame& frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
  frame.flags &= ~AV_FRAME_FLAG_INTERLACED;
#else
  frame.interlaced_frame = 0;
#endif
}

// Of an interlaced picture: its even rows are the earlier field.
inline bool isTopFieldFirst(const AVFrame& frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
  return frame.flags & AV_FRAME_FLAG_TOP_FIELD_FIRST;
#else
  return frame.top_field_first;
#endif
}

inline void setKeyframe(AVFrame& frame, bool keyframe) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
  frame.flags = keyframe ? frame.flags | AV_FRAME_FLAG_KEY : frame.flags & ~AV_FRAME_FLAG_KEY;
#else
  frame.key_frame = keyframe;
#endif
}

// In units of the packet's time base; 0 = unknown.
inline int64_t frameDuration(const AVFrame& frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 100)
  return frame.duration;
#else
  return frame.pkt_duration;
#endif
}

inline void setFrameDuration(AVFrame& frame, int64_t duration) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 100)
  frame.duration = duration;
#else
  frame.pkt_duration = duration;
#endif
}

// Numbers that pictures take over from the packets that they come from. `numberPictures` before the decoder is opened,
// `setNumber` before each packet is sent.
#if LIBAVCODEC_VERSION_MAJOR >= 60
inline void numberPictures(AVCodecContext& decoder) {
  decoder.flags |= AV_CODEC_FLAG_COPY_OPAQUE;
}
inline void setNumber(AVCodecContext&, AVPacket* packet, int64_t number) {
  if (packet) packet->opaque = reinterpret_cast<void*>(number);
}
inline int64_t numberOf(const AVFrame& picture) {
  return reinterpret_cast<int64_t>(picture.opaque);
}
#else
inline void numberPictures(AVCodecContext&) {}
inline void setNumber(AVCodecContext& decoder, AVPacket*, int64_t number) {
  decoder.reordered_opaque = number;
}
inline int64_t numberOf(const AVFrame& picture) {
  return picture.reordered_opaque;
}
#endif

// Before FFmpeg 7 the Matroska muxer writes how long an Opus track's priming is, but not the times that go with it.
inline constexpr bool kMatroskaForgetsPriming = LIBAVFORMAT_VERSION_MAJOR < 61;

// A get_buffer2 of ours may be called from a decoder's threads: always so since FFmpeg 6.
inline void allowThreadsToGetBuffers([[maybe_unused]] AVCodecContext& decoder) {
#if LIBAVCODEC_VERSION_MAJOR < 60
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  decoder.thread_safe_callbacks = 1;
#pragma GCC diagnostic pop
#endif
}

// Surfaces of a GPU's decoder themselves: since FFmpeg 7 it gives copies of them otherwise.
inline void giveSurfacesOut([[maybe_unused]] AVCodecContext& decoder) {
#ifdef AV_HWACCEL_FLAG_UNSAFE_OUTPUT
  decoder.hwaccel_flags |= AV_HWACCEL_FLAG_UNSAFE_OUTPUT;
#endif
}

// A stream's side data of one kind; empty when there is none.
inline std::span<const uint8_t> streamSideData(const AVStream& stream, AVPacketSideDataType type) {
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 31, 102)
  const AVPacketSideData* data =
      av_packet_side_data_get(stream.codecpar->coded_side_data, stream.codecpar->nb_coded_side_data, type);
  return data ? std::span<const uint8_t>(data->data, data->size) : std::span<const uint8_t>();
#else
  size_t size = 0;
  const uint8_t* data = av_stream_get_side_data(&stream, type, &size);
  return data ? std::span<const uint8_t>(data, size) : std::span<const uint8_t>();
#endif
}

// Takes `data`, which av_malloc made. Negative: an error of libav.
inline int addStreamSideData(AVStream& stream, AVPacketSideDataType type, void* data, size_t size) {
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 31, 102)
  AVCodecParameters& codec = *stream.codecpar;
  if (av_packet_side_data_add(&codec.coded_side_data, &codec.nb_coded_side_data, type, data, size, 0)) return 0;
  av_free(data);
  return AVERROR(ENOMEM);
#else
  const int result = av_stream_add_side_data(&stream, type, static_cast<uint8_t*>(data), size);
  if (result < 0) av_free(data);
  return result;
#endif
}

// Since FFmpeg 7.1 libav states the size of what it allocates.
inline AVMasteringDisplayMetadata* newMasteringDisplay(size_t& size) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(59, 36, 100)
  return av_mastering_display_metadata_alloc_size(&size);
#else
  size = sizeof(AVMasteringDisplayMetadata);
  return av_mastering_display_metadata_alloc();
#endif
}

// The 3x3 display matrix of a stream. False: it has none.
inline bool displayMatrix(const AVStream& stream, int32_t (&matrix)[9]) {
  const auto data = streamSideData(stream, AV_PKT_DATA_DISPLAYMATRIX);
  if (data.size() < sizeof matrix) return false;
  std::memcpy(matrix, data.data(), sizeof matrix);
  return true;
}

// What an encoder takes; empty = it does not list them.
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(61, 13, 100)
template <typename T>
std::span<const T> supportedConfig(const AVCodec& codec, AVCodecConfig what) {
  const void* list = nullptr;
  int count = 0;
  if (avcodec_get_supported_config(nullptr, &codec, what, 0, &list, &count) < 0 || !list) return {};
  return {static_cast<const T*>(list), static_cast<size_t>(count)};
}
inline std::span<const AVPixelFormat> supportedPixelFormats(const AVCodec& codec) {
  return supportedConfig<AVPixelFormat>(codec, AV_CODEC_CONFIG_PIX_FORMAT);
}
inline std::span<const AVSampleFormat> supportedSampleFormats(const AVCodec& codec) {
  return supportedConfig<AVSampleFormat>(codec, AV_CODEC_CONFIG_SAMPLE_FORMAT);
}
inline std::span<const int> supportedSampleRates(const AVCodec& codec) {
  return supportedConfig<int>(codec, AV_CODEC_CONFIG_SAMPLE_RATE);
}
#else
template <typename T>
std::span<const T> listUntil(const T* list, T end) {
  size_t count = 0;
  while (list && list[count] != end) count++;
  return {list, count};
}
inline std::span<const AVPixelFormat> supportedPixelFormats(const AVCodec& codec) {
  return listUntil(codec.pix_fmts, AV_PIX_FMT_NONE);
}
inline std::span<const AVSampleFormat> supportedSampleFormats(const AVCodec& codec) {
  return listUntil(codec.sample_fmts, AV_SAMPLE_FMT_NONE);
}
inline std::span<const int> supportedSampleRates(const AVCodec& codec) {
  return listUntil(codec.supported_samplerates, 0);
}
#endif

// What avio_alloc_context's write callback is given: const since FFmpeg 7.
#if LIBAVFORMAT_VERSION_MAJOR >= 61
using AvioWriteData = const uint8_t*;
#else
using AvioWriteData = uint8_t*;
#endif

}  // namespace framepath::media
