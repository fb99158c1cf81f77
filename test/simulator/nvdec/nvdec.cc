// A simulated libnvcuvid.so.1. The pictures are right: it finds what it is given in files that this process has open,
// or in FRAMEPATH_SIM_NVDEC_FILES=A:B, and shows what software decodes from them.
//
//   FRAMEPATH_SIM_NVDEC_CODECS=h264,hevc,vp9,av1   what it decodes (all of these); "none"
//
// Failures are ordered by FRAMEPATH_SIM_FAIL (simulator.h): cuvidCreateDecoder:1:2, cuvidDecodePicture:20:999,
// cuvidMapVideoFrame64:5+:205. Counters: nvdec_live, nvdec_mapped (alive), nvdec_pictures, nvdec_unknown (pictures that
// are in no file), nvdec_misuse.
//
// A surface that was unmapped is overwritten, in the order of the stream it was mapped for, as the real one's next
// picture would do: who still reads it without a fence reads garbage.
#include <dirent.h>
#include <ffnvcodec/dynlink_cuda.h>
#include <ffnvcodec/dynlink_cuviddec.h>
#include <ffnvcodec/dynlink_nvcuvid.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <sstream>

#include "simulator/nvdec/clip.h"
#include "simulator/simulator.h"

extern "C" {
#include <libavutil/pixdesc.h>
CUresult cuMemAlloc_v2(CUdeviceptr*, size_t);
CUresult cuMemFree_v2(CUdeviceptr);
CUresult cuCtxGetDevice(CUdevice*);
}

