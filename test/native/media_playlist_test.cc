// Playlists that libav's parser does not survive are refused before it sees them; legal ones play.
#include <chrono>
#include <filesystem>
#include <functional>
#include <thread>

#include "check.h"
#include "clips.h"
#include "core/error.h"
#include "http_server.h"
#include "media/playlist.h"

using namespace framepath;
using namespace framepath::media;
using clips::make;
using clips::moving;

namespace {

namespace fs = std::filesystem;

const std::string& folder() {
  static const std::string path = [] {
    const std::string made = clips::folder().file("lists");
    fs::create_directory(made);
    make("lists/a.ts", moving("64x48", 25, 25) + "-c:v libx264 -preset ultrafast -f mpegts");
    return made;
  }();
  return path;
}
std::string list(const std::string& name, const std::string& text) {
  return clips::writeText("lists/" + name, "#EXTM3U\n" + text), folder() + "/" + name;
}
// ffmpeg ARGUMENTS in the folder, which writes NAME and what it names.
std::string hls(const std::string& name, const std::string& arguments) {
  clips::output("cd '" + folder() + "' && timeout 60 ffmpeg -v error -nostdin -y " + moving("64x48", 25, 50) +
                "-c:v libx264 -preset ultrafast -g 25 " + arguments + " -f hls -hls_time 1 -hls_list_size 0 " + name +
                " 2>&1");
  return folder() + "/" + name;
}
size_t framesOf(const std::string& uri) {
  return clips::read(uri).frames.size();
}

const std::string kSegment = "#EXTINF:1,\na.ts\n";
const std::string kGood = "#EXT-X-TARGETDURATION:1\n" + kSegment + "#EXT-X-ENDLIST\n";

}  // namespace

TEST(a_playlist_that_names_segments_and_playlists_is_refused) {
  list("good.m3u8", kGood);
  const std::string rendition = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"x\",URI=\"good.m3u8\"\n";
  // Without an end: libav crashed when it read it again.
  const std::string evil = "#EXT-X-MEDIA-SEQUENCE:0\n" + rendition + kSegment;
  CHECK_ERROR(probe(list("evil.m3u8", evil), {}), SOURCE_UNREADABLE);
  CHECK_ERROR(probe(list("ended.m3u8", evil + "#EXT-X-ENDLIST\n"), {}), SOURCE_UNREADABLE);
  CHECK_ERROR(probe(list("variant.m3u8", kGood + "#EXT-X-STREAM-INF:BANDWIDTH=1\ngood.m3u8\n"), {}), SOURCE_UNREADABLE);
  // Named by another one.
  CHECK_ERROR(probe(list("outer.m3u8", "#EXT-X-STREAM-INF:BANDWIDTH=1\nevil.m3u8\n"), {}), SOURCE_UNREADABLE);

  http::Server server;
  const std::string text = "#EXTM3U\n" + evil;
  server.pages["/evil.m3u8"] = http::file("application/vnd.apple.mpegurl", {text.begin(), text.end()});
  server.pages["/a.ts"] = http::file("video/mp2t", clips::readFile(folder() + "/a.ts"));
  CHECK_ERROR(probe(server.url("/evil.m3u8"), {}), SOURCE_UNREADABLE);
}

TEST(masters_do_not_name_masters) {
  CHECK_ERROR(probe(list("self.m3u8", "#EXT-X-STREAM-INF:BANDWIDTH=1\nself.m3u8\n"), {}), SOURCE_UNREADABLE);
  list("good.m3u8", kGood);
  list("inner.m3u8", "#EXT-X-STREAM-INF:BANDWIDTH=1\ngood.m3u8\n");
  CHECK_ERROR(probe(list("nested.m3u8", "#EXT-X-STREAM-INF:BANDWIDTH=1\ninner.m3u8\n"), {}), SOURCE_UNREADABLE);
}

