// What the five profiles mean for each encoder library.
#pragma once
#include <vector>

#include "media/av.h"
#include "media/encoder.h"

namespace framepath::media {

struct ProfileRow {
  const char* encoder;  // libavcodec's name
  Profile profile;
  const char* preset;      // x264/x265/NVENC: a name; SVT-AV1: -preset; libaom: -cpu-used; rav1e: -speed
  int crf;                 // constant quality; rav1e: quantizer; NVENC: cq
  int bFrames;             // -1 = the preset's own
  bool lowLatency;         // every frame comes out before the next goes in
  double capBitsPerPixel;  // 0 = constant quality is not bounded, else its peak rate is this x width x height x fps
};

// Candidates in software for a codec and profile, best first.
std::vector<const ProfileRow*> profileRows(VideoCodec codec, Profile profile);
// On a GPU.
const ProfileRow& nvencRow(VideoCodec codec, Profile profile);

// The rate from the next picture on, of encoders that take another one while they run.
void setTarget(const ProfileRow& row, AVCodecContext& context, int64_t bitrate);

// Writes the row and the options into a context that is not open yet.
void applyProfile(const ProfileRow& row, const EncoderOptions& options, AVCodecContext& context,
                  AvDictionary& privates);

}  // namespace framepath::media
