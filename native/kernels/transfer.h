// Transfer functions of high dynamic range (Rec. ITU-R BT.2100), for tables and single colours: on the host, in double.
#pragma once
#include <array>

#include "core/view.h"

namespace framepath::transfer {

// SDR white: HDR Reference White of Rec. ITU-R BT.2408, so that what is no highlight keeps its brightness next to
// white.
inline constexpr double kSdrWhiteNits = 203;
// Of a PQ picture that does not state its peak, and of the display that HLG is meant for.
inline constexpr double kUsualPeakNits = 1000;

// SMPTE ST 2084: a signal in 0..1, and light in cd/m2.
inline constexpr double kMostNits = 10'000;
double nitsOfPq(double signal);
double pqOfNits(double nits);

// ARIB STD-B67: a signal in 0..1, and scene light, 1 = the brightest; the gamma of the system at kUsualPeakNits.
inline constexpr double kHlgGamma = 1.2;
double lightOfHlg(double signal);
double hlgOfLight(double light);

// Linear R, G, B of BT.709 as BT.2020 (Rec. ITU-R BT.2087), row by row.
inline constexpr double kWider[9] = {0.6274039, 0.3292830, 0.0433131, 0.0690973, 0.9195404,
                                     0.0113623, 0.0163914, 0.0880133, 0.8955953};

// R, G, B of SDR (BT.709, BT.1886), 0..1, as such of BT.2020 with `to`.
std::array<double, 3> hdrOfSdr(const std::array<double, 3>& rgb, ColorTransfer to);

}  // namespace framepath::transfer
