#include "media/describe.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "media/compat.h"
#include "media/orientation.h"
#include "media/pixel_format.h"

namespace framepath::media {
namespace {

constexpr double kMaxFps = 1000;  // a higher nominal rate is a time base, not a rate

const char* matrixName(ColorMatrix matrix) {
  switch (matrix) {
    case ColorMatrix::bt601: return "bt601";
    case ColorMatrix::bt709: return "bt709";
    case ColorMatrix::bt2020: return "bt2020";
  }
  return "";
}

Rational frameRate(const AVStream& stream) {
  for (const AVRational rate : {stream.avg_frame_rate, stream.r_frame_rate})
    if (rate.num > 0 && rate.den > 0 && av_q2d(rate) <= kMaxFps) return {rate.num, rate.den};
  return {0, 1};
}

void describeColor(SourceInfo& info, AVPixelFormat format, AVColorSpace space, AVColorRange range,
                   AVColorTransferCharacteristic transfer, AVColorPrimaries primaries) {
  if (const char* name = av_get_pix_fmt_name(format)) info.pixelFormat = name;
  if (const AVPixFmtDescriptor* d = av_pix_fmt_desc_get(format)) info.depth = d->comp[0].depth;
  info.colorMatrix = matrixName(colorMatrix(space, info.codedHeight));
  info.colorRange = colorRange(range, format) == ColorRange::full ? "full" : "limited";
  if (const char* name = av_color_transfer_name(transfer); name && transfer != AVCOL_TRC_UNSPECIFIED)
    info.colorTransfer = name;
  info.hdr = transfer == AVCOL_TRC_SMPTE2084 || transfer == AVCOL_TRC_ARIB_STD_B67;
  info.primaries = colorPrimaries(primaries, colorTransfer(transfer));
}

void place(SourceInfo& info, Orientation orientation) {
  const DisplaySize display = displaySize(info.codedWidth, info.codedHeight, info.sampleAspect, orientation);
  info.width = display.width;
  info.height = display.height;
  info.rotation = orientation.quarterTurns * 90;
}

void describeVideo(SourceInfo& info, const AVFormatContext& format, const AVStream& stream) {
  const AVCodecParameters& codec = *stream.codecpar;
  info.codec = avcodec_get_name(codec.codec_id);
  if (!avcodec_find_decoder(codec.codec_id))
    throw Error(ErrorCode::SOURCE_UNSUPPORTED, "This libav has no decoder for " + info.codec + ".");
  if (codec.width <= 0 || codec.height <= 0)
    throw Error(ErrorCode::SOURCE_UNREADABLE, "The " + info.codec + " stream holds no picture whose size can be read.",
                "Check that it is a complete media file.");
  info.codedWidth = codec.width;
  info.codedHeight = codec.height;
  info.sampleAspect = sampleAspectOf(nullptr, stream);
  place(info, orientationOf(nullptr, stream));
  info.interlaced = codec.field_order > AV_FIELD_PROGRESSIVE;
  describeColor(info, static_cast<AVPixelFormat>(codec.format), codec.color_space, codec.color_range, codec.color_trc,
                codec.color_primaries);
  if (info.hdr) info.hdrMetadata = hdrMetadataOf(stream);
  if (isImage(format)) {
    info.kind = "image";
    info.frames = 1;
    return;
  }
  info.kind = "video";
  info.fps = frameRate(stream);
  info.durationMs = declaredMs(format, &stream);
  if (stream.nb_frames > 0) {
    info.frames = stream.nb_frames;
  } else if (info.durationMs > 0 && info.fps.num > 0) {
    info.frames = std::llround(static_cast<double>(info.durationMs) * info.fps.value() / 1000);
  }
}

}  // namespace

int64_t declaredMs(const AVFormatContext& format, const AVStream* video) {
  if (video && video->duration > 0 && video->duration != AV_NOPTS_VALUE)
    return std::max<int64_t>(-1, av_rescale_q(video->duration, video->time_base, {1, 1000}));
  if (format.duration > 0 && format.duration != AV_NOPTS_VALUE) return format.duration / 1000;
  return -1;
}

bool isImage(const AVFormatContext& format) {
  const std::string_view container = format.iformat->name;
  return container.ends_with("_pipe") || container == "image2" || container == "ico";
}

Rational sampleAspectOf(const AVFrame* picture, const AVStream& stream) {
  // What the container states wins over the codec.
  for (const AVRational aspect : {stream.sample_aspect_ratio, picture ? picture->sample_aspect_ratio : AVRational{0, 1},
                                  stream.codecpar->sample_aspect_ratio})
    if (aspect.num > 0 && aspect.den > 0) return {aspect.num, aspect.den};
  return {1, 1};
}

SourceInfo describe(const Input& input) {
  const AVFormatContext& format = *input.format();
  SourceInfo info;
  info.container = format.iformat->name;
  if (format.bit_rate > 0) info.bitrate = format.bit_rate;
  if (const int64_t bytes = format.pb ? avio_size(format.pb) : -1; bytes >= 0) info.bytes = bytes;
  for (unsigned i = 0; i < format.nb_streams; i++) {
    const AVCodecParameters& codec = *format.streams[i]->codecpar;
    if (codec.codec_type != AVMEDIA_TYPE_AUDIO) continue;
    info.audio.push_back({avcodec_get_name(codec.codec_id), codec.sample_rate, codec.ch_layout.nb_channels});
  }

  if (const int video = input.videoStream(); video >= 0) {
    describeVideo(info, format, *format.streams[video]);
  } else if (!info.audio.empty()) {
    info.kind = "audio";
    info.durationMs = declaredMs(format, nullptr);
  } else {
    throw Error(ErrorCode::SOURCE_UNSUPPORTED,
                "\"" + input.uri() + "\" (" + info.container + ") has neither pictures nor audio.");
  }
  info.live = info.kind != "image" && info.durationMs < 0 && !input.randomAccess();
  return info;
}

void refine(SourceInfo& info, const AVFrame& picture, const AVStream& stream) {
  info.codedWidth = picture.width;
  info.codedHeight = picture.height;
  info.sampleAspect = sampleAspectOf(&picture, stream);
  place(info, orientationOf(&picture, stream));
  describeColor(info, static_cast<AVPixelFormat>(picture.format), picture.colorspace, picture.color_range,
                picture.color_trc, picture.color_primaries);
}

}  // namespace framepath::media
