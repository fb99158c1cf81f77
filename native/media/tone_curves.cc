#include "media/tone_curves.h"

#include <algorithm>
#include <cmath>

namespace framepath::media {
namespace {

// SMPTE ST 2084.
constexpr double kMostNits = 10'000;
constexpr double kM1 = 2610.0 / 16384, kM2 = 2523.0 / 4096 * 128;
constexpr double kC1 = 3424.0 / 4096, kC2 = 2413.0 / 4096 * 32, kC3 = 2392.0 / 4096 * 32;

double nitsOfPq(double signal) {
  const double power = std::pow(std::clamp(signal, 0.0, 1.0), 1 / kM2);
  return kMostNits * std::pow(std::max(power - kC1, 0.0) / (kC2 - kC3 * power), 1 / kM1);
}
double pqOfNits(double nits) {
  const double power = std::pow(std::clamp(nits / kMostNits, 0.0, 1.0), kM1);
  return std::pow((kC1 + kC2 * power) / (1 + kC3 * power), kM2);
}

// ARIB STD-B67: scene light, 1 = the brightest; and the gamma of the system at 1000 cd/m2.
constexpr double kHlgGamma = 1.2;
double lightOfHlg(double signal) {
  constexpr double a = 0.17883277, b = 1 - 4 * a;
  const double c = 0.5 - a * std::log(4 * a);
  signal = std::clamp(signal, 0.0, 1.0);
  return signal <= 0.5 ? signal * signal / 3 : (std::exp((signal - c) / a) + b) / 12;
}

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

}  // namespace

std::vector<float> toneCurves(const ToneSource& source) {
  const bool hlg = source.transfer == ColorTransfer::hlg;
  const double peak = hlg ? kUsualPeakNits : std::clamp(source.peakNits, kSdrWhiteNits, kMostNits);
  const Eetf eetf(peak);
  std::vector<float> curves;
  curves.reserve(kToneSignals + 3 * static_cast<size_t>(kToneLights));
  const auto add = [&](int32_t count, auto&& valueAt) {
    for (int32_t i = 0; i < count; i++) curves.push_back(static_cast<float>(valueAt(i)));
  };
  add(kToneSignals, [&](int32_t i) {
    const double signal = static_cast<double>(i) / (kToneSignals - 1);
    return hlg ? lightOfHlg(signal) : std::min(nitsOfPq(signal) / peak, 1.0);
  });
  add(kToneLights, [&](int32_t i) { return hlg ? std::pow(double{toneLightAt(i)}, kHlgGamma - 1) : 1.0; });
  add(kToneLights, [&](int32_t i) { return eetf.gain(toneLightAt(i) * peak) * peak / kSdrWhiteNits; });
  add(kToneLights, [&](int32_t i) { return 255 * std::pow(double{toneLightAt(i)}, 1 / 2.4); });
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
  for (int i = 0; i < 9; i++)
    args.primaries[i] = source.primaries == ColorPrimaries::bt2020 ? kNarrower[i] : i % 4 == 0 ? 1.0f : 0.0f;
  return args;
}

}  // namespace framepath::media
