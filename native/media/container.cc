#include "media/container.h"

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <string_view>

namespace framepath::media {
namespace {

struct Extension {
  std::string_view name;
  Container container;
};
constexpr Extension kExtensions[] = {
    {".mp4", {"mp4", true, true, false}},    {".m4v", {"mp4", true, true, false}},
    {".mov", {"mov", true, true, false}},    {".mkv", {"matroska", true, false, false}},
    {".ts", {"mpegts", true, false, false}}, {".m2ts", {"mpegts", true, false, false}},
    {".m3u8", {"hls", true, false, true}},
};

struct Scheme {
  std::string_view name;
  const char* format;
};
constexpr Scheme kSchemes[] = {{"rtmp", "flv"},   {"rtmps", "flv"},  {"rtsp", "rtsp"},     {"udp", "mpegts"},
                               {"srt", "mpegts"}, {"tcp", "mpegts"}, {"rtp", "rtp_mpegts"}};

std::string lowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

bool isOneOf(AVCodecID codec, std::initializer_list<AVCodecID> list) {
  return std::find(list.begin(), list.end(), codec) != list.end();
}

}  // namespace

Container containerOf(const std::string& path) {
  if (const size_t colon = path.find("://"); colon != std::string::npos) {
    const std::string scheme = lowerCase(path.substr(0, colon));
    for (const Scheme& known : kSchemes) {
      if (scheme == known.name) return {known.format, false, false, false};
    }
    throw Error(ErrorCode::INVALID_ARGUMENT, "Cannot send to " + scheme + "://.",
                "Outputs go to rtmp, rtmps, rtsp, udp, srt, tcp and rtp URLs, or to a file.");
  }
  const std::string extension = lowerCase(std::filesystem::path(path).extension().string());
  for (const Extension& known : kExtensions) {
    if (extension == known.name) return known.container;
  }
  throw Error(ErrorCode::INVALID_ARGUMENT,
              extension.empty() ? "The output \"" + path + "\" has no extension of a container."
                                : "Cannot write " + extension + " files.",
              "Name it .mp4, .mov, .mkv, .ts or .m3u8 (HLS).");
}

bool holds(const Container& container, AVCodecID codec) {
  const std::string_view format = container.format;
  if (format == "matroska")
    return avformat_query_codec(av_guess_format("matroska", nullptr, nullptr), codec, FF_COMPLIANCE_NORMAL) == 1;
  if (format == "mp4" || format == "mov") {
    return isOneOf(codec, {AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_CODEC_ID_AV1, AV_CODEC_ID_AAC, AV_CODEC_ID_MP3,
                           AV_CODEC_ID_AC3, AV_CODEC_ID_EAC3, AV_CODEC_ID_ALAC}) ||
           (format == "mp4" && isOneOf(codec, {AV_CODEC_ID_OPUS, AV_CODEC_ID_FLAC}));
  }
  if (format == "flv") return isOneOf(codec, {AV_CODEC_ID_H264, AV_CODEC_ID_AAC, AV_CODEC_ID_MP3});
  if (format == "hls") {
    return isOneOf(codec, {AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_CODEC_ID_AV1, AV_CODEC_ID_AAC, AV_CODEC_ID_AC3,
                           AV_CODEC_ID_EAC3});
  }
  return isOneOf(
      codec, {AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_CODEC_ID_AAC, AV_CODEC_ID_MP3, AV_CODEC_ID_AC3, AV_CODEC_ID_EAC3});
}

}  // namespace framepath::media
