// Pictures that lie in the surfaces of a GPU's decoder. There are only so many surfaces: a decoder that finds none free
// fails.
#pragma once
#include <atomic>
#include <memory>

#include "core/fence.h"
#include "core/view.h"
#include "media/av.h"

namespace framepath::media {

struct Surface {
  ImageView view;
  Fence ready;  // recorded behind the decoder's work
  bool spare;   // may be held for as long as one likes; else its pixels are to be copied soon
};

// How many of a decoder's pictures are held by others, and how many may be.
struct SurfaceCount {
  std::atomic<int32_t> held{0}, allowed{0};
};

// To each picture that a decoder gives out, before anybody else sees it. `depth`: significant bits of its samples.
void markSurface(AVFrame& picture, Fence ready, int32_t depth, std::shared_ptr<SurfaceCount> count);

bool onGpu(const AVFrame& picture);
Surface surfaceOf(const AVFrame& picture);  // of a marked picture

}  // namespace framepath::media
