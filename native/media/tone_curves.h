// What PQ and HLG pictures are as SDR, and SDR ones as those, as the curves that kernels/tone_map.h reads.
#pragma once
#include <vector>

#include "kernels/tone_map.h"
#include "kernels/transfer.h"

namespace framepath::media {

using transfer::kSdrWhiteNits;
using transfer::kUsualPeakNits;

// What the samples of a picture stand for, and what they become: SDR, or what SDR is on a canvas of high dynamic range.
struct ToneSource {
  ColorTransfer transfer = ColorTransfer::pq;
  ColorPrimaries primaries = ColorPrimaries::bt2020;
  double peakNits = kUsualPeakNits;  // of PQ: the brightest that it shows, as stated; taken as 203 to 10,000
  ColorTransfer to = ColorTransfer::sdr;

  friend bool operator==(const ToneSource&, const ToneSource&) = default;
};

// Display light (EOTF of SMPTE ST 2084, or inverse OETF and OOTF of ARIB STD-B67 at 1000 cd/m2; both as in Rec. ITU-R
// BT.2100), then highlights by the EETF of Rec. ITU-R BT.2390 (section 5.4.1, black at 0) on the largest of R, G and B,
// so that hues stay, then the inverse of BT.1886. SDR as high dynamic range: transfer::hdrOfSdr. One after the other:
// light, system, gain and signal of ToneMapArgs.
std::vector<float> toneCurves(const ToneSource& source);

// The kernel's arguments over curves that lie at `curves`, but for the pictures.
ToneMapArgs toneMapArgs(const ToneSource& source, const float* curves);

}  // namespace framepath::media
