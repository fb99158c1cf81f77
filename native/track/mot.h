// MOTChallenge text: `frame,id,x,y,w,h,score,...`, frames from 1.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/results.h"
#include "track/tracker.h"

namespace framepath::track {

struct MotRow {
  int64_t frame = 1;
  int64_t id = -1;
  Box box;
  float score = 1;
};

// Rows in the order of the text. Throws INVALID_ARGUMENT with the line number.
std::vector<MotRow> parseMot(std::string_view text);
std::string formatMot(const std::vector<MotRow>& rows);

// Tracks given detections, motion only: every frame from 1 to the last one, with or without detections.
std::string trackMot(std::string_view detections, const TrackerOptions& options);

}  // namespace framepath::track
