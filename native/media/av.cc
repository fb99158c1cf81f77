#include "media/av.h"

#include <cstdio>
#include <mutex>
#include <new>
#include <utility>

namespace framepath::media {
namespace {

std::string& lastLog() {
  static thread_local std::string text;
  return text;
}

void keepLog(void* source, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_ERROR) return;
  char text[512];
  int printPrefix = 0;  // without "[mov @ 0x...]": addresses do not belong in sentences
  av_log_format_line2(source, level, format, arguments, text, sizeof text, &printPrefix);
  std::string& line = lastLog();
  line = text;
  while (!line.empty() && (line.back() == '\n' || line.back() == '.' || line.back() == ' ')) line.pop_back();
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
  return std::exchange(lastLog(), {});
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
