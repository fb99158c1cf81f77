// HLS: playlists, segments, and their names.
#include <filesystem>
#include <sstream>
#include <string>

#include "check.h"
#include "media_writing.h"

using namespace writing;

TEST(hls_outputs_in_one_folder_share_nothing) {
  const clip::TempFolder folder;
  for (const VideoCodec codec : {VideoCodec::h264, VideoCodec::hevc}) {
    std::vector<std::unique_ptr<Writing>> all;
    for (const char* name : {"a.m3u8", "b 50%d.m3u8", "a1.m3u8", "a11.m3u8"}) {
      all.push_back(
          std::make_unique<Writing>(folder.file(name), std::vector<AudioInput>{}, options(codec, Profile::realtime)));
      all.back()->frames(60);
    }
    for (const auto& writing : all) writing->finish();
    CHECK_EQUAL(filesIn(folder.path()), codec == VideoCodec::h264 ? 4 * 3 : 4 * 4 + 4 * 2);
    for (const char* name : {"a.m3u8", "'b 50%d.m3u8'", "a1.m3u8", "a11.m3u8"})
      CHECK_EQUAL(decodedFrames(folder.path() + "/" + name), 60);
  }
}

TEST(hls_has_segments_that_begin_with_keyframes) {
  const clip::TempFolder folder;
  Writing writing(folder.file("live.m3u8"));
  writing.frames(250);
  writing.finish();
  const std::vector<uint8_t> bytes = clip::bytesOf(folder.file("live.m3u8"));
  std::istringstream playlist(std::string(bytes.begin(), bytes.end()));
  int segments = 0;
  bool ended = false;
  for (std::string line; std::getline(playlist, line);) {
    if (line == "#EXT-X-ENDLIST") ended = true;
    if (line.empty() || line[0] == '#') continue;
    segments++;
    CHECK(line.find('/') == std::string::npos);
    const auto rows = clip::packets(folder.file(line), "v:0");
    CHECK(!rows.empty() && rows[0].keyframe);
    CHECK(rows.size() <= 50);
  }
  CHECK(ended);
  CHECK_EQUAL(segments, 5);
}

TEST(hls_of_a_window_deletes_what_is_older) {
  const clip::TempFolder folder;
  EncoderOptions encoder = options(VideoCodec::h264, Profile::realtime);
  encoder.keyframeMs = 400;
  Writing writing(folder.file("live.m3u8"), {}, encoder, {.segmentMs = 400, .windowSegments = 3});
  writing.frames(250);
  const auto segments = [&] {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
      if (entry.path().extension() == ".ts") count++;
    return count;
  };
  CHECK(segments() <= 6);  // those of the playlist, the one that is written, and one or two that players may still read
  const std::vector<uint8_t> bytes = clip::bytesOf(folder.file("live.m3u8"));
  const std::string playlist(bytes.begin(), bytes.end());
  CHECK(playlist.find("#EXT-X-PLAYLIST-TYPE") == std::string::npos);
  CHECK(playlist.find("#EXT-X-TARGETDURATION:1\n") != std::string::npos ||
        playlist.find("#EXT-X-TARGETDURATION:0\n") != std::string::npos);
  int listed = 0;
  for (size_t at = 0; (at = playlist.find("#EXTINF", at)) != std::string::npos; at++) listed++;
  CHECK_EQUAL(listed, 3);
  writing.finish();
}

TEST(hls_segments_are_one_group_of_pictures_at_any_rate) {
  for (const Rational fps : {Rational{30000, 1001}, Rational{24000, 1001}, Rational{60, 1}}) {
    const clip::TempFolder folder;
    EncoderOptions encoder = options(VideoCodec::h264, Profile::realtime);
    encoder.fps = fps;
    encoder.keyframeMs = 500;
    Writing writing(folder.file("a.m3u8"), {}, encoder, {.segmentMs = 500});
    for (int n = 0; n < 120; n++)
      writing.encoder->push(clip::picture(*writing.device, kWidth, kHeight, n, clip::timeUs(n, fps)), writing.emit);
    writing.finish();
    const std::vector<uint8_t> bytes = clip::bytesOf(folder.file("a.m3u8"));
    std::istringstream playlist(std::string(bytes.begin(), bytes.end()));
    for (std::string line; std::getline(playlist, line);)
      if (line.starts_with("#EXTINF:")) CHECK(std::stod(line.substr(8)) <= 0.501);
  }
}

TEST(hevc_and_av1_go_into_hls_and_matroska) {
  const clip::TempFolder folder;
  for (const VideoCodec codec : {VideoCodec::hevc, VideoCodec::av1}) {
    for (const char* name : {"b.m3u8", "b.mkv"}) {
      Writing writing(folder.file(name), {}, options(codec, Profile::realtime));
      writing.frames(60);
      writing.finish();
      CHECK_EQUAL(decodedFrames(folder.file(name)), 60);
    }
  }
}

TEST_MAIN()
