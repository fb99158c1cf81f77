// What probing finds about a source, before anything is decoded.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/stop.h"
#include "core/view.h"
#include "generated/source_defaults.h"
#include "media/hdr_metadata.h"

namespace framepath::media {

struct Rational {
  int32_t num = 0;
  int32_t den = 1;
  double value() const { return den ? static_cast<double>(num) / den : 0; }
};

struct AudioStreamInfo {
  std::string codec;
  int32_t sampleRate = 0;
  int32_t channels = 0;
};

struct SourceInfo {
  std::string kind;       // video | image | audio
  std::string container;  // libavformat's short name
  std::string codec;      // empty: no video stream
  std::string pixelFormat;
  int32_t width = 0, height = 0;            // upright, square pixels: the coordinates of results
  int32_t codedWidth = 0, codedHeight = 0;  // as stored
  int32_t rotation = 0;                     // degrees clockwise applied to make frames upright: 0, 90, 180, 270
  Rational sampleAspect{1, 1};
  Rational fps;             // nominal rate; 0/1 unknown
  int64_t durationMs = -1;  // -1 unknown
  int64_t frames = -1;      // estimate, -1 unknown
  int64_t bytes = -1;
  int64_t bitrate = -1;
  int32_t depth = 8;
  bool interlaced = false;
  bool hdr = false;  // PQ or HLG transfer
  ColorPrimaries primaries = ColorPrimaries::bt709;
  bool live = false;  // no end known, not seekable
  std::string colorMatrix, colorRange, colorTransfer;
  HdrMetadata hdrMetadata;  // as the container has it
  std::vector<AudioStreamInfo> audio;
};

// What the caller allows. An empty list or 0 = no limit.
struct Limits {
  int64_t maxBytes = defaults::LimitsSpec::maxBytes;            // over everything the source opens, segments too
  int64_t maxPixels = defaults::LimitsSpec::maxPixels;          // of one coded picture
  int64_t maxDurationMs = defaults::LimitsSpec::maxDurationMs;  // declared, and of what is decoded
  std::string jail;                                             // files must lie below this folder, playlists included
  std::vector<std::string> protocols;                           // allowed libavformat protocols, e.g. {"file"}
  std::vector<std::string> hosts;  // that may be connected to (host_policy.h); empty = every public one
  // loopback, private, link-local, ... may be connected to
  bool privateNetworks = defaults::LimitsSpec::privateNetworks;
  bool isolated = defaults::LimitsSpec::isolated;  // opened, read and decoded in a process of its own
};

// Opens by content and reads the headers. Throws SOURCE_NOT_FOUND, SOURCE_UNREADABLE (not media, truncated),
// SOURCE_UNSUPPORTED, SOURCE_TOO_LARGE, SOURCE_REFUSED (jail, protocol), CANCELLED (`stop` passed); in a process of its
// own also SOURCE_CRASHED.
SourceInfo probe(const std::string& uri, const Limits& limits, StopRef stop = nullptr);

}  // namespace framepath::media
