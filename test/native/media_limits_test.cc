// What a caller forbids stays forbidden, also for what a playlist names.
#include <filesystem>

#include "check.h"
#include "clips.h"
#include "core/error.h"

using namespace framepath;
using namespace framepath::media;
using clips::make;
using clips::moving;

namespace {

namespace fs = std::filesystem;

// jail/ holds inside.mp4 and the playlists; outside.mp4 and outside0.ts lie beside it.
struct Yard {
  std::string jail = clips::folder().file("jail");
  std::string outside, inside, segment;
  Yard() {
    fs::create_directory(jail);
    outside = make("outside.mp4", moving("64x48", 25, 5) + "-c:v libx264 -preset ultrafast");
    segment = make("outside0.ts", moving("64x48", 25, 5) + "-c:v libx264 -preset ultrafast");
    inside = jail + "/inside.mp4";
    fs::copy_file(outside, inside, fs::copy_options::skip_existing);
    fs::copy_file(segment, jail + "/inside0.ts", fs::copy_options::skip_existing);
  }
  std::string playlist(const std::string& name, const std::string& segmentUri) const {
    return clips::writeText("jail/" + name, "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.2,\n" +
                                                segmentUri + "\n#EXT-X-ENDLIST\n");
  }
};

const Yard& yard() {
  static const Yard instance;
  return instance;
}

Limits jailed() {
  Limits limits;
  limits.jail = yard().jail;
  return limits;
}

size_t framesOf(const std::string& uri, const Limits& limits) {
  SourceOptions options;
  options.uri = uri;
  options.limits = limits;
  return clips::read(options).frames.size();
}

}  // namespace

TEST(a_file_may_not_be_larger_than_the_limit) {
  Limits limits;
  limits.maxBytes = static_cast<int64_t>(fs::file_size(yard().outside));
  CHECK_EQUAL(framesOf(yard().outside, limits), 5u);
  limits.maxBytes--;
  CHECK_ERROR(probe(yard().outside, limits), SOURCE_TOO_LARGE);
  CHECK_ERROR(framesOf(yard().outside, limits), SOURCE_TOO_LARGE);
  limits.maxBytes = 1000;  // a playlist is small, what it names is not
  CHECK_ERROR(framesOf(yard().playlist("large.m3u8", "inside0.ts"), limits), SOURCE_TOO_LARGE);
}

TEST(a_jail_holds_files_and_links) {
  CHECK_EQUAL(framesOf(yard().inside, jailed()), 5u);
  CHECK_EQUAL(framesOf(yard().jail + "/../jail/inside.mp4", jailed()), 5u);
  CHECK_ERROR(probe(yard().outside, jailed()), SOURCE_REFUSED);
  CHECK_ERROR(probe(yard().jail + "/../outside.mp4", jailed()), SOURCE_REFUSED);
  CHECK_ERROR(probe("file:" + yard().outside, jailed()), SOURCE_REFUSED);
  CHECK_ERROR(probe("/etc/passwd", jailed()), SOURCE_REFUSED);
  CHECK_ERROR(probe(clips::folder().file("nothing_here.mp4"), jailed()), SOURCE_REFUSED);  // says nothing of outside
  CHECK_ERROR(probe(yard().jail + "/nothing_here.mp4", jailed()), SOURCE_NOT_FOUND);
  fs::create_symlink(yard().outside, yard().jail + "/link.mp4");
  CHECK_ERROR(probe(yard().jail + "/link.mp4", jailed()), SOURCE_REFUSED);
  const std::string sibling = clips::folder().file("jail2");  // the same name, longer
  fs::create_directory(sibling);
  fs::copy_file(yard().outside, sibling + "/a.mp4");
  CHECK_ERROR(probe(sibling + "/a.mp4", jailed()), SOURCE_REFUSED);
  Limits limits;
  limits.jail = clips::folder().file("no_such_folder");
  CHECK_ERROR(probe(yard().inside, limits), INVALID_ARGUMENT);
}

TEST(a_jail_holds_what_playlists_name) {
  CHECK_EQUAL(framesOf(yard().playlist("good.m3u8", "inside0.ts"), jailed()), 5u);
  CHECK_EQUAL(framesOf(yard().playlist("free.m3u8", "../outside0.ts"), {}), 5u);
  CHECK_ERROR(framesOf(yard().playlist("up.m3u8", "../outside0.ts"), jailed()), SOURCE_REFUSED);
  CHECK_ERROR(framesOf(yard().playlist("absolute.m3u8", yard().segment), jailed()), SOURCE_REFUSED);
  CHECK_ERROR(framesOf(yard().playlist("file.m3u8", "file:" + yard().segment), jailed()), SOURCE_REFUSED);
  fs::create_symlink(yard().segment, yard().jail + "/link.ts");
  CHECK_ERROR(framesOf(yard().playlist("link.m3u8", "link.ts"), jailed()), SOURCE_REFUSED);
  // A segment that turns out to be a script naming a file outside.
  clips::writeText("jail/script.ts", "ffconcat version 1.0\nfile ../outside.mp4\n");
  bool read = true;
  try {
    read = framesOf(yard().playlist("script.m3u8", "script.ts"), jailed()) > 0;
  } catch (const Error&) {
    read = false;
  }
  CHECK(!read);
}

TEST(an_open_playlist_is_live) {
  CHECK(!probe(yard().inside, {}).live);
  // Long enough for libav to know the streams without waiting for more of them.
  make("jail/long.ts", moving("64x48", 25, 250) + "-c:v libx264 -preset ultrafast");
  const auto open =
      clips::writeText("jail/live.m3u8", "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nlong.ts\n");
  CHECK(probe(open, {}).live);
  CHECK(!probe(yard().playlist("closed.m3u8", "inside0.ts"), {}).live);
}

TEST(a_jail_refuses_what_opens_files_by_itself) {
  const auto script = clips::writeText("jail/list.ffconcat", "ffconcat version 1.0\nfile inside.mp4\n");
  CHECK_ERROR(probe(script, jailed()), SOURCE_REFUSED);
  CHECK_EQUAL(framesOf(script, {}), 5u);
  for (const char* wrapper : {"concat:", "subfile,,start,0,end,0,,:", "cache:", "async:", "crypto:", "crypto+file:"})
    CHECK_ERROR(probe(wrapper + yard().outside, jailed()), SOURCE_REFUSED);
}

TEST(only_the_allowed_protocols_are_opened) {
  Limits limits;
  limits.protocols = {"file"};
  CHECK_EQUAL(framesOf(yard().outside, limits), 5u);
  CHECK_ERROR(probe("http://127.0.0.1:9/a.mp4", limits), SOURCE_REFUSED);
  CHECK_ERROR(probe("rtsp://127.0.0.1:9/a", limits), SOURCE_REFUSED);
  CHECK_ERROR(probe("concat:" + yard().outside, limits), SOURCE_REFUSED);
  CHECK_ERROR(framesOf(yard().playlist("remote.m3u8", "http://127.0.0.1:9/a.ts"), limits), SOURCE_REFUSED);
  limits.protocols = {"https"};
  CHECK_ERROR(probe(yard().outside, limits), SOURCE_REFUSED);
  CHECK_ERROR(probe("file:" + yard().outside, limits), SOURCE_REFUSED);
}

TEST(a_dead_host_is_a_coded_error) {
  try {
    probe("http://127.0.0.1:9/a.mp4", {});
    CHECK(false);
  } catch (const Error& error) {
    CHECK(error.code == ErrorCode::SOURCE_UNREADABLE || error.code == ErrorCode::SOURCE_FAILED);
  }
}
TEST_MAIN()
