#include "media/nvenc_encoder.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstring>
#include <initializer_list>

extern "C" {
#include <libavutil/hwcontext.h>
}

namespace framepath::media {
namespace {

constexpr uint64_t kOwnPictures = 16;

AVPixelFormat canvasFormat(const EncoderOptions& options) {
  return options.dynamicRange == DynamicRange::sdr ? AV_PIX_FMT_NV12 : AV_PIX_FMT_P010;
}

// What an AVFrame over a canvas refers to, so that libavcodec knows what it is. No memory comes from it.
AvBuffer canvasFrames(const HardwareContext& hardware, const EncoderOptions& options) {
  AvBuffer reference(av_hwframe_ctx_alloc(hardware.get()));
  if (!reference) throw std::bad_alloc();
  auto& frames = *reinterpret_cast<AVHWFramesContext*>(reference->data);
  frames.format = AV_PIX_FMT_CUDA;
  frames.sw_format = canvasFormat(options);
  frames.width = options.width;
  frames.height = options.height;
  av(av_hwframe_ctx_init(reference.get()), "av_hwframe_ctx_init", ErrorCode::ENCODER_UNAVAILABLE);
  return reference;
}

// Why a session was not opened, by the driver's numbers in libavcodec's log.
bool opening(const std::string& why, std::initializer_list<const char*> numbers) {
  if (why.find("OpenEncodeSessionEx") == std::string::npos) return false;
  return std::any_of(numbers.begin(), numbers.end(),
                     [&](const char* number) { return why.find(number) != std::string::npos; });
}
bool tooManySessions(const std::string& why) {
  return opening(why, {"(10)", "(21)"});  // out of memory, incompatible client key
}
bool hasNoEncoder(const std::string& why) {
  return opening(why, {"(1)", "(2)"});  // no encode device, unsupported device
}

void insert(AVPacket& packet, size_t at, const uint8_t* bytes, size_t count) {
  const auto rest = static_cast<size_t>(packet.size) - at;
  av(av_grow_packet(&packet, static_cast<int>(count)), "av_grow_packet", ErrorCode::ENCODE_FAILED);
  std::memmove(packet.data + at + count, packet.data + at, rest);
  std::memcpy(packet.data + at, bytes, count);
}

// Null: it does not open.
std::unique_ptr<Encoder> tryOpen(const EncoderOptions& options, const ProfileRow& row,
                                 const std::shared_ptr<Device>& device, const EncoderSession& session,
                                 std::string& whyNot) try {
  HardwareContext hardware(device);
  const AvBuffer frames = canvasFrames(hardware, options);
  // What it takes for pictures that it refers to or holds for look-ahead, about.
  const uint64_t sampleBytes = options.dynamicRange == DynamicRange::sdr ? 1 : 2;
  auto reservation = device->reserve(
      static_cast<uint64_t>(options.width) * options.height * 3 / 2 * sampleBytes * kOwnPictures, "a video encoder");
  AvCodecContext context = newEncoderContext(row.encoder, options);
  context->pix_fmt = AV_PIX_FMT_CUDA;
  context->sw_pix_fmt = canvasFormat(options);
  context->hw_frames_ctx = av_buffer_ref(frames.get());
  if (!context->hw_frames_ctx) throw std::bad_alloc();
  AvDictionary privates;
  applyProfile(row, options, *context, privates);
  takeLastLog();
  const int result = avcodec_open2(context.get(), context->codec, &privates);
  if (result < 0) {
    whyNot = takeLastLog();  // more precise than the error code
    if (whyNot.empty()) whyNot = avErrorText(result);
    hardware.queue().synchronize();  // DEVICE_LOST, if it is
    return nullptr;
  }
  return std::make_unique<NvencEncoder>(options, row, std::move(hardware), std::move(context), session,
                                        std::move(reservation));
} catch (const Error& error) {
  if (error.code == ErrorCode::DEVICE_LOST) throw;
  whyNot = error.sentence;
  return nullptr;
}

}  // namespace

NvencEncoder::NvencEncoder(const EncoderOptions& options, const ProfileRow& row, HardwareContext hardware,
                           AvCodecContext context, EncoderSession session, std::shared_ptr<void> reservation)
    : LibavEncoder(options, row, std::move(context), -1),
      session_(std::move(session)),
      reservation_(std::move(reservation)),
      hardware_(std::move(hardware)) {}

NvencEncoder::~NvencEncoder() {
  context_.reset();  // before its session is another's
}

int32_t NvencEncoder::heldCanvases() const {
  int64_t surfaces = 0;
  av_opt_get_int(context_->priv_data, "surfaces", 0, &surfaces);
  return static_cast<int32_t>(surfaces) + 1;  // and one that waits for a surface
}

void NvencEncoder::push(const FrameRef& canvas, const Emit& emit) {
  require(canvas->view);
  if (untilKeyframe_ == 0) {
    if (bitrate_ > 0) setTarget(*context_, bitrate_);
    untilKeyframe_ = context_->gop_size;
  }
  untilKeyframe_--;
  AvFrame picture = pictureOf(canvas);
  picture->format = AV_PIX_FMT_CUDA;
  picture->hw_frames_ctx = av_buffer_ref(context_->hw_frames_ctx);
  if (!picture->hw_frames_ctx) throw std::bad_alloc();
  hardware_.queue().wait(canvas->ready);
  send(*picture, ticks_.next(canvas->ptsUs), emit);
}

// libavcodec puts parameter sets either into the header or before keyframes.
void NvencEncoder::complete(AVPacket& packet) {
  if (!(packet.flags & AV_PKT_FLAG_KEY) || context_->extradata_size <= 0) return;
  constexpr uint8_t kTemporalDelimiter[] = {0x12, 0};  // of AV1, comes first
  const bool delimited = context_->codec_id == AV_CODEC_ID_AV1 && packet.size >= 2 &&
                         std::memcmp(packet.data, kTemporalDelimiter, sizeof kTemporalDelimiter) == 0;
  insert(packet, delimited ? sizeof kTemporalDelimiter : 0, context_->extradata,
         static_cast<size_t>(context_->extradata_size));
}

std::unique_ptr<Encoder> openNvenc(const EncoderOptions& options, const std::shared_ptr<Device>& device,
                                   std::string& whyNot) {
  const ProfileRow row = nvencRow(options);
  if (!avcodec_find_encoder_by_name(row.encoder)) {
    whyNot = std::string(row.encoder) + " is not in this libavcodec";
    return nullptr;
  }
  if (!dlopen("libnvidia-encode.so.1", RTLD_NOW | RTLD_LOCAL)) {  // kept: libavcodec opens it too, but names no cause
    whyNot = std::string("the driver's video encoding library cannot be opened: ") + dlerror();
    return nullptr;
  }
  ProfileRow simpler = row;  // some GPUs have no B-frames
  simpler.bFrames = 0;
  for (;;) {
    EncoderSession session = takeEncoderSession(options.maxSessions, options.sessions, options.stop);
    if (!session) {
      whyNot = "its " + std::to_string(encoderSessions().open) + " sessions are in use";
      return nullptr;
    }
    auto encoder = tryOpen(options, row, device, session, whyNot);
    if (!encoder && row.bFrames > 0 && !tooManySessions(whyNot) && !hasNoEncoder(whyNot))
      encoder = tryOpen(options, simpler, device, session, whyNot);
    if (encoder) return encoder;
    if (!tooManySessions(whyNot)) {
      if (hasNoEncoder(whyNot)) whyNot = "this GPU has no video encoder";
      return nullptr;
    }
    if (!encoderSessionRefused(std::move(session)) || options.sessions == SessionPolicy::fallback) return nullptr;
  }
}

}  // namespace framepath::media
