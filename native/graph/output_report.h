// What became of one output.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compose/composer.h"
#include "core/error.h"
#include "core/histogram.h"
#include "media/output.h"

namespace framepath::graph {

struct OutputReport {
  std::string name, composition;
  int32_t width = 0, height = 0;
  media::DynamicRange dynamicRange = media::DynamicRange::sdr;
  int64_t dropped = 0;  // canvases that it had no room for; of a composition of live sources
  Histogram latency;    // from reading the oldest new picture of a live source to its packet
  media::Connection connection = media::Connection::none;
  int64_t reconnects = 0;      // times its connection came back
  int64_t lost = 0;            // packets of pictures left out while it was away
  std::optional<Error> error;  // why it ended early
  media::OutputResult result;
  struct Silence {
    std::string source;
    int64_t ms = 0;
  };
  std::vector<Silence> silence;  // of live sources whose audio it has
};

// Of a tile that follows somebody.
struct FollowReport {
  std::string composition;
  compose::FollowStats stats;
};

}  // namespace framepath::graph
