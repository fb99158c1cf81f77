// A clip out of nothing, for machines that have none: a moving pattern through our own encoder and muxer.
#pragma once
#include <cstdint>
#include <string>

namespace framepath::bench {

struct PatternClip {
  std::string path;  // its extension selects the container
  int32_t width = 1280, height = 720;
  int32_t fps = 30;
  int32_t frames = 90;
};

// A textured ground that pans, with discs that move otherwise and a little grain: about as hard to code as a camera's
// picture. The same bytes before encoding on every machine. INVALID_ARGUMENT, and what encoder and output throw.
void renderPattern(const PatternClip& clip);

}  // namespace framepath::bench
