#include "track/mot.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "core/error.h"

namespace framepath::track {

namespace {

constexpr int64_t kMaxFrames = 100'000'000;

[[noreturn]] void rejectLine(size_t line, const std::string& why) {
  throw Error(ErrorCode::INVALID_ARGUMENT, "MOT text, line " + std::to_string(line) + ": " + why,
              "each line is frame,id,x,y,w,h,score with frames from 1");
}

// The first `count` numbers of a line, at least `needed`; separators are commas and blanks.
size_t parseNumbers(std::string_view line, double* numbers, size_t count, size_t needed, size_t lineNumber) {
  size_t found = 0;
  const char* at = line.data();
  const char* end = at + line.size();
  while (found < count) {
    while (at < end && (*at == ',' || *at == ' ' || *at == '\t' || *at == '\r')) at++;
    if (at == end) break;
    const std::from_chars_result result = std::from_chars(at, end, numbers[found]);
    if (result.ec != std::errc{} || !std::isfinite(numbers[found])) rejectLine(lineNumber, "a number was expected");
    at = result.ptr;
    found++;
  }
  if (found > 0 && found < needed) rejectLine(lineNumber, "only " + std::to_string(found) + " numbers");
  return found;
}

Detections detectionsOf(const std::vector<MotRow>& rows, const std::vector<size_t>& order, size_t begin, size_t end) {
  Detections detections;
  for (size_t i = begin; i < end; i++) {
    detections.boxes.push_back(rows[order[i]].box);
    detections.scores.push_back(rows[order[i]].score);
    detections.classes.push_back(0);
  }
  return detections;
}

}  // namespace

std::vector<MotRow> parseMot(std::string_view text) {
  std::vector<MotRow> rows;
  size_t lineNumber = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    double numbers[7];
    const size_t found = parseNumbers(line, numbers, 7, 6, ++lineNumber);
    if (found == 0) continue;
    if (numbers[0] < 1 || numbers[0] > kMaxFrames) rejectLine(lineNumber, "frame out of range");
    if (std::abs(numbers[1]) > 1e15) rejectLine(lineNumber, "id out of range");
    MotRow row;
    row.frame = static_cast<int64_t>(numbers[0]);
    row.id = static_cast<int64_t>(numbers[1]);
    row.box = {static_cast<float>(numbers[2]), static_cast<float>(numbers[3]), static_cast<float>(numbers[2] + numbers[4]),
               static_cast<float>(numbers[3] + numbers[5])};
    if (found > 6) row.score = static_cast<float>(numbers[6]);
    rows.push_back(row);
  }
  return rows;
}

std::string formatMot(const std::vector<MotRow>& rows) {
  std::string text;
  char line[192];
  for (const MotRow& row : rows) {
    const int length = std::snprintf(line, sizeof line, "%lld,%lld,%.2f,%.2f,%.2f,%.2f,%.4f,-1,-1,-1\n",
                                     static_cast<long long>(row.frame), static_cast<long long>(row.id), row.box.x1,
                                     row.box.y1, row.box.width(), row.box.height(), row.score);
    text.append(line, static_cast<size_t>(std::clamp<int>(length, 0, sizeof line - 1)));
  }
  return text;
}

std::string trackMot(std::string_view text, const TrackerOptions& options) {
  const std::vector<MotRow> rows = parseMot(text);
  std::vector<size_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return rows[a].frame != rows[b].frame ? rows[a].frame < rows[b].frame : rows[a].score > rows[b].score;
  });
  const std::unique_ptr<Tracker> tracker = makeTracker(options);
  std::vector<MotRow> result;
  int64_t frame = 1;
  for (size_t begin = 0; begin < order.size(); frame++) {
    size_t end = begin;
    while (end < order.size() && rows[order[end]].frame == frame) end++;
    const auto ptsUs = static_cast<int64_t>(std::llround(static_cast<double>(frame - 1) * 1e6 / options.fps));
    for (const Track& track : tracker->update(detectionsOf(rows, order, begin, end), ptsUs).items) {
      result.push_back({frame, track.track, track.box, track.score});
    }
    begin = end;
  }
  return formatMot(result);
}

}  // namespace framepath::track
