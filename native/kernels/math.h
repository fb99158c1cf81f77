// Arithmetic with the same bits on every target: no libm, no contraction.
#pragma once
#include "kernels/compat.h"

namespace framepath {

template <typename T>
HD T clampTo(T value, T low, T high) {
  return value < low ? low : value > high ? high : value;
}

HD int32_t minOf(int32_t a, int32_t b) {
  return a < b ? a : b;
}
HD int32_t maxOf(int32_t a, int32_t b) {
  return a > b ? a : b;
}

// A GPU has no instruction that divides integers: what it would make of n / d takes five times as long as these.

// floor(n / d) with reciprocal = 1.0f / d, for n < 2^31 and quotients below 2^20: the product is off by less than 1.
HD uint32_t quotient(uint32_t n, uint32_t d, float reciprocal) {
  const uint32_t guess = static_cast<uint32_t>(static_cast<float>(n) * reciprocal);
  const int32_t rest = static_cast<int32_t>(n - guess * d);
  return rest < 0 ? guess - 1 : rest >= static_cast<int32_t>(d) ? guess + 1 : guess;
}

// floor(at * length / count) for at <= count < 2^16 without 64 bits.
HD uint32_t shareOf(uint32_t at, uint32_t length, uint32_t count) {
  const uint32_t step = length / count;
  return at * step + at * (length - step * count) / count;
}

HD uint32_t bitsOf(float value) {
  union {
    float number;
    uint32_t bits;
  } u;
  u.number = value;
  return u.bits;
}
HD float floatOf(uint32_t bits) {
  union {
    uint32_t bits;
    float number;
  } u;
  u.bits = bits;
  return u.number;
}

// Correctly rounded on every target.
HD float squareRoot(float value) {
  return __builtin_sqrtf(value);
}

// e^x within 2e-7 relative for x in [-87, 88]; clamped to that interval outside it, NaN stays NaN. 2^n * e^r with
// |r| <= ln2/2 (ln2 in two parts) and the Taylor polynomial of degree 7.
HD float expPoly(float x) {
  if (x != x) return x;
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  const float scaled = x * 1.44269504f;
  const int32_t n = static_cast<int32_t>(scaled + (scaled < 0 ? -0.5f : 0.5f));
  const float r = (x - static_cast<float>(n) * 0.693359375f) - static_cast<float>(n) * -2.12194440e-4f;
  float p = 1.98412698e-4f;
  p = p * r + 1.38888889e-3f;
  p = p * r + 8.33333333e-3f;
  p = p * r + 4.16666667e-2f;
  p = p * r + 1.66666667e-1f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  return p * floatOf(static_cast<uint32_t>(n + 127) << 23);
}

// 1 / (1 + e^-x), within 4e-7 relative for x >= -87.
HD float sigmoid(float x) {
  return 1.0f / (1.0f + expPoly(-x));
}

// IEEE binary16, round to nearest even; too large becomes infinity, NaN stays NaN.
HD uint16_t halfFromFloat(float value) {
  const uint32_t bits = bitsOf(value);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  // Normal: rebias the exponent and round the 13 bits that go. Below 2^-14: let a float addition do the rounding.
  const uint32_t normal = (magnitude + 0xc8000fffu + ((magnitude >> 13) & 1u)) >> 13;
  const uint32_t subnormal = bitsOf(floatOf(magnitude) + 0.5f) - 0x3f000000u;
  const uint32_t special = magnitude > 0x7f800000u ? 0x7e00u : 0x7c00u;
  const uint32_t finite = magnitude < 0x38800000u ? subnormal : normal;
  return static_cast<uint16_t>(sign | (magnitude >= 0x477ff000u ? special : finite));
}

HD float floatFromHalf(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  const uint32_t magnitude = half & 0x7fffu;
  if (magnitude >= 0x7c00u) return floatOf(sign | 0x7f800000u | ((magnitude & 0x3ffu) << 13));
  if (magnitude < 0x400u) return floatOf(sign | bitsOf(static_cast<float>(magnitude) * 0x1p-24f));
  return floatOf(sign | ((magnitude << 13) + 0x38000000u));
}

}  // namespace framepath
