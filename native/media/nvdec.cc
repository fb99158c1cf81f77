#include "media/nvdec.h"

#include <dlfcn.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "device/cuda_driver.h"

namespace framepath::media {
namespace {

// NVIDIA's cuviddec.h, as far as we need it.
struct DecodeCaps {  // CUVIDDECODECAPS
  int codec, chroma;
  unsigned depthMinus8, reserved1[3];
  unsigned char isSupported, decoders;
  unsigned short outputFormats;
  unsigned maxWidth, maxHeight, maxMacroblocks;
  unsigned short minWidth, minHeight;
  unsigned char histogram, counterDepth;
  unsigned short histogramBins;
  unsigned reserved3[10];
};
static_assert(sizeof(DecodeCaps) == 88);
using GetDecoderCaps = cuda::Result (*)(DecodeCaps*);

// libav hands other formats of the GPU on as 4:2:0 without an error.
struct Codec {
  AVCodecID id;
  int cuvid;  // cudaVideoCodec
  bool has444;
};
constexpr Codec kCodecs[] = {{AV_CODEC_ID_H264, 4, false},
                             {AV_CODEC_ID_HEVC, 8, true},
                             {AV_CODEC_ID_VP9, 10, false},
                             {AV_CODEC_ID_AV1, 11, false}};
constexpr int kChroma420 = 1, kChroma444 = 3;  // cudaVideoChromaFormat

std::string chromaText(int cuvid) {
  return cuvid == kChroma420 ? "4:2:0" : "4:4:4";
}

// With the GPU's context current on this thread; the driver's error where that cannot be. Throws DEVICE_LOST.
template <typename Calls>
cuda::Result inContext(Device& device, Calls&& calls) {
  const cuda::Driver& driver = cuda::driverLibrary();
  device.openQueue()->synchronize();  // DEVICE_LOST, if it is
  const cuda::Result pushed = driver.cuCtxPushCurrent_v2(static_cast<cuda::Context>(device.native()));
  if (pushed != cuda::result::success) return pushed;
  calls();
  cuda::Context popped = nullptr;
  driver.cuCtxPopCurrent_v2(&popped);
  return pushed;
}

Nvdec ask(Device& device) {
  Nvdec nvdec;
  void* library = dlopen("libnvcuvid.so.1", RTLD_NOW | RTLD_LOCAL);  // kept: libav opens it too
  if (!library) {
    nvdec.unavailable = std::string("the driver's video decoding library cannot be opened: ") + dlerror();
    return nvdec;
  }
  const auto getCaps = reinterpret_cast<GetDecoderCaps>(dlsym(library, "cuvidGetDecoderCaps"));
  if (!getCaps) {
    nvdec.unavailable = "the driver is too old to report what its video decoder takes (cuvidGetDecoderCaps is missing)";
    return nvdec;
  }
  cuda::Result refused = cuda::result::success;
  const auto askFor = [&](const Codec& codec, int chroma, int depth) {
    DecodeCaps caps{};
    caps.codec = codec.cuvid;
    caps.chroma = chroma;
    caps.depthMinus8 = static_cast<unsigned>(depth - 8);
    const cuda::Result result = getCaps(&caps);
    if (result != cuda::result::success) refused = result;
    if (result != cuda::result::success || !caps.isSupported) return;
    nvdec.formats.push_back({avcodec_get_name(codec.id), chromaText(chroma), depth, caps.minWidth, caps.minHeight,
                             static_cast<int32_t>(caps.maxWidth), static_cast<int32_t>(caps.maxHeight),
                             caps.maxMacroblocks});
  };
  const cuda::Result entered = inContext(device, [&] {
    for (const Codec& codec : kCodecs)
      for (const int depth : {8, 10, 12}) {
        askFor(codec, kChroma420, depth);
        if (codec.has444) askFor(codec, kChroma444, depth);
      }
  });
  if (!nvdec.formats.empty()) return nvdec;
  if (entered != cuda::result::success) refused = entered;
  nvdec.unavailable = refused == cuda::result::success
                          ? "its video decoder decodes none of H.264, HEVC, VP9 and AV1"
                          : "its video decoder does not answer: " + cuda::driverLibrary().errorText(refused);
  return nvdec;
}

std::string sizeText(int64_t width, int64_t height) {
  return std::to_string(width) + "x" + std::to_string(height);
}

// As software decodes it: "4:2:0", "4:2:2", ..., or empty for what is not YUV.
std::string chromaText(const AVPixFmtDescriptor& d) {
  if (d.flags & AV_PIX_FMT_FLAG_RGB || d.nb_components < 3) return {};
  if (d.log2_chroma_w == 0) return d.log2_chroma_h == 0 ? "4:4:4" : "4:4:0";
  return d.log2_chroma_h == 0 ? "4:2:2" : "4:2:0";
}

}  // namespace

const Nvdec& nvdecOf(Device& device) {
  static auto* const mutex = new std::mutex;
  static auto* const known = new std::map<int32_t, Nvdec>;
  std::lock_guard lock(*mutex);
  const auto found = known->find(device.id().index);
  return found != known->end() ? found->second : known->emplace(device.id().index, ask(device)).first->second;
}

std::string nvdecRefusal(Device& device, AVCodecID codec, AVPixelFormat format, int32_t width, int32_t height) {
  const Nvdec& nvdec = nvdecOf(device);
  const std::string gpu = device.id().name(), name = avcodec_get_name(codec);
  if (!nvdec.unavailable.empty()) return "on " + gpu + " " + nvdec.unavailable;
  const auto* d = av_pix_fmt_desc_get(format);
  if (!d) return "the format of its pictures is not known";
  const std::string chroma = chromaText(*d);
  const int32_t depth = d->comp[0].depth;
  const auto found = std::find_if(nvdec.formats.begin(), nvdec.formats.end(), [&](const NvdecFormat& f) {
    return f.codec == name && f.chroma == chroma && f.depth == depth;
  });
  if (found == nvdec.formats.end())
    return gpu + " does not decode " + name + " in " + std::to_string(depth) + "-bit " +
           (chroma.empty() ? av_get_pix_fmt_name(format) : chroma);
  if (width <= 0 || height <= 0) return {};
  if (width < found->minWidth || height < found->minHeight || width > found->maxWidth || height > found->maxHeight ||
      (found->maxMacroblocks > 0 && int64_t{width} * height / 256 > found->maxMacroblocks))
    return gpu + " decodes " + name + " from " + sizeText(found->minWidth, found->minHeight) + " to " +
           sizeText(found->maxWidth, found->maxHeight) + ", this is " + sizeText(width, height);
  if (width % 2 || height % 2)
    return gpu + " decodes pictures of even width and height only, this is " + sizeText(width, height);
  return {};
}

}  // namespace framepath::media
