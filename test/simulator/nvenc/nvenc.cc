// A simulated libnvidia-encode.so.1 that really encodes H.264 and HEVC: with x264 and x265.
//
//   FRAMEPATH_SIM_NVENC_CODECS=h264,hevc   what it encodes (all of these); "none"
//   FRAMEPATH_SIM_NVENC_SESSIONS=3         more at a time: out of memory (10), as on consumer cards
//   FRAMEPATH_SIM_NVENC_API=190            the newest version of its interface, major * 16 + minor
//   FRAMEPATH_SIM_NVENC_BFRAMES=0          how many in a row it can do (4)
//
// Failures are ordered by FRAMEPATH_SIM_FAIL (simulator.h) with NVENC's own numbers: nvEncOpenEncodeSessionEx:1+:2,
// nvEncInitializeEncoder:1:8, nvEncEncodePicture:20+:20, nvEncLockBitstream:9:20. Counters: nvenc_live (sessions),
// nvenc_registered, nvenc_mapped (alive), nvenc_pictures, nvenc_packets, nvenc_rates (changes), nvenc_misuse.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "simulator/nvenc/session.h"
#include "simulator/simulator.h"

namespace framepath::simulator {
namespace {

constexpr long long kMostRegistered = 64;

using Status = NVENCSTATUS;

long long number(const char* name, long long otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? std::atoll(value) : otherwise;
}

bool encodes(const char* codec) {
  const char* wanted = std::getenv("FRAMEPATH_SIM_NVENC_CODECS");
  return !wanted || std::strstr(wanted, codec);
}

Session& session(void* encoder) {
  return *static_cast<Session*>(encoder);
}

void misuse(const char* what) {
  std::fprintf(stderr, "[simulated nvenc] misuse: %s\n", what);
  simulatorCount("nvenc_misuse", 1);
}

#define OBEY(call)                                                      \
  do {                                                                  \
    simulatorCount("call:" #call, 1);                                   \
    if (const int status = simulatorRule(#call)) return Status(status); \
  } while (0)

Status open(NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS* parameters, void** encoder) {
  *encoder = nullptr;
  OBEY(nvEncOpenEncodeSessionEx);
  if (simulatorCounter("nvenc_live") >= number("FRAMEPATH_SIM_NVENC_SESSIONS", 1000)) return NV_ENC_ERR_OUT_OF_MEMORY;
  if (!parameters->device) return NV_ENC_ERR_INVALID_PTR;
  *encoder = new Session;
  simulatorCount("nvenc_live", 1);
  return NV_ENC_SUCCESS;
}

Status destroy(void* encoder) {
  if (!encoder) return NV_ENC_ERR_INVALID_PTR;
  delete static_cast<Session*>(encoder);
  simulatorCount("nvenc_live", -1);
  return NV_ENC_SUCCESS;
}

Status guids(void*, GUID* list, uint32_t room, uint32_t* count) {
  *count = 0;
  if (encodes("h264") && *count < room) list[(*count)++] = NV_ENC_CODEC_H264_GUID;
  if (encodes("hevc") && *count < room) list[(*count)++] = NV_ENC_CODEC_HEVC_GUID;
  return NV_ENC_SUCCESS;
}

Status guidCount(void* encoder, uint32_t* count) {
  GUID list[2];
  return guids(encoder, list, 2, count);
}

Status caps(void*, GUID codec, NV_ENC_CAPS_PARAM* asked, int* value) {
  switch (asked->capsToQuery) {
    case NV_ENC_CAPS_WIDTH_MAX:
    case NV_ENC_CAPS_HEIGHT_MAX: *value = 4096; break;
    case NV_ENC_CAPS_NUM_MAX_BFRAMES: *value = static_cast<int>(number("FRAMEPATH_SIM_NVENC_BFRAMES", 4)); break;
    case NV_ENC_CAPS_SUPPORT_CABAC:
    case NV_ENC_CAPS_SUPPORT_DYN_BITRATE_CHANGE:
    case NV_ENC_CAPS_SUPPORT_LOOKAHEAD:
    case NV_ENC_CAPS_SUPPORT_TEMPORAL_AQ:
    case NV_ENC_CAPS_SUPPORT_MULTIPLE_REF_FRAMES: *value = 1; break;
    case NV_ENC_CAPS_SUPPORT_BFRAME_REF_MODE: *value = 3; break;
    case NV_ENC_CAPS_SUPPORT_10BIT_ENCODE:
      *value =
          std::memcmp(&codec, &NV_ENC_CODEC_HEVC_GUID, sizeof codec) == 0 && number("FRAMEPATH_SIM_NVENC_10BIT", 1);
      break;
    default: *value = 0;
  }
  return NV_ENC_SUCCESS;
}

Status preset(void*, GUID, GUID, NV_ENC_TUNING_INFO, NV_ENC_PRESET_CONFIG* config) {
  NV_ENC_CONFIG& c = config->presetCfg;
  const uint32_t version = c.version;
  std::memset(&c, 0, sizeof c);
  c.version = version;
  c.gopLength = 250;
  c.frameIntervalP = 1;
  c.rcParams.rateControlMode = NV_ENC_PARAMS_RC_VBR;
  c.rcParams.averageBitRate = 2'000'000;
  return NV_ENC_SUCCESS;
}

Status initialize(void* encoder, NV_ENC_INITIALIZE_PARAMS* parameters) {
  OBEY(nvEncInitializeEncoder);
  return session(encoder).begin(*parameters);
}

Status setStreams(void* encoder, NV_ENC_CUSTREAM_PTR input, NV_ENC_CUSTREAM_PTR) {
  session(encoder).setStream(*static_cast<CUstream*>(input));
  return NV_ENC_SUCCESS;
}

Status createBitstream(void*, NV_ENC_CREATE_BITSTREAM_BUFFER* buffer) {
  buffer->bitstreamBuffer = new Bitstream;
  return NV_ENC_SUCCESS;
}
Status destroyBitstream(void*, NV_ENC_OUTPUT_PTR buffer) {
  delete static_cast<Bitstream*>(buffer);
  return NV_ENC_SUCCESS;
}

Status registerResource(void*, NV_ENC_REGISTER_RESOURCE* resource) {
  OBEY(nvEncRegisterResource);
  if (resource->resourceType != NV_ENC_INPUT_RESOURCE_TYPE_CUDADEVICEPTR ||
      (resource->bufferFormat != NV_ENC_BUFFER_FORMAT_NV12_PL &&
       resource->bufferFormat != NV_ENC_BUFFER_FORMAT_YUV420_10BIT))
    return NV_ENC_ERR_UNSUPPORTED_PARAM;
  if (resource->pitch % 16) misuse("a surface whose pitch is no multiple of 16");
  resource->registeredResource = new Surface{static_cast<uint8_t*>(resource->resourceToRegister), resource->pitch,
                                             static_cast<int>(resource->width), static_cast<int>(resource->height),
                                             resource->bufferFormat == NV_ENC_BUFFER_FORMAT_YUV420_10BIT};
  simulatorCount("nvenc_registered", 1);
  if (simulatorCounter("nvenc_registered") > kMostRegistered * simulatorCounter("nvenc_live"))
    misuse("more surfaces are registered than a session takes");
  return NV_ENC_SUCCESS;
}
Status unregisterResource(void*, NV_ENC_REGISTERED_PTR resource) {
  delete static_cast<Surface*>(resource);
  simulatorCount("nvenc_registered", -1);
  return NV_ENC_SUCCESS;
}

Status mapResource(void*, NV_ENC_MAP_INPUT_RESOURCE* resource) {
  OBEY(nvEncMapInputResource);
  resource->mappedResource = resource->registeredResource;
  const bool deep = static_cast<const Surface*>(resource->registeredResource)->deep;
  resource->mappedBufferFmt = deep ? NV_ENC_BUFFER_FORMAT_YUV420_10BIT : NV_ENC_BUFFER_FORMAT_NV12_PL;
  simulatorCount("nvenc_mapped", 1);
  return NV_ENC_SUCCESS;
}
Status unmapResource(void*, NV_ENC_INPUT_PTR) {
  simulatorCount("nvenc_mapped", -1);
  return NV_ENC_SUCCESS;
}

Status encode(void* encoder, NV_ENC_PIC_PARAMS* picture) {
  OBEY(nvEncEncodePicture);
  if (!(picture->encodePicFlags & NV_ENC_PIC_FLAG_EOS)) simulatorCount("nvenc_pictures", 1);
  return session(encoder).encode(*picture);
}

Status lock(void* encoder, NV_ENC_LOCK_BITSTREAM* locked) {
  OBEY(nvEncLockBitstream);
  Bitstream& bitstream = *static_cast<Bitstream*>(locked->outputBitstream);
  if (const Status status = session(encoder).lock(bitstream)) return status;
  locked->bitstreamBufferPtr = bitstream.coded.bytes.data();
  locked->bitstreamSizeInBytes = static_cast<uint32_t>(bitstream.coded.bytes.size());
  locked->outputTimeStamp = bitstream.coded.time;
  locked->pictureType = bitstream.coded.keyframe ? NV_ENC_PIC_TYPE_IDR : NV_ENC_PIC_TYPE_P;
  locked->frameAvgQP = 23;
  return NV_ENC_SUCCESS;
}
Status unlock(void*, NV_ENC_OUTPUT_PTR) {
  return NV_ENC_SUCCESS;
}

Status sequence(void* encoder, NV_ENC_SEQUENCE_PARAM_PAYLOAD* payload) {
  const std::vector<uint8_t>& header = session(encoder).header();
  if (payload->inBufferSize < header.size()) return NV_ENC_ERR_NOT_ENOUGH_BUFFER;
  std::memcpy(payload->spsppsBuffer, header.data(), header.size());
  *payload->outSPSPPSPayloadSize = static_cast<uint32_t>(header.size());
  return NV_ENC_SUCCESS;
}

Status reconfigure(void* encoder, NV_ENC_RECONFIGURE_PARAMS* parameters) {
  OBEY(nvEncReconfigureEncoder);
  simulatorCount("nvenc_rates", 1);
  if (const NV_ENC_CONFIG* config = parameters->reInitEncodeParams.encodeConfig)
    session(encoder).setRate(config->rcParams);
  return NV_ENC_SUCCESS;
}

const char* lastError(void* encoder) {
  return encoder ? session(encoder).error().c_str() : "";
}

}  // namespace
}  // namespace framepath::simulator

using namespace framepath::simulator;

extern "C" __attribute__((visibility("default"))) NVENCSTATUS NvEncodeAPIGetMaxSupportedVersion(uint32_t* version) {
  *version = static_cast<uint32_t>(number("FRAMEPATH_SIM_NVENC_API", 13 << 4));
  return NV_ENC_SUCCESS;
}

extern "C" __attribute__((visibility("default"))) NVENCSTATUS NvEncodeAPICreateInstance(
    NV_ENCODE_API_FUNCTION_LIST* list) {
  list->nvEncOpenEncodeSessionEx = framepath::simulator::open;
  list->nvEncDestroyEncoder = destroy;
  list->nvEncGetEncodeGUIDCount = guidCount;
  list->nvEncGetEncodeGUIDs = guids;
  list->nvEncGetEncodeCaps = caps;
  list->nvEncGetEncodePresetConfigEx = preset;
  list->nvEncInitializeEncoder = initialize;
  list->nvEncSetIOCudaStreams = setStreams;
  list->nvEncCreateBitstreamBuffer = createBitstream;
  list->nvEncDestroyBitstreamBuffer = destroyBitstream;
  list->nvEncRegisterResource = registerResource;
  list->nvEncUnregisterResource = unregisterResource;
  list->nvEncMapInputResource = mapResource;
  list->nvEncUnmapInputResource = unmapResource;
  list->nvEncEncodePicture = encode;
  list->nvEncLockBitstream = lock;
  list->nvEncUnlockBitstream = unlock;
  list->nvEncGetSequenceParams = sequence;
  list->nvEncReconfigureEncoder = reconfigure;
  list->nvEncGetLastErrorString = lastError;
  return NV_ENC_SUCCESS;
}