namespace framepath::simulator {
namespace {

constexpr unsigned kMostSurfaces = 32;
constexpr size_t kRecognised = 400;  // bytes of a picture are enough to know it

struct CodecName {
  const char* name;
  cudaVideoCodec cuvid;
  AVCodecID libav;
  int deepest;
  bool has444;
};
constexpr CodecName kCodecs[] = {{"h264", cudaVideoCodec_H264, AV_CODEC_ID_H264, 8, false},
                                 {"hevc", cudaVideoCodec_HEVC, AV_CODEC_ID_HEVC, 12, true},
                                 {"vp9", cudaVideoCodec_VP9, AV_CODEC_ID_VP9, 12, false},
                                 {"av1", cudaVideoCodec_AV1, AV_CODEC_ID_AV1, 10, false}};

const CodecName* codecOf(cudaVideoCodec cuvid) {
  const char* wanted = std::getenv("FRAMEPATH_SIM_NVDEC_CODECS");
  for (const CodecName& codec : kCodecs)
    if (codec.cuvid == cuvid && (!wanted || std::strstr(wanted, codec.name))) return &codec;
  return nullptr;
}

std::vector<std::string> candidateFiles() {
  std::vector<std::string> files;
  if (const char* stated = std::getenv("FRAMEPATH_SIM_NVDEC_FILES")) {
    std::istringstream list(stated);
    for (std::string file; std::getline(list, file, ':');) files.push_back(file);
  }
  DIR* open = opendir("/proc/self/fd");
  while (const dirent* entry = open ? readdir(open) : nullptr) {
    char target[4096];
    const ssize_t length = readlink(("/proc/self/fd/" + std::string(entry->d_name)).c_str(), target, sizeof target);
    const std::string path(target, length > 0 ? static_cast<size_t>(length) : 0);
    if (path.starts_with("/") && !path.starts_with("/dev/") && !path.starts_with("/proc/")) files.push_back(path);
  }
  if (open) closedir(open);
  return files;
}

// A decoding surface: what was decoded into it last.
struct Decoded {
  size_t packet = 0;
  bool known = false;
  bool hidden = false;  // displayed later, by a packet without a picture
};

struct Decoder {
  CUVIDDECODECREATEINFO info;
  const CodecName* codec;
  size_t pitch = 0, rows = 0;
  struct Output {
    CUdeviceptr memory = 0;
    bool mapped = false;
    int shows = -1;  // decoding surface
    CUstream stream = nullptr;
  };
  std::vector<Output> outputs;
  std::vector<Decoded> decoded;
  std::vector<std::unique_ptr<ClipPictures>> clips;
  ClipPictures* clip = nullptr;  // where the last picture was found
  size_t position = 0;           // its packet
  size_t displayed = SIZE_MAX;   // the packet whose picture was mapped last
  std::mutex mutex;
};

bool is16(const Decoder& d) {
  return d.info.OutputFormat == cudaVideoSurfaceFormat_P016 ||
         d.info.OutputFormat == cudaVideoSurfaceFormat_YUV444_16Bit;
}
bool is444(const Decoder& d) {
  return d.info.OutputFormat == cudaVideoSurfaceFormat_YUV444 ||
         d.info.OutputFormat == cudaVideoSurfaceFormat_YUV444_16Bit;
}

void misuse(const char* what) {
  std::fprintf(stderr, "[simulated nvdec] misuse: %s\n", what);
  simulatorCount("nvdec_misuse", 1);
}

void openClips(Decoder& d) {
  for (const std::string& file : candidateFiles()) {
    const auto clip = Clip::open(file);
    if (!clip || clip->codec() != d.codec->libav) continue;
    bool there = false;
    for (const auto& known : d.clips) there |= &known->clip() == clip.get();
    if (!there) d.clips.push_back(std::make_unique<ClipPictures>(clip));
  }
}

// Which packet of which file this is.
bool recognise(Decoder& d, const uint8_t* bytes, size_t count) {
  if (d.clip) {
    const size_t at = d.clip->clip().find(bytes, count, d.position);
    if (at < d.clip->clip().packets()) {
      d.position = at;
      return true;
    }
  }
  for (int attempt = 0; attempt < 2; attempt++) {
    for (const auto& clip : d.clips) {
      const size_t at = clip->clip().find(bytes, count, 0);
      if (at == clip->clip().packets()) continue;
      d.clip = clip.get();
      d.position = at;
      return true;
    }
    if (attempt == 0) openClips(d);
  }
  return false;
}

// Samples of one plane, `step` apart, as 8 bits or in the high bits of 16.
void paintPlane(uint8_t* to, size_t pitch, int step, const AVFrame& from, int plane, int width, int height, int depth,
                bool wide) {
  for (int y = 0; y < height; y++) {
    const uint8_t* source = from.data[plane] + static_cast<ptrdiff_t>(y) * from.linesize[plane];
    uint8_t* row = to + static_cast<size_t>(y) * pitch;
    for (int x = 0; x < width; x++) {
      const unsigned value = depth > 8 ? reinterpret_cast<const uint16_t*>(source)[x] : source[x];
      if (wide)
        reinterpret_cast<uint16_t*>(row)[static_cast<ptrdiff_t>(x) * step] =
            static_cast<uint16_t>(value << (16 - depth));
      else
        row[static_cast<ptrdiff_t>(x) * step] = static_cast<uint8_t>(value);
    }
  }
}

struct Painting {
  const Decoder* decoder;
  uint8_t* surface;
  Picture picture;  // null: nothing that anybody should see
};

void paint(void* argument) {
  const std::unique_ptr<Painting> painting(static_cast<Painting*>(argument));
  const Decoder& d = *painting->decoder;
  const size_t luma = d.pitch * d.rows;
  if (!painting->picture) {
    std::memset(painting->surface, 0xEE, is444(d) ? 3 * luma : luma * 3 / 2);
    return;
  }
  const AVFrame& from = *painting->picture;
  const auto* format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(from.format));
  const int depth = format->comp[0].depth, shiftX = format->log2_chroma_w, shiftY = format->log2_chroma_h;
  const bool wide = is16(d);
  const int width = std::min<int>(from.width, static_cast<int>(d.info.ulTargetWidth));
  const int height = std::min<int>(from.height, static_cast<int>(d.info.ulTargetHeight));
  paintPlane(painting->surface, d.pitch, 1, from, 0, width, height, depth, wide);
  const int chromaWidth = -(-width >> shiftX), chromaHeight = -(-height >> shiftY), bytes = wide ? 2 : 1;
  for (int plane = 1; plane < 3; plane++) {
    uint8_t* to = is444(d) ? painting->surface + static_cast<size_t>(plane) * luma
                           : painting->surface + luma + static_cast<size_t>((plane - 1) * bytes);
    paintPlane(to, d.pitch, is444(d) ? 1 : 2, from, plane, chromaWidth, chromaHeight, depth, wide);
  }
}

bool isHidden(const Decoder& d, const CUVIDPICPARAMS& picture) {
  if (d.codec->libav == AV_CODEC_ID_AV1) return !picture.CodecSpecific.av1.show_frame;
  if (d.codec->libav == AV_CODEC_ID_VP9) return !picture.CodecSpecific.vp9.showFrame;
  return false;
}

CUresult ordered(const char* call) {
  simulatorCount((std::string("call:") + call).c_str(), 1);
  return static_cast<CUresult>(simulatorRule(call));
}

}  // namespace
}  // namespace framepath::simulator

