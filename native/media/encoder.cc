#include "media/encoder.h"

#include <algorithm>
#include <cstdlib>
#include <mutex>

#include "core/pool.h"
#include "device/image.h"
#include "media/adaptive_encoder.h"
#include "media/av.h"
#include "media/profiles.h"
#include "media/ticks.h"

namespace framepath::media {
namespace {

// libavcodec sees the canvas's own memory; the frame lives as long as the encoder refers to it.
AvFrame wrap(const FrameRef& canvas) {
  const ImageView& view = canvas->view;
  AvFrame frame = newFrame();
  auto held = std::make_unique<FrameRef>(canvas);
  const size_t bytes = static_cast<size_t>(view.planes[0].pitchBytes) * view.height;
  frame->buf[0] = av_buffer_create(
      view.planes[0].data, bytes,
      [](void* opaque, uint8_t*) { std::unique_ptr<FrameRef> letGo(static_cast<FrameRef*>(opaque)); }, held.get(),
      AV_BUFFER_FLAG_READONLY);
  if (!frame->buf[0]) throw std::bad_alloc();
  held.release();
  for (int plane = 0; plane < 3; plane++) {
    frame->data[plane] = view.planes[plane].data;
    frame->linesize[plane] = view.planes[plane].pitchBytes;
  }
  frame->width = view.width;
  frame->height = view.height;
  frame->format = AV_PIX_FMT_YUV420P;
  frame->color_range = AVCOL_RANGE_MPEG;
  frame->colorspace = AVCOL_SPC_BT709;
  frame->color_primaries = AVCOL_PRI_BT709;
  frame->color_trc = AVCOL_TRC_BT709;
  return frame;
}

// Canvases where the host can read them: as they are on the CPU, else copied.
class HostCanvas {
 public:
  HostCanvas(std::shared_ptr<Device> device, int32_t width, int32_t height) : device_(std::move(device)) {
    if (device_->id().kind == DeviceKind::cpu) return;
    queue_ = device_->openQueue();
    // The libraries copy their input, so one would do; more let them refer to it for a while.
    images_ = std::make_unique<Pool<Image>>(4, [device = device_, width, height] {
      return std::make_unique<Image>(allocateImage(*device, pixelFormat::yuv420p, width, height, MemoryKind::host));
    });
  }

  FrameRef readable(const FrameRef& canvas) {
    if (!queue_) {
      waitHost(canvas->ready);
      return canvas;
    }
    std::shared_ptr<Image> image = images_->lease();
    queue_->wait(canvas->ready);
    for (int plane = 0; plane < planeCount(image->view.format); plane++) {
      const size_t bytes = static_cast<size_t>(planeWidth(image->view, plane)) * sampleBytes(image->view, plane);
      device_->copy(*queue_, image->view.planes[plane].data, image->view.planes[plane].pitchBytes,
                    canvas->view.planes[plane].data, canvas->view.planes[plane].pitchBytes, bytes,
                    planeHeight(image->view, plane), CopyKind::d2hEncode);
    }
    queue_->synchronize();
    const ImageView view = image->view;
    return std::make_shared<const Frame>(view, view.width, view.height, std::move(image));
  }

 private:
  std::shared_ptr<Device> device_;
  std::unique_ptr<Queue> queue_;
  std::unique_ptr<Pool<Image>> images_;
};

class SoftwareEncoder : public Encoder {
 public:
  SoftwareEncoder(const ProfileRow& row, const EncoderOptions& options, std::shared_ptr<Device> device,
                  AvCodecContext context)
      : row_(row),
        options_(options),
        host_(std::move(device), options.width, options.height),
        context_(std::move(context)),
        parameters_(avcodec_parameters_alloc()),
        packet_(newPacket()) {
    if (!parameters_) throw std::bad_alloc();
    av(avcodec_parameters_from_context(parameters_.get(), context_.get()), "avcodec_parameters_from_context",
       ErrorCode::ENCODE_FAILED);
  }

  ~SoftwareEncoder() override {
    if (!drained_ && isSvt()) drainSvt();
  }

