// A clip of a live source around an event: packets of its ring as they are, then those that come, into a file.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "core/stop.h"
#include "media/packet_ring.h"

namespace framepath::media {

struct ClipOptions {
  std::string path;            // .mp4 .m4v .mov .mkv .ts .m2ts
  std::string source;          // its id, for messages
  int64_t preMs = 0;           // before now
  int64_t postMs = 0;          // after now
  std::function<bool()> over;  // the source has ended: nothing follows
  StopRef stop;                // the clip ends then, as it is
  StopRef endBy = nullptr;     // an MP4 that is not rewritten by then stays in fragments, which play too
};

struct ClipResult {
  std::string path;
  int64_t preMs = 0;       // from its first picture to the call
  int64_t durationMs = 0;  // of its pictures
  int64_t frames = 0;
  int64_t bytes = 0;      // of what was written, without the container
  int64_t gaps = 0;       // outages of the source inside
  int64_t dropped = 0;    // packets that the disk was too slow for
  bool complete = false;  // it ends `postMs` after the call
  bool hasAudio = false;
  std::string audioLeftOut;  // its codec, where the container does not hold it
};

// Writes the clip; blocks until it is whole. It begins with the last keyframe that is `preMs` old, its times with 0. A
// source that is lost in between goes on behind a gap; one that comes back as another stream ends it. The file is
// written beside its path and takes its place in the end. Throws INVALID_ARGUMENT, OUTPUT_UNWRITABLE, OUTPUT_DISK_FULL,
// OUTPUT_FAILED (also when not one picture came).
ClipResult writeClip(PacketRing& ring, const ClipOptions& options);

}  // namespace framepath::media
