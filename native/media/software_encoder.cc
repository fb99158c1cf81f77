#include "media/software_encoder.h"

#include <cstdlib>
#include <mutex>
#include <string_view>

#include "core/enum_names.h"
#include "media/versions.h"

namespace framepath::media {
namespace {

bool isSvt(const AVCodecContext& context) {
  return std::string_view(context.codec->name) == "libsvtav1";
}

constexpr const char* kSystemLibraries =
    "The system's FFmpeg usually has x264, x265 and SVT-AV1: set FRAMEPATH_AV=system where that is FFmpeg 7, else "
    "build the addon for it: node node_modules/framepath/scripts/build.mjs";

bool isBundle() {
  return !bundledLibraries().empty();
}

bool isOpenH264(const AVCodecContext& context) {
  return std::string_view(context.codec->name) == "libopenh264";
}

// SVT-AV1 writes to stderr; only its environment variable changes that.
void quietSvt() {
  static std::once_flag once;
  std::call_once(once, [] { setenv("SVT_LOG", "0", 0); });
}

AvCodecContext tryOpen(const ProfileRow& row, const EncoderOptions& options, std::string& whyNot) {
  AvCodecContext context = newEncoderContext(row.encoder, options);
  if (!context) {
    whyNot = "not in this libavcodec";
    return nullptr;
  }
  context->pix_fmt = options.dynamicRange == DynamicRange::sdr ? AV_PIX_FMT_YUV420P : AV_PIX_FMT_YUV420P10;
  AvDictionary privates;
  applyProfile(row, options, *context, privates);
  if (isSvt(*context)) quietSvt();
  const int result = avcodec_open2(context.get(), context->codec, &privates);
  if (result < 0) {
    whyNot = avErrorText(result);
    return nullptr;
  }
  // Its header is made by now: without the flag the parameter sets are before each keyframe as well.
  if (isOpenH264(*context)) context->flags &= ~AV_CODEC_FLAG_GLOBAL_HEADER;
  return context;
}

}  // namespace

SoftwareEncoder::SoftwareEncoder(const EncoderOptions& options, const ProfileRow& row, AvCodecContext context,
                                 std::shared_ptr<Device> device, PixelFormat canvases, int64_t afterTick)
    : LibavEncoder(options, row, std::move(context), afterTick),
      canvases_(canvases),
      host_(std::move(device), canvases, options.width, options.height) {}

SoftwareEncoder::~SoftwareEncoder() {
  if (!drained() && isSvt(*context_)) drainSvt();
}

void SoftwareEncoder::push(const FrameRef& canvas, const Emit& emit) {
  require(canvas->view);
  const AvFrame picture = pictureOf(host_.readable(canvas));
  picture->format = context_->pix_fmt;
  send(*picture, ticks_.next(canvas->ptsUs), emit);
}

// SVT-AV1 1.4 waits for ever when it is closed before the end of its stream, and at the end of a stream without
// pictures.
void SoftwareEncoder::drainSvt() noexcept {
  if (!begun()) {
    const AvFrame black(av_frame_alloc());
    if (!black) return;
    black->width = options_.width;
    black->height = options_.height;
    black->format = context_->pix_fmt;
    black->pts = 0;
    if (av_frame_get_buffer(black.get(), 0) < 0) return;
    const ptrdiff_t pitches[4] = {black->linesize[0], black->linesize[1], black->linesize[2], 0};
    av_image_fill_black(black->data, pitches, context_->pix_fmt, AVCOL_RANGE_MPEG, black->width, black->height);
    if (avcodec_send_frame(context_.get(), black.get()) < 0) return;
  }
  if (!ended() && avcodec_send_frame(context_.get(), nullptr) < 0) return;
  const AvPacket packet(av_packet_alloc());
  while (packet && avcodec_receive_packet(context_.get(), packet.get()) >= 0) av_packet_unref(packet.get());
}

std::unique_ptr<Encoder> openSoftwareEncoder(const EncoderOptions& options, std::shared_ptr<Device> device,
                                             PixelFormat canvases, int64_t afterTick) {
  std::string lookedFor;
  for (const ProfileRow& row : profileRows(options)) {
    std::string whyNot;
    if (AvCodecContext context = tryOpen(row, options, whyNot)) {
      if (isOpenH264(*context) && options.recovered)
        options.recovered(
            "encoded as H.264 by openh264, which needs more bits for the same picture: it has no B-frames",
            lookedFor + (isBundle() ? std::string(". ") + kSystemLibraries : ""));
      return std::make_unique<SoftwareEncoder>(options, row, std::move(context), std::move(device), canvases,
                                               afterTick);
    }
    lookedFor += (lookedFor.empty() ? "" : "; ") + std::string(row.encoder) + " (" + whyNot + ")";
  }
  throw Error(ErrorCode::ENCODER_UNAVAILABLE,
              std::string("No encoder for ") + nameOf(options.codec) + " at " + std::to_string(options.width) + "x" +
                  std::to_string(options.height) + ". Looked for: " + lookedFor + ".",
              isBundle()
                  ? std::string(kSystemLibraries) + "; or choose another codec."
                  : "Install an FFmpeg built with that encoder (`ffmpeg -encoders` lists what is there) or choose "
                    "another codec.");
}

}  // namespace framepath::media