  PixelFormat inputFormat() const override { return pixelFormat::yuv420p; }
  const AVCodecParameters* parameters() const override { return parameters_.get(); }
  std::string name() const override { return context_->codec->name; }
  RateFigures rate() const override {
    RateFigures rate;
    rate.control = rateControlOf(row_, options_);
    if (rate.control == RateControl::constant) rate.min = rate.mean = rate.max = options_.bitrate;
    return rate;
  }
  void setBitrate(int64_t bitrate) override { setTarget(*context_, bitrate); }

  void push(const FrameRef& canvas, const Emit& emit) override {
    const ImageView& view = canvas->view;
    if (view.format != pixelFormat::yuv420p || view.width != options_.width || view.height != options_.height) {
      throw Error(ErrorCode::INVALID_ARGUMENT,
                  "The encoder was opened for " + std::to_string(options_.width) + "x" +
                      std::to_string(options_.height) + " yuv420p pictures and was given one of " +
                      std::to_string(view.width) + "x" + std::to_string(view.height) + " or another format.");
    }
    const AvFrame frame = wrap(host_.readable(canvas));
    // Frames off the grid go to the nearest free tick: the output has a constant rate.
    lastTick_ = std::max(lastTick_ + 1, ticksOfUs(canvas->ptsUs, options_.fps));
    frame->pts = lastTick_;
    av(avcodec_send_frame(context_.get(), frame.get()), name(), ErrorCode::ENCODE_FAILED);
    drain(emit);
  }

  void finish(const Emit& emit) override {
    if (drained_ || lastTick_ < 0) return;
    if (!ended_) av(avcodec_send_frame(context_.get(), nullptr), name(), ErrorCode::ENCODE_FAILED);
    ended_ = true;
    drain(emit);  // `emit` may throw to give up
    drained_ = true;
  }

 private:
  void drain(const Emit& emit) {
    while (true) {
      const int result = avcodec_receive_packet(context_.get(), packet_.get());
      if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return;
      av(result, name(), ErrorCode::ENCODE_FAILED);
      Packet packet;
      packet.data = std::make_shared<const std::vector<uint8_t>>(packet_->data, packet_->data + packet_->size);
      packet.ptsUs = usOfTicks(packet_->pts, options_.fps);
      packet.dtsUs = usOfTicks(packet_->dts, options_.fps);
      packet.durationUs = usOfTicks(std::max<int64_t>(1, packet_->duration), options_.fps);
      packet.keyframe = packet_->flags & AV_PKT_FLAG_KEY;
      av_packet_unref(packet_.get());
      emit(std::move(packet));
    }
  }

  bool isSvt() const { return std::string_view(context_->codec->name) == "libsvtav1"; }

  // SVT-AV1 1.4 waits for ever when it is closed before the end of its stream, and at the end of a stream without
  // pictures.
  void drainSvt() noexcept {
    if (lastTick_ < 0) {
      const AvFrame black(av_frame_alloc());
      if (!black) return;
      black->width = options_.width;
      black->height = options_.height;
      black->format = AV_PIX_FMT_YUV420P;
      black->pts = 0;
      if (av_frame_get_buffer(black.get(), 0) < 0) return;
      const ptrdiff_t pitches[4] = {black->linesize[0], black->linesize[1], black->linesize[2], 0};
      av_image_fill_black(black->data, pitches, AV_PIX_FMT_YUV420P, AVCOL_RANGE_MPEG, black->width, black->height);
      if (avcodec_send_frame(context_.get(), black.get()) < 0) return;
    }
    if (!ended_ && avcodec_send_frame(context_.get(), nullptr) < 0) return;
    while (avcodec_receive_packet(context_.get(), packet_.get()) >= 0) av_packet_unref(packet_.get());
  }

