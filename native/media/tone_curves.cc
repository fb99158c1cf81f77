#include "media/tone_curves.h"

#include <algorithm>
#include <cmath>

namespace framepath::media {
namespace {

using namespace transfer;

// From black to the source's peak, to black to SDR white; both in PQ.
class Eetf {
 public:
  explicit Eetf(double peakNits)
      : peak_(pqOfNits(std::max(peakNits, kSdrWhiteNits))), white_(pqOfNits(kSdrWhiteNits) / peak_) {}

  // Of the largest component, what all three are multiplied with.
  double gain(double nits) const {
    if (nits <= 0) return 1;
    const double in = std::min(pqOfNits(nits) / peak_, 1.0), knee = 1.5 * white_ - 0.5;
    if (in <= knee || white_ >= 1) return std::min(1.0, kSdrWhiteNits / nits);
    const double t = (in - knee) / (1 - knee), t2 = t * t, t3 = t2 * t;
    const double out = (2 * t3 - 3 * t2 + 1) * knee + (t3 - 2 * t2 + t) * (1 - knee) + (3 * t2 - 2 * t3) * white_;
    return nitsOfPq(out * peak_) / nits;
  }

 private:
  const double peak_, white_;
};

template <typename ValueAt>
void add(std::vector<float>& curves, int32_t count, const ValueAt& valueAt) {
  for (int32_t i = 0; i < count; i++) curves.push_back(static_cast<float>(valueAt(i)));
}

double signalAt(int32_t i) {
  return static_cast<double>(i) / (kToneSignals - 1);
}

void addToSdr(std::vector<float>& curves, const ToneSource& source) {
  const bool hlg = source.transfer == ColorTransfer::hlg;
  const double peak = hlg ? kUsualPeakNits : std::clamp(source.peakNits, kSdrWhiteNits, kMostNits);
  const Eetf eetf(peak);
  add(curves, kToneSignals,
      [&](int32_t i) { return hlg ? lightOfHlg(signalAt(i)) : std::min(nitsOfPq(signalAt(i)) / peak, 1.0); });
  add(curves, kToneLights, [&](int32_t i) { return hlg ? std::pow(double{toneLightAt(i)}, kHlgGamma - 1) : 1.0; });
  add(curves, kToneLights, [&](int32_t i) { return eetf.gain(toneLightAt(i) * peak) * peak / kSdrWhiteNits; });
  add(curves, kToneLights, [&](int32_t i) { return 255 * std::pow(double{toneLightAt(i)}, 1 / 2.4); });
}

// Between primaries only.
void addSdr(std::vector<float>& curves) {
  add(curves, kToneSignals, [](int32_t i) { return std::pow(signalAt(i), 2.4); });
  add(curves, 2 * kToneLights, [](int32_t) { return 1.0; });
  add(curves, kToneLights, [](int32_t i) { return 255 * std::pow(double{toneLightAt(i)}, 1 / 2.4); });
}

// Light 1 is SDR white; of HLG, in the end, the brightest scene light.
void addFromSdr(std::vector<float>& curves, ColorTransfer to) {
  const bool hlg = to == ColorTransfer::hlg;
  constexpr double white = kSdrWhiteNits / kUsualPeakNits;
  add(curves, kToneSignals, [&](int32_t i) { return std::pow(signalAt(i), 2.4); });
  add(curves, kToneLights, [&](int32_t i) {
    if (!hlg || i == 0) return hlg ? 0.0 : 1.0;
    return std::pow(toneLightAt(i) * white, (1 - kHlgGamma) / kHlgGamma);
  });
  add(curves, kToneLights, [&](int32_t) { return hlg ? white : 1.0; });
  add(curves, kToneLights, [&](int32_t i) {
    const double light = toneLightAt(i);
    return 255 * (hlg ? hlgOfLight(light) : pqOfNits(light * kSdrWhiteNits));
  });
}

}  // namespace

std::vector<float> toneCurves(const ToneSource& source) {
  std::vector<float> curves;
  curves.reserve(kToneSignals + 3 * static_cast<size_t>(kToneLights));
  if (source.to != ColorTransfer::sdr)
    addFromSdr(curves, source.to);
  else if (source.transfer != ColorTransfer::sdr)
    addToSdr(curves, source);
  else
    addSdr(curves);
  return curves;
}

ToneMapArgs toneMapArgs(const ToneSource& source, const float* curves) {
  // BT.2020 to BT.709 (Rec. ITU-R BT.2087); what lies outside is clipped.
  constexpr float kNarrower[9] = {1.6604910f,  -0.5876411f, -0.0728499f, -0.1245505f, 1.1328999f,
                                  -0.0083494f, -0.0181508f, -0.1005789f, 1.1187297f};
  ToneMapArgs args{};
  args.light = curves;
  args.system = args.light + kToneSignals;
  args.gain = args.system + kToneLights;
  args.signal = args.gain + kToneLights;
  const bool wide = source.primaries == ColorPrimaries::bt2020, toWide = source.to != ColorTransfer::sdr;
  for (int i = 0; i < 9; i++) {
    const float same = i % 4 == 0 ? 1.0f : 0.0f, other = toWide ? static_cast<float>(kWider[i]) : kNarrower[i];
    args.primaries[i] = wide == toWide ? same : other;
  }
  // HLG's system works on what is BT.2020 in any case.
  args.luminance = lumaWeights(!wide && toWide ? ColorMatrix::bt709 : ColorMatrix::bt2020);
  return args;
}

}  // namespace framepath::media
