// What the five profiles mean for each encoder library.
#pragma once
#include <string_view>
#include <vector>

#include "media/av.h"
#include "media/encoder.h"

namespace framepath::media {

struct ProfileRow {
  const char* encoder;  // libavcodec's name
  Profile profile;
  const char* preset;      // x264/x265/NVENC: a name; SVT-AV1: -preset; libaom: -cpu-used; rav1e: -speed
  int crf;                 // constant quality; rav1e: quantizer; openh264: the finest one; NVENC: cq
  int bFrames;             // -1 = the preset's own
  bool lowLatency;         // every frame comes out before the next goes in
  double capBitsPerPixel;  // 0 = constant quality is not bounded, else its peak rate is this x width x height x fps
};

// Whether what players take of a codec has 10 bits and says PQ or HLG.
bool holdsHdr(VideoCodec codec);
// Whether an encoder in software takes 10 bits.
bool encodesHdr(VideoCodec codec);

// Whether each picture is a packet before the next one goes in: asked for, or of the profile.
bool isLowLatency(const EncoderOptions& options);

// Candidates in software, best first: rows of the profile with what the options ask for.
std::vector<ProfileRow> profileRows(const EncoderOptions& options);
// On a GPU.
ProfileRow nvencRow(const EncoderOptions& options);
// The same for any row.
ProfileRow rowWith(ProfileRow row, const EncoderOptions& options);
bool isNvenc(std::string_view encoder);
void applyNvenc(const ProfileRow& row, bool constantQuality, AVCodecContext& context, AvDictionary& privates);

// What the options come to with this encoder: through libavcodec only some take another rate while they run.
RateControl rateControlOf(const ProfileRow& row, const EncoderOptions& options);

// The rate from the next picture on, of an adaptive encoder. x264 follows it only where average and peak are the same
// (x264_ratecontrol_init_reconfigurable: "bitrate (CBR only)").
void setTarget(AVCodecContext& context, int64_t bitrate);

// Writes the row of any encoder and the options into a context that is not open yet.
void applyProfile(const ProfileRow& row, const EncoderOptions& options, AVCodecContext& context,
                  AvDictionary& privates);

}  // namespace framepath::media
