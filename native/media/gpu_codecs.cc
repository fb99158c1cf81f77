#include "media/gpu_codecs.h"

#include "core/enum_names.h"
#include "media/nvdec.h"
#include "media/nvenc_encoder.h"

namespace framepath::media {

GpuCodecs gpuCodecs(const std::shared_ptr<Device>& gpu) {
  quietLog();
  GpuCodecs codecs;
  codecs.decodes = nvdecOf(*gpu);
  for (const VideoCodec codec : {VideoCodec::h264, VideoCodec::hevc, VideoCodec::av1}) {
    EncoderOptions options;
    options.codec = codec;
    options.profile = Profile::realtime;
    options.width = 640;
    options.height = 360;
    std::string& whyNot = codecs.encodes[nameOf(codec)];
    if (openNvenc(options, gpu, whyNot)) whyNot.clear();
  }
  return codecs;
}

}  // namespace framepath::media
