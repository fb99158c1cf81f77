// What PQ and HLG pictures are as SDR, as the curves that kernels/tone_map.h reads.
#pragma once
#include <vector>

#include "kernels/tone_map.h"

namespace framepath::media {

// What the samples of a picture stand for.
struct ToneSource {
  ColorTransfer transfer = ColorTransfer::pq;
  ColorPrimaries primaries = ColorPrimaries::bt2020;
  double peakNits = 1000;  // of PQ: the brightest that it shows, as stated; taken as 203 to 10,000

  friend bool operator==(const ToneSource&, const ToneSource&) = default;
};

// SDR white: HDR Reference White of Rec. ITU-R BT.2408, so that what is no highlight keeps its brightness next to
// white.
inline constexpr double kSdrWhiteNits = 203;
// Of a PQ picture that does not state its peak, and of the display that HLG is meant for.
inline constexpr double kUsualPeakNits = 1000;

// Display light (EOTF of SMPTE ST 2084, or inverse OETF and OOTF of ARIB STD-B67 at 1000 cd/m2; both as in Rec. ITU-R
// BT.2100), then highlights by the EETF of Rec. ITU-R BT.2390 (section 5.4.1, black at 0) on the largest of R, G and B,
// so that hues stay, then the inverse of BT.1886. One after the other: light, system, gain and signal of ToneMapArgs.
std::vector<float> toneCurves(const ToneSource& source);

// The kernel's arguments over curves that lie at `curves`, but for the pictures.
ToneMapArgs toneMapArgs(const ToneSource& source, const float* curves);

}  // namespace framepath::media