TEST(a_playlist_that_turns_into_something_else_while_live_is_refused) {
  for (const bool remote : {false, true}) {
    http::Server server;
    const std::string live = "#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:0\n" + kSegment;
    const std::string evil = live + "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"x\",URI=\"good.m3u8\"\n" + kSegment;
    const auto answer = [](const std::string& text) {
      const std::string all = "#EXTM3U\n" + text;
      return http::file("application/vnd.apple.mpegurl", {all.begin(), all.end()});
    };
    server.answer = [&](const std::string& path) {
      if (path == "/a.ts") return http::file("video/mp2t", clips::readFile(folder() + "/a.ts"));
      return answer(server.requests < 3 ? live : evil);
    };
    SourceOptions options;
    options.uri = remote ? server.url("/live.m3u8") : list("live.m3u8", live);
    options.reconnects = 0;
    // libav wants to know more of the stream than one segment, so that it may load it again before it is open.
    CHECK_ERROR(
        [&] {
          std::thread change([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(300));
            if (!remote) list("live.m3u8", evil);
          });
          struct Join {
            std::thread& thread;
            ~Join() { thread.join(); }
          } join{change};
          clips::read(options);
        }(),
        SOURCE_UNREADABLE);
  }
}

TEST(a_rendition_without_segments_is_left_out) {
  list("good.m3u8", kGood);
  list("empty.m3u8", "#EXT-X-TARGETDURATION:1\n");
  CHECK_EQUAL(framesOf(list("no_audio.m3u8",
                            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"x\",URI=\"empty.m3u8\"\n"
                            "#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\ngood.m3u8\n")),
              25u);
}

TEST(numbers_out_of_range_are_refused) {
  const std::string end = "#EXT-X-ENDLIST\n";
  for (const std::string& text :
       {"#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:99999999999999999999\n" + kSegment + end,
        "#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:-1\n" + kSegment + end,
        "#EXT-X-TARGETDURATION:99999999999\n" + kSegment + end,
        std::string("#EXT-X-TARGETDURATION:1\n#EXTINF:1e308,\na.ts\n") + end,
        std::string("#EXT-X-TARGETDURATION:1\n#EXTINF:nan,\na.ts\n") + end,
        std::string("#EXT-X-TARGETDURATION:1\n#EXTINF:6e8,\na.ts\n#EXTINF:6e8,\na.ts\n") + end,
        "#EXT-X-TARGETDURATION:1\n#EXT-X-BYTERANGE:99999999999@-1\n" + kSegment + end,
        "#EXT-X-TARGETDURATION:1\n#EXT-X-BYTERANGE:-5@0\n" + kSegment + end,
        "#EXT-X-TARGETDURATION:1\n#EXT-X-MAP:URI=\"a.ts\",BYTERANGE=\"1@9999999999999999999\"\n" + kSegment + end,
        "#EXT-X-TARGETDURATION:1\n#EXT-X-START:TIME-OFFSET=1e30\n" + kSegment + end,
        "#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n" + std::string(5000, 'a') + ".ts\n" + end})
    CHECK_ERROR(probe(list("range.m3u8", text), {}), SOURCE_UNREADABLE);
}

