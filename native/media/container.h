// The container of a path or URL, and what may be put into it.
#pragma once
#include <string>

#include "media/av.h"

namespace framepath::media {

struct Container {
  const char* format = nullptr;  // libavformat's muxer
  bool local = true;             // a file of this machine, not a URL
  bool fragmented = false;       // MP4 and its like: written in fragments, remuxed at the end
  bool segmented = false;        // HLS: a playlist and its segments
};

// Throws INVALID_ARGUMENT for extensions and schemes it does not know.
Container containerOf(const std::string& path);

// Whether players can be expected to read this codec in that container (muxers accept more than that).
bool holds(const Container& container, AVCodecID codec);

}  // namespace framepath::media
