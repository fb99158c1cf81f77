#include <x265.h>

#include "simulator/nvenc/backend.h"

namespace framepath::simulator {
namespace {

class X265 : public Backend {
 public:
  ~X265() override {
    if (encoder_) api_->encoder_close(encoder_);
    if (param_) api_->param_free(param_);
    if (picture_) api_->picture_free(picture_);
  }

  bool open(const Stream& stream) {
    api_ = x265_api_get(stream.deep ? 10 : 8);
    if (!api_) return false;
    param_ = api_->param_alloc();
    picture_ = api_->picture_alloc();
    api_->param_default_preset(param_, "ultrafast", stream.bFrames ? nullptr : "zerolatency");
    param_->sourceWidth = stream.width;
    param_->sourceHeight = stream.height;
    param_->fpsNum = static_cast<uint32_t>(stream.fpsNum);
    param_->fpsDenom = static_cast<uint32_t>(stream.fpsDen);
    const auto set = [&](const char* key, int64_t value) {
      api_->param_parse(param_, key, std::to_string(value).c_str());
    };
    api_->param_parse(param_, "log-level", "none");
    set("pools", 1);
    set("frame-threads", 1);
    set("open-gop", 0);
    set("b-adapt", 0);
    set("scenecut", 0);
    set("bframes", stream.bFrames);
    set("rc-lookahead", stream.bFrames ? stream.bFrames + 1 : 0);
    set("keyint", stream.gop);
    set("min-keyint", 1);
    set("repeat-headers", 0);
    set("annexb", 1);
    set("info", 0);  // NVENC has room for 512 bytes of header
    set("range", stream.fullRange);
    param_->vui.bEnableVideoSignalTypePresentFlag = param_->vui.bEnableColorDescriptionPresentFlag = 1;
    param_->vui.matrixCoeffs = stream.matrix;
    param_->vui.colorPrimaries = stream.primaries;
    param_->vui.transferCharacteristics = stream.transfer;
    if (stream.bitrate > 0)
      set("bitrate", stream.bitrate / 1000);
    else
      set("crf", stream.quality);
    encoder_ = api_->encoder_open(param_);
    if (!encoder_) return false;
    x265_nal* nals = nullptr;
    uint32_t count = 0;
    if (api_->encoder_headers(encoder_, &nals, &count) < 0) return false;
    header_ = joined(nals, count);
    api_->picture_init(param_, picture_);
    picture_->bitDepth = stream.deep ? 10 : 8;
    return true;
  }

  const std::vector<uint8_t>& header() const override { return header_; }

  bool encode(const AVFrame* frame, bool keyframe, std::vector<Coded>& packets) override {
    if (frame) {
      for (int p = 0; p < 3; p++) {
        picture_->planes[p] = frame->data[p];
        picture_->stride[p] = frame->linesize[p];
      }
      picture_->pts = frame->pts;
      picture_->sliceType = keyframe ? X265_TYPE_IDR : X265_TYPE_AUTO;
    }
    for (;;) {
      x265_nal* nals = nullptr;
      uint32_t count = 0;
      x265_picture* out = api_->picture_alloc();
      const int result = api_->encoder_encode(encoder_, &nals, &count, frame ? picture_ : nullptr, out);
      if (result > 0)
        packets.push_back({joined(nals, count), static_cast<uint64_t>(out->pts), IS_X265_TYPE_I(out->sliceType)});
      api_->picture_free(out);
      if (result < 0) return false;
      if (frame || result == 0) return true;
    }
  }

  void setBitrate(int64_t) override {}  // x265 keeps its rate

 private:
  static std::vector<uint8_t> joined(const x265_nal* nals, uint32_t count) {
    std::vector<uint8_t> bytes;
    for (uint32_t i = 0; i < count; i++)
      bytes.insert(bytes.end(), nals[i].payload, nals[i].payload + nals[i].sizeBytes);
    return bytes;
  }

  const x265_api* api_ = nullptr;
  x265_param* param_ = nullptr;
  x265_encoder* encoder_ = nullptr;
  x265_picture* picture_ = nullptr;
  std::vector<uint8_t> header_;
};

}  // namespace

std::unique_ptr<Backend> openX265(const Stream& stream) {
  auto backend = std::make_unique<X265>();
  return backend->open(stream) ? std::move(backend) : nullptr;
}

}  // namespace framepath::simulator
