#include "kernels/complexity_summary.h"

#include <algorithm>
#include <cmath>

namespace framepath {

Complexity summarize(std::span<const ComplexityBlock> blocks) {
  double pixels = 0, edges = 0, temporal = 0, deviation = 0;
  double histogram[kComplexityBins] = {};
  for (const ComplexityBlock& block : blocks) {
    if (!block.pixels) continue;
    const double mean = static_cast<double>(block.values) / block.pixels;
    const double variance = static_cast<double>(block.squares) / block.pixels - mean * mean;
    deviation += std::sqrt(std::max(variance, 0.0)) * block.pixels;
    pixels += block.pixels;
    edges += block.edges;
    temporal += block.temporal;
    for (int bin = 0; bin < kComplexityBins; bin++) histogram[bin] += block.histogram[bin];
  }
  Complexity result;
  if (pixels == 0) return result;
  for (const double count : histogram)
    if (count > 0) result.entropy -= count / pixels * std::log2(count / pixels);
  result.entropy /= std::log2(kComplexityBins);
  result.edge = edges / pixels / (2 * 4 * 255);
  result.texture = deviation / pixels / 127.5;
  result.temporal = temporal / pixels / 255;
  return result;
}

}  // namespace framepath
