#include "simulator/nvenc/session.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "simulator/simulator.h"

namespace framepath::simulator {
namespace {

bool isHevc(const GUID& codec) {
  return std::memcmp(&codec, &NV_ENC_CODEC_HEVC_GUID, sizeof codec) == 0;
}

struct Reading {
  const Surface* surface;
  AVFrame* frame;
};

// P010 to I420 of 10 bits.
void readDeep(const Surface& surface, AVFrame& frame) {
  const auto row = [&](int y) {
    return reinterpret_cast<const uint16_t*>(surface.memory + static_cast<size_t>(y) * surface.pitch);
  };
  const auto to = [&](int plane, int y) {
    return reinterpret_cast<uint16_t*>(frame.data[plane] + static_cast<ptrdiff_t>(y) * frame.linesize[plane]);
  };
  for (int y = 0; y < frame.height; y++)
    for (int x = 0; x < frame.width; x++) to(0, y)[x] = static_cast<uint16_t>(row(y)[x] >> 6);
  for (int y = 0; y < frame.height / 2; y++)
    for (int x = 0; x < frame.width / 2; x++)
      for (int plane = 1; plane < 3; plane++)
        to(plane, y)[x] = static_cast<uint16_t>(row(surface.height + y)[2 * x + plane - 1] >> 6);
}

// NV12 to I420, which every encoder takes.
void readSurface(void* argument) {
  const auto& [surface, frame] = *static_cast<const Reading*>(argument);
  if (surface->deep) return readDeep(*surface, *frame);
  for (int y = 0; y < frame->height; y++)
    std::memcpy(frame->data[0] + static_cast<ptrdiff_t>(y) * frame->linesize[0],
                surface->memory + static_cast<size_t>(y) * surface->pitch, static_cast<size_t>(frame->width));
  const uint8_t* chroma = surface->memory + surface->pitch * static_cast<size_t>(surface->height);
  for (int y = 0; y < frame->height / 2; y++)
    for (int x = 0; x < frame->width / 2; x++)
      for (int plane = 1; plane < 3; plane++)
        frame->data[plane][static_cast<ptrdiff_t>(y) * frame->linesize[plane] + x] =
            chroma[static_cast<size_t>(y) * surface->pitch + static_cast<size_t>(2 * x + plane - 1)];
}

}  // namespace

NVENCSTATUS Session::fail(const std::string& what) {
  error_ = what;
  return NV_ENC_ERR_GENERIC;
}

NVENCSTATUS Session::begin(const NV_ENC_INITIALIZE_PARAMS& p) {
  const bool hevc = isHevc(p.encodeGUID);
  const NV_ENC_CONFIG& config = *p.encodeConfig;
  const auto& vui = hevc ? config.encodeCodecConfig.hevcConfig.hevcVUIParameters
                         : config.encodeCodecConfig.h264Config.h264VUIParameters;
  const NV_ENC_RC_PARAMS& rate = config.rcParams;
  parameters_.width = static_cast<int>(p.encodeWidth);
  parameters_.height = static_cast<int>(p.encodeHeight);
  parameters_.fpsNum = static_cast<int>(p.frameRateNum);
  parameters_.fpsDen = static_cast<int>(p.frameRateDen);
  parameters_.gop = static_cast<int>(std::min(config.gopLength, 100000u));
  parameters_.bFrames = std::max(0, config.frameIntervalP - 1);
  parameters_.quality = rate.targetQuality ? rate.targetQuality : 23;
  parameters_.bitrate = rate.averageBitRate;
  parameters_.matrix = static_cast<int>(vui.colourMatrix);
  parameters_.primaries = static_cast<int>(vui.colourPrimaries);
  parameters_.transfer = static_cast<int>(vui.transferCharacteristics);
  parameters_.fullRange = vui.videoFullRangeFlag;
  parameters_.deep = hevc && config.encodeCodecConfig.hevcConfig.pixelBitDepthMinus8 == 2;
  backend_ = hevc ? openX265(parameters_) : openX264(parameters_);
  return backend_ ? NV_ENC_SUCCESS : fail("the simulator's encoder does not open");
}

void Session::setRate(const NV_ENC_RC_PARAMS& rate) {
  backend_->setBitrate(rate.averageBitRate);
  keyframeNext_ = true;
}

NVENCSTATUS Session::encode(const NV_ENC_PIC_PARAMS& p) {
  if (!backend_) return NV_ENC_ERR_ENCODER_NOT_INITIALIZED;
  if (p.encodePicFlags & NV_ENC_PIC_FLAG_EOS) {  // libavcodec sets it with every packet that it takes from then on
    if (!std::exchange(ended_, true) && !pushAndTake(nullptr, false))
      return fail("the simulator's encoder does not end");
    return NV_ENC_SUCCESS;
  }
  if (static_cast<const Surface*>(p.inputBuffer)->deep != parameters_.deep)
    return fail("a surface of another depth than the session's");
  AVFrame* frame = av_frame_alloc();
  frame->format = parameters_.deep ? AV_PIX_FMT_YUV420P10 : AV_PIX_FMT_YUV420P;
  frame->width = parameters_.width;
  frame->height = parameters_.height;
  av_frame_get_buffer(frame, 0);
  Reading reading{static_cast<const Surface*>(p.inputBuffer), frame};
  simulatorRun(stream_, readSurface, &reading);
  simulatorSynchronize(stream_);
  frame->pts = static_cast<int64_t>(p.inputTimeStamp);
  const bool keyframe = keyframeNext_ || p.encodePicFlags & NV_ENC_PIC_FLAG_FORCEIDR;
  keyframeNext_ = false;
  static_cast<Bitstream*>(p.outputBitstream)->number = pushed_++;
  const bool encoded = pushAndTake(frame, keyframe);
  av_frame_free(&frame);
  if (!encoded) return fail("the simulator's encoder fails");
  // Pictures between two references wait for the later one.
  const bool waits = (pushed_ - 1) % static_cast<uint64_t>(parameters_.bFrames + 1) != 0;
  return waits ? NV_ENC_ERR_NEED_MORE_INPUT : NV_ENC_SUCCESS;
}

bool Session::pushAndTake(const AVFrame* picture, bool keyframe) {
  std::vector<Coded> packets;
  if (!backend_->encode(picture, keyframe, packets)) return false;
  for (Coded& packet : packets) packets_.push_back(std::move(packet));
  simulatorCount("nvenc_packets", static_cast<long long>(packets.size()));
  return true;
}

// The real one would wait for the packet.
NVENCSTATUS Session::lock(Bitstream& bitstream) {
  const uint64_t number = bitstream.number;
  if (number < firstPacket_ || number - firstPacket_ >= packets_.size())
    return fail("the simulator has no packet yet: its encoder is slower than NVENC would be");
  for (; firstPacket_ < number; firstPacket_++) packets_.pop_front();
  bitstream.coded = packets_.front();
  return NV_ENC_SUCCESS;
}

}  // namespace framepath::simulator