TEST(lists_that_nobody_needs_are_refused) {
  std::string many;
  for (int i = 0; i < 300; i++) many += "#EXT-X-STREAM-INF:BANDWIDTH=1\ngood.m3u8\n";
  CHECK_ERROR(probe(list("many.m3u8", many), {}), SOURCE_UNREADABLE);
  std::string text = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n";
  for (int i = 0; i <= 250'000; i++) text += "#EXTINF:1,\na\n";
  CHECK_ERROR(checkPlaylist("long", text), SOURCE_UNREADABLE);
  CHECK_ERROR(probe(list("nul.m3u8", kGood + std::string("\0", 1)), {}), SOURCE_UNREADABLE);
  const std::string huge = clips::folder().file("huge.m3u8");
  list("../huge.m3u8", kGood);
  fs::resize_file(huge, kMaxPlaylistBytes + 1);
  CHECK_ERROR(probe(huge, {}), SOURCE_UNREADABLE);
}

TEST(an_encryption_that_libav_did_not_prepare_for_is_refused) {
  const std::string key = "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"key.bin\"\n";
  CHECK_ERROR(
      probe(list("mixed.m3u8", "#EXT-X-TARGETDURATION:1\n" + kSegment + key + kSegment + "#EXT-X-ENDLIST\n"), {}),
      SOURCE_UNREADABLE);
}

TEST(legal_playlists_play) {
  CHECK_EQUAL(framesOf(hls("plain.m3u8", "-hls_segment_filename plain%d.ts")), 50u);
  CHECK_EQUAL(framesOf(hls("ranges.m3u8", "-hls_flags single_file -hls_segment_filename ranges.ts")), 50u);
  CHECK_EQUAL(framesOf(hls("fragments.m3u8",
                           "-hls_segment_type fmp4 -hls_fmp4_init_filename init.mp4 -hls_segment_filename f%d.m4s")),
              50u);
  // libav reads local keys only under names of media.
  clips::writeText("lists/key.m4a", "0123456789abcdef");
  clips::writeText("lists/key.info", "key.m4a\n" + folder() + "/key.m4a\n");
  CHECK_EQUAL(framesOf(hls("secret.m3u8", "-hls_key_info_file key.info -hls_segment_filename secret%d.ts")), 50u);
  Limits jailed;
  jailed.jail = folder();
  SourceOptions options;
  options.uri = folder() + "/secret.m3u8";
  options.limits = jailed;
  CHECK_EQUAL(clips::read(options).frames.size(), 50u);
  options.limits.protocols = {"file"};
  CHECK_EQUAL(clips::read(options).frames.size(), 50u);
}

TEST(a_master_with_an_audio_group_plays) {
  clips::output("cd '" + folder() + "' && timeout 60 ffmpeg -v error -nostdin -y -f lavfi -i sine=d=2 " +
                moving("64x48", 25, 50) +
                "-map 1:v -map 0:a -c:v libx264 -preset ultrafast -c:a aac -f hls -hls_time 1 "
                "-hls_list_size 0 -master_pl_name master.m3u8 -var_stream_map 'v:0,agroup:a a:0,agroup:a,default:yes' "
                "group%v.m3u8 2>&1");
  const std::string master = folder() + "/master.m3u8";
  CHECK_EQUAL(probe(master, {}).audio.size(), 1u);
  CHECK_EQUAL(framesOf(master), 50u);
  // RFC 8216, 4.3.5.2: in both kinds of playlist.
  const clips::Bytes bytes = clips::readFile(master);
  const std::string text(bytes.begin(), bytes.end());
  list("start.m3u8", "#EXT-X-START:TIME-OFFSET=0.5\n" + text.substr(text.find('\n') + 1));
  CHECK_EQUAL(framesOf(folder() + "/start.m3u8"), 50u);
}

TEST(a_redirected_playlist_names_files_beside_its_last_address) {
  http::Server server;
  const std::string text = "#EXTM3U\n" + kGood;
  server.pages["/first/list.m3u8"] = http::redirect(server.url("/second/list.m3u8"));
  server.pages["/second/list.m3u8"] = http::file("application/vnd.apple.mpegurl", {text.begin(), text.end()});
  server.pages["/second/a.ts"] = http::file("video/mp2t", clips::readFile(folder() + "/a.ts"));
  CHECK_EQUAL(framesOf(server.url("/first/list.m3u8")), 25u);
}

TEST(a_playlist_from_the_network_names_no_local_files) {
  http::Server server;
  const std::string text =
      "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://" + folder() + "/a.ts\n#EXT-X-ENDLIST\n";
  server.pages["/a.m3u8"] = http::file("application/vnd.apple.mpegurl", {text.begin(), text.end()});
  CHECK_ERROR(probe(server.url("/a.m3u8"), {}), SOURCE_REFUSED);
}
TEST_MAIN()
