#include "kernels/transfer.h"

#include <algorithm>
#include <cmath>

namespace framepath::transfer {
namespace {

constexpr double kM1 = 2610.0 / 16384, kM2 = 2523.0 / 4096 * 128;
constexpr double kC1 = 3424.0 / 4096, kC2 = 2413.0 / 4096 * 32, kC3 = 2392.0 / 4096 * 32;

constexpr double kHlgA = 0.17883277, kHlgB = 1 - 4 * kHlgA;
double hlgC() {
  return 0.5 - kHlgA * std::log(4 * kHlgA);
}

}  // namespace

double nitsOfPq(double signal) {
  const double power = std::pow(std::clamp(signal, 0.0, 1.0), 1 / kM2);
  return kMostNits * std::pow(std::max(power - kC1, 0.0) / (kC2 - kC3 * power), 1 / kM1);
}
double pqOfNits(double nits) {
  const double power = std::pow(std::clamp(nits / kMostNits, 0.0, 1.0), kM1);
  return std::pow((kC1 + kC2 * power) / (1 + kC3 * power), kM2);
}

double lightOfHlg(double signal) {
  signal = std::clamp(signal, 0.0, 1.0);
  return signal <= 0.5 ? signal * signal / 3 : (std::exp((signal - hlgC()) / kHlgA) + kHlgB) / 12;
}
double hlgOfLight(double light) {
  light = std::clamp(light, 0.0, 1.0);
  return light <= 1.0 / 12 ? std::sqrt(3 * light) : kHlgA * std::log(12 * light - kHlgB) + hlgC();
}

std::array<double, 3> hdrOfSdr(const std::array<double, 3>& rgb, ColorTransfer to) {
  std::array<double, 3> light{}, out{};
  for (int i = 0; i < 3; i++)
    for (int k = 0; k < 3; k++) light[i] += kWider[i * 3 + k] * std::pow(std::clamp(rgb[k], 0.0, 1.0), 2.4);
  if (to == ColorTransfer::pq) {
    for (int i = 0; i < 3; i++) out[i] = pqOfNits(light[i] * kSdrWhiteNits);
    return out;
  }
  constexpr double kWhite = kSdrWhiteNits / kUsualPeakNits;
  const double luminance = (0.2627 * light[0] + 0.678 * light[1] + 0.0593 * light[2]) * kWhite;
  if (luminance <= 0) return out;
  const double system = std::pow(luminance, (1 - kHlgGamma) / kHlgGamma);
  for (int i = 0; i < 3; i++) out[i] = hlgOfLight(light[i] * kWhite * system);
  return out;
}

}  // namespace framepath::transfer