  const ProfileRow& row_;
  const EncoderOptions options_;
  HostCanvas host_;
  AvCodecContext context_;
  AvCodecParameters parameters_;
  AvPacket packet_;
  int64_t lastTick_ = -1;
  bool ended_ = false;    // the encoder knows that no picture follows
  bool drained_ = false;  // and has given all packets
};

// SVT-AV1 prints to stderr and listens to nothing but its environment variable.
void quietSvt() {
  static std::once_flag once;
  std::call_once(once, [] { setenv("SVT_LOG", "0", 0); });
}

AvCodecContext tryOpen(const ProfileRow& row, const EncoderOptions& options, std::string& whyNot) {
  const AVCodec* codec = avcodec_find_encoder_by_name(row.encoder);
  if (!codec) {
    whyNot = "not in this libavcodec";
    return nullptr;
  }
  AvCodecContext context(avcodec_alloc_context3(codec));
  if (!context) throw std::bad_alloc();
  context->width = options.width;
  context->height = options.height;
  context->pix_fmt = AV_PIX_FMT_YUV420P;
  context->time_base = tickOf(options.fps);
  context->framerate = {options.fps.num, options.fps.den};
  context->sample_aspect_ratio = {1, 1};
  context->color_range = AVCOL_RANGE_MPEG;
  context->colorspace = AVCOL_SPC_BT709;
  context->color_primaries = AVCOL_PRI_BT709;
  context->color_trc = AVCOL_TRC_BT709;
  context->chroma_sample_location = AVCHROMA_LOC_LEFT;
  context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  AvDictionary privates;
  applyProfile(row, options, *context, privates);
  if (std::string_view(row.encoder) == "libsvtav1") quietSvt();
  const int result = avcodec_open2(context.get(), codec, &privates);
  if (result < 0) {
    whyNot = avErrorText(result);
    return nullptr;
  }
  return context;
}

constexpr const char* kCodecNames[] = {"h264", "hevc", "av1"};
constexpr const char* kProfileNames[] = {"realtime", "streaming", "balanced", "quality", "archival"};

template <size_t N>
int indexOf(const char* const (&names)[N], const std::string& name, const char* what) {
  std::string all;
  for (size_t i = 0; i < N; i++) {
    if (name == names[i]) return static_cast<int>(i);
    all += (i ? ", " : "") + std::string(names[i]);
  }
  throw Error(ErrorCode::INVALID_ARGUMENT,
              std::string("Expected a ") + what + " (" + all + ") but received \"" + name + "\".");
}

}  // namespace

VideoCodec videoCodecNamed(const std::string& name) {
  return static_cast<VideoCodec>(indexOf(kCodecNames, name, "codec"));
}
Profile profileNamed(const std::string& name) {
  return static_cast<Profile>(indexOf(kProfileNames, name, "profile"));
}

std::unique_ptr<Encoder> openEncoder(const EncoderOptions& options, std::shared_ptr<Device> device) {
  if (options.width <= 0 || options.height <= 0 || options.width % 2 || options.height % 2) {
    throw Error(ErrorCode::INVALID_ARGUMENT, "An encoder needs an even width and height but received " +
                                                 std::to_string(options.width) + "x" + std::to_string(options.height) +
                                                 ".");
  }
  if (options.fps.num <= 0 || options.fps.den <= 0) {
    throw Error(ErrorCode::INVALID_ARGUMENT, "An encoder needs a frame rate above 0.");
  }
  quietLog();
  std::string lookedFor;
  for (const ProfileRow* row : profileRows(options.codec, options.profile)) {
    std::string whyNot;
    if (AvCodecContext context = tryOpen(*row, options, whyNot)) {
      auto encoder = std::make_unique<SoftwareEncoder>(*row, options, device, std::move(context));
      if (encoder->rate().control != RateControl::adaptive) return encoder;
      return std::make_unique<AdaptiveEncoder>(std::move(encoder), options, std::move(device));
    }
    lookedFor += (lookedFor.empty() ? "" : "; ") + std::string(row->encoder) + " (" + whyNot + ")";
  }
  throw Error(
      ErrorCode::ENCODER_UNAVAILABLE,
      std::string("No encoder for ") + kCodecNames[static_cast<int>(options.codec)] + " at " +
          std::to_string(options.width) + "x" + std::to_string(options.height) + ". Looked for: " + lookedFor + ".",
      "Install an FFmpeg built with that encoder (`ffmpeg -encoders` lists what is there) or choose another codec.");
}

}  // namespace framepath::media