using namespace framepath::simulator;

#define API extern "C" __attribute__((visibility("default")))
#define OBEY(call)                                             \
  do {                                                         \
    if (const CUresult result = ordered(#call)) return result; \
  } while (0)

API CUresult cuvidGetDecoderCaps(CUVIDDECODECAPS* caps) {
  OBEY(cuvidGetDecoderCaps);
  CUdevice device;
  if (const CUresult result = cuCtxGetDevice(&device)) return result;
  const CodecName* codec = codecOf(caps->eCodecType);
  const bool chroma = caps->eChromaFormat == cudaVideoChromaFormat_420 ||
                      (codec && codec->has444 && caps->eChromaFormat == cudaVideoChromaFormat_444);
  caps->bIsSupported = codec && chroma && static_cast<int>(caps->nBitDepthMinus8) + 8 <= codec->deepest;
  if (!caps->bIsSupported) return CUDA_SUCCESS;
  caps->nMaxWidth = caps->nMaxHeight = codec->libav == AV_CODEC_ID_H264 ? 4096 : 8192;
  caps->nMaxMBCount = caps->nMaxWidth * caps->nMaxHeight / 256;
  caps->nMinWidth = 48;
  caps->nMinHeight = 16;
  caps->nOutputFormatMask = 3;
  caps->nNumNVDECs = 1;
  return CUDA_SUCCESS;
}

API CUresult cuvidCreateDecoder(CUvideodecoder* handle, CUVIDDECODECREATEINFO* info) {
  OBEY(cuvidCreateDecoder);
  const CodecName* codec = codecOf(info->CodecType);
  if (!codec || info->ulNumDecodeSurfaces > kMostSurfaces || info->ulTargetWidth % 2 || info->ulTargetHeight % 2)
    return static_cast<CUresult>(801);  // not supported
  auto decoder = std::make_unique<Decoder>();
  decoder->info = *info;
  decoder->codec = codec;
  decoder->pitch = (info->ulTargetWidth * (is16(*decoder) ? 2 : 1) + 511) / 512 * 512;
  decoder->rows = info->ulTargetHeight;
  decoder->decoded.resize(info->ulNumDecodeSurfaces);
  const size_t luma = decoder->pitch * decoder->rows;
  for (unsigned i = 0; i < std::max(1ul, info->ulNumOutputSurfaces); i++) {
    Decoder::Output output;
    if (const CUresult result = cuMemAlloc_v2(&output.memory, is444(*decoder) ? 3 * luma : luma * 3 / 2)) {
      for (const Decoder::Output& made : decoder->outputs) cuMemFree_v2(made.memory);
      return result;
    }
    decoder->outputs.push_back(output);
  }
  openClips(*decoder);
  *handle = static_cast<CUvideodecoder>(decoder.release());
  simulatorCount("nvdec_live", 1);
  return CUDA_SUCCESS;
}

API CUresult cuvidDestroyDecoder(CUvideodecoder handle) {
  const std::unique_ptr<Decoder> decoder(static_cast<Decoder*>(handle));
  for (const Decoder::Output& output : decoder->outputs) {
    if (output.mapped) misuse("a decoder is destroyed while a picture is mapped");
    simulatorSynchronize(output.stream);
    cuMemFree_v2(output.memory);
  }
  simulatorCount("nvdec_live", -1);
  return CUDA_SUCCESS;
}

API CUresult cuvidDecodePicture(CUvideodecoder handle, CUVIDPICPARAMS* picture) {
  OBEY(cuvidDecodePicture);
  auto& d = *static_cast<Decoder*>(handle);
  std::lock_guard lock(d.mutex);
  simulatorCount("nvdec_pictures", 1);
  for (const Decoder::Output& output : d.outputs)
    if (output.mapped && output.shows == picture->CurrPicIdx && !picture->second_field)
      misuse("a picture that is mapped is decoded over");
  // The first slice or tile, without its start code.
  const uint8_t* bytes = picture->pBitstreamData;
  size_t count = picture->nBitstreamDataLen;
  if (count > 3 && bytes[0] == 0 && bytes[1] == 0 && bytes[2] == 1) {
    const size_t end = picture->nNumSlices > 1 ? picture->pSliceDataOffsets[1] : count;
    bytes += 3;
    count = end - 3;
  }
  Decoded& decoded = d.decoded.at(static_cast<size_t>(picture->CurrPicIdx));
  decoded = {};
  decoded.known = recognise(d, bytes, std::min(count, kRecognised));
  decoded.packet = d.position;
  decoded.hidden = isHidden(d, *picture);
  if (!decoded.known) simulatorCount("nvdec_unknown", 1);
  return CUDA_SUCCESS;
}

API CUresult cuvidMapVideoFrame64(CUvideodecoder handle, int index, unsigned long long* memory, unsigned* pitch,
                                  CUVIDPROCPARAMS* how) {
  OBEY(cuvidMapVideoFrame64);
  auto& d = *static_cast<Decoder*>(handle);
  std::lock_guard lock(d.mutex);
  for (Decoder::Output& output : d.outputs) {
    if (output.mapped) continue;
    const Decoded& decoded = d.decoded.at(static_cast<size_t>(index));
    Picture picture;
    if (decoded.known) {
      if (!decoded.hidden)
        d.displayed = decoded.packet;
      else  // displayed by the packet at hand, or by the next one, which has nothing to decode
        d.displayed = d.position += d.position == d.displayed ? 1 : 0;
      picture = d.clip->of(d.displayed);
    }
    output.mapped = true;
    output.shows = index;
    output.stream = how->output_stream;
    *memory = output.memory;
    *pitch = static_cast<unsigned>(d.pitch);
    simulatorCount("nvdec_mapped", 1);
    simulatorRun(how->output_stream, paint,
                 new Painting{&d, reinterpret_cast<uint8_t*>(output.memory), std::move(picture)});
    return CUDA_SUCCESS;
  }
  misuse("more pictures are mapped than there are surfaces for");
  return static_cast<CUresult>(205);  // map failed
}

API CUresult cuvidUnmapVideoFrame64(CUvideodecoder handle, unsigned long long memory) {
  auto& d = *static_cast<Decoder*>(handle);
  std::lock_guard lock(d.mutex);
  for (Decoder::Output& output : d.outputs) {
    if (output.memory != memory || !output.mapped) continue;
    output.mapped = false;
    simulatorCount("nvdec_mapped", -1);
    simulatorRun(output.stream, paint, new Painting{&d, reinterpret_cast<uint8_t*>(memory), nullptr});
    return CUDA_SUCCESS;
  }
  return static_cast<CUresult>(1);
}

API CUresult cuvidGetDecodeStatus(CUvideodecoder, int, CUVIDGETDECODESTATUS* status) {
  status->decodeStatus = cuvidDecodeStatus_Success;
  return CUDA_SUCCESS;
}
API CUresult cuvidCtxLockCreate(CUvideoctxlock* lock, CUcontext) {
  *lock = reinterpret_cast<CUvideoctxlock>(1);
  return CUDA_SUCCESS;
}
API CUresult cuvidCtxLockDestroy(CUvideoctxlock) {
  return CUDA_SUCCESS;
}
API CUresult cuvidCtxLock(CUvideoctxlock, unsigned) {
  return CUDA_SUCCESS;
}
API CUresult cuvidCtxUnlock(CUvideoctxlock, unsigned) {
  return CUDA_SUCCESS;
}
API cudaVideoState cuvidGetVideoSourceState(CUvideosource) {
  return cudaVideoState_Error;
}

// What libavcodec looks for and never calls.
#define NEVER_CALLED(name)             \
  API CUresult name() {                \
    return static_cast<CUresult>(801); \
  }
NEVER_CALLED(cuvidReconfigureDecoder)
NEVER_CALLED(cuvidMapVideoFrame)
NEVER_CALLED(cuvidUnmapVideoFrame)
NEVER_CALLED(cuvidCreateVideoSource)
NEVER_CALLED(cuvidCreateVideoSourceW)
NEVER_CALLED(cuvidDestroyVideoSource)
NEVER_CALLED(cuvidSetVideoSourceState)
NEVER_CALLED(cuvidGetSourceVideoFormat)
NEVER_CALLED(cuvidGetSourceAudioFormat)
NEVER_CALLED(cuvidCreateVideoParser)
NEVER_CALLED(cuvidParseVideoData)
NEVER_CALLED(cuvidDestroyVideoParser)
