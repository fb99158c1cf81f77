// libav's handles as values, its error numbers as Errors, its log kept quiet. Included by media/ only.
#pragma once
extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/audio_fifo.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
}
#include <memory>
#include <string>
#include <string_view>

#include "core/error.h"

namespace framepath::media {

// Frees through libav's pointer-to-pointer functions.
template <auto Free>
struct AvFree {
  template <typename T>
  void operator()(T* handle) const {
    Free(&handle);
  }
};
// Frees through a function of the handle itself.
template <auto Free>
struct AvFreeDirect {
  template <typename T>
  void operator()(T* handle) const {
    Free(handle);
  }
};

using AvFrame = std::unique_ptr<AVFrame, AvFree<av_frame_free>>;
using AvPacket = std::unique_ptr<AVPacket, AvFree<av_packet_free>>;
using AvCodecContext = std::unique_ptr<AVCodecContext, AvFree<avcodec_free_context>>;
using AvCodecParameters = std::unique_ptr<AVCodecParameters, AvFree<avcodec_parameters_free>>;
using AvInput = std::unique_ptr<AVFormatContext, AvFree<avformat_close_input>>;
using AvOutput =
    std::unique_ptr<AVFormatContext, AvFreeDirect<avformat_free_context>>;  // its pb is closed by its owner
using AvScaler = std::unique_ptr<SwsContext, AvFreeDirect<sws_freeContext>>;
using AvResampler = std::unique_ptr<SwrContext, AvFree<swr_free>>;
using AvAudioFifo = std::unique_ptr<AVAudioFifo, AvFreeDirect<av_audio_fifo_free>>;

AvFrame newFrame();  // throw std::bad_alloc
AvPacket newPacket();

// Options for libav. What a call has taken out of it is gone, what is left was not understood.
class AvDictionary {
 public:
  AvDictionary() = default;
  AvDictionary(const AvDictionary&) = delete;
  AvDictionary& operator=(const AvDictionary&) = delete;
  ~AvDictionary() { av_dict_free(&dictionary_); }
  void set(const char* key, const std::string& value) { av_dict_set(&dictionary_, key, value.c_str(), 0); }
  void set(const char* key, int64_t value) { av_dict_set_int(&dictionary_, key, value, 0); }
  AVDictionary** operator&() { return &dictionary_; }
  const AVDictionary* get() const { return dictionary_; }

 private:
  AVDictionary* dictionary_ = nullptr;
};

// A copy that lives on its own.
AvCodecParameters copyOf(const AVCodecParameters& parameters);

// What an error number means, with the last thing libav logged on this thread when there is one.
std::string avErrorText(int error);

// The checker: returns `result`, or throws Error{code, "CALL: what it means"} when it is negative.
int av(int result, std::string_view call, ErrorCode code = ErrorCode::SOURCE_FAILED);

// libav writes nothing to stderr; the last error of each thread is kept for avErrorText. Idempotent, cheap; called by
// everything that opens something.
void quietLog();
std::string takeLastLog();  // of this thread; empty when there is none

}  // namespace framepath::media
