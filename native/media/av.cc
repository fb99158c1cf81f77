#include "media/av.h"

#include <cstdio>
#include <mutex>
#include <new>
#include <utility>

#include "media/picture_limit.h"
#include "media/skipped_data.h"

namespace framepath::media {
namespace {

constexpr size_t kLongestLine = 1000;

struct Log {
  std::string line;        // the last whole one
  std::string unfinished;  // libav logs some lines in several calls
};
Log& lastLog() {
  static thread_local Log one;
  return one;
}

void keepLog(void* source, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_ERROR) return;
  PictureLimit::notice(source, format);
  SkippedData::notice(source);
  char text[512];
  int printPrefix = 0;  // without "[mov @ 0x...]": addresses do not belong in sentences
  av_log_format_line2(source, level, format, arguments, text, sizeof text, &printPrefix);
  std::string line = std::exchange(lastLog().unfinished, {}) + text;
  if (line.empty() || line.back() != '\n') {
    if (line.size() < kLongestLine) lastLog().unfinished = std::move(line);
    return;
  }
  while (!line.empty() && std::string_view("\n .:").find(line.back()) != std::string_view::npos) line.pop_back();
  // The cause is in an earlier line.
  if (!line.starts_with("Failed setup for format")) lastLog().line = std::move(line);
}

}  // namespace

AvFrame newFrame() {
  AvFrame frame(av_frame_alloc());
  if (!frame) throw std::bad_alloc();
  return frame;
}

AvPacket newPacket() {
  AvPacket packet(av_packet_alloc());
  if (!packet) throw std::bad_alloc();
  return packet;
}

void quietLog() {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_callback(keepLog); });
}

std::string takeLastLog() {
  Log& mine = lastLog();
  if (mine.line.empty()) mine.line = std::move(mine.unfinished);
  mine.unfinished.clear();
  return std::exchange(mine.line, {});
}

AvCodecParameters copyOf(const AVCodecParameters& parameters) {
  AvCodecParameters copy(avcodec_parameters_alloc());
  if (!copy || avcodec_parameters_copy(copy.get(), &parameters) < 0) throw std::bad_alloc();
  return copy;
}

std::string avErrorText(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof text);
  const std::string log = takeLastLog();
  return log.empty() ? text : std::string(text) + " (" + log + ")";
}

int av(int result, std::string_view call, ErrorCode code) {
  if (result >= 0) return result;
  throw Error(code, std::string(call) + ": " + avErrorText(result));
}

}  // namespace framepath::media
