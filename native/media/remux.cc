#include "media/remux.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <system_error>
#include <vector>

#include "media/muxer.h"
#include "media/ticks.h"

namespace framepath::media {
namespace {

namespace fs = std::filesystem;

// A new, empty file beside `target`: nothing that is there is followed or overwritten.
fs::path newFileBeside(const fs::path& target) {
  std::random_device random;
  for (int attempt = 0; attempt < 16; attempt++) {
    char name[48];
    std::snprintf(name, sizeof name, ".framepath-%08x%08x.finishing", static_cast<unsigned>(random()),
                  static_cast<unsigned>(random()));
    fs::path path = target;
    path.replace_filename(name);
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0) {
      close(fd);
      return path;
    }
    if (errno != EEXIST)
      throw Error(errno == ENOSPC || errno == EDQUOT ? ErrorCode::OUTPUT_DISK_FULL : ErrorCode::OUTPUT_FAILED,
                  "Cannot finish " + target.string() + " in its folder: " + std::strerror(errno) + ".",
                  "The file plays as it is; allow new files in its folder.");
  }
  throw Error(ErrorCode::OUTPUT_FAILED, "Cannot finish " + target.string() + ": no name is free in its folder.");
}

AvInput openWritten(const std::string& path) {
  AVFormatContext* opened = nullptr;
  av(avformat_open_input(&opened, ("file:" + path).c_str(), av_find_input_format("mov"), nullptr),
     "avformat_open_input", ErrorCode::OUTPUT_FAILED);
  return AvInput(opened);
}

void copyPackets(const std::string& from, const std::string& to, const Container& container, Rational fps,
                 const StopRef& stop) {
  const AvInput input = openWritten(from);
  Muxer muxer(to, container, nullptr, stop);
  for (unsigned i = 0; i < input->nb_streams; i++) {
    const AVStream& stream = *input->streams[i];
    muxer.addStream(*stream.codecpar, stream.time_base);
  }
  AvDictionary options;
  options.set("movflags", "+faststart");
  muxer.begin(options);
  const AvPacket packet = newPacket();
  while (true) {
    const int result = av_read_frame(input.get(), packet.get());
    if (result == AVERROR_EOF) break;
    if (stop && stop->passed()) av(AVERROR_EXIT, "remux", ErrorCode::CANCELLED);
    av(result, "av_read_frame", ErrorCode::OUTPUT_FAILED);
    const AVStream& stream = *input->streams[packet->stream_index];
    // The demuxer does not know how long the last sample of a fragmented file is.
    if (stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO) {
      packet->duration = av_rescale_q(1, tickOf(fps), stream.time_base);
    }
    muxer.write(*packet, packet->stream_index, stream.time_base);
  }
  muxer.end();
}

}  // namespace

void remux(const std::string& path, const Container& container, Rational fps, const StopRef& stop) {
  // Through a link, so that the link stays one.
  std::error_code ignored;
  const fs::path target = fs::canonical(path, ignored);
  if (target.empty()) throw Error(ErrorCode::OUTPUT_FAILED, "The output " + path + " is gone.");
  const fs::path temporary = newFileBeside(target);
  try {
    copyPackets(target.string(), temporary.string(), container, fps, stop);
    fs::permissions(temporary, fs::status(target).permissions(), ignored);
    fs::rename(temporary, target);
  } catch (const fs::filesystem_error& e) {
    fs::remove(temporary, ignored);
    throw Error(ErrorCode::OUTPUT_FAILED, "Cannot replace " + path + ": " + e.code().message() + ".");
  } catch (...) {
    fs::remove(temporary, ignored);
    if (stop && stop->passed()) throw Error(ErrorCode::CANCELLED, "There was no time to finish " + path + ".");
    throw;
  }
}

}  // namespace framepath::media
