// What a caller forbids stays forbidden, also for what a playlist names.
#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include "check.h"
#include "clips.h"
#include "core/error.h"
#include "http_server.h"
#include "media/beneath.h"
#include "media/byte_ranges.h"
#include "media/input.h"

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

TEST(bytes_are_counted_over_all_segments) {
  const auto text = [](const std::string& folder) {
    std::string list = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n";
    for (int i = 0; i < 4; i++) list += "#EXTINF:0.2,\n#EXT-X-DISCONTINUITY\n" + folder + "inside0.ts\n";
    return list + "#EXT-X-ENDLIST\n";
  };
  const auto segment = clips::readFile(yard().segment);
  const auto size = static_cast<int64_t>(segment.size());
  const auto list = clips::writeText("jail/four.m3u8", text(""));
  Limits limits;
  CHECK_EQUAL(framesOf(list, limits), 20u);
  limits.maxBytes = 5 * size;
  CHECK_EQUAL(framesOf(list, limits), 20u);
  limits.maxBytes = 3 * size;  // each of them is smaller
  CHECK_ERROR(framesOf(list, limits), SOURCE_TOO_LARGE);

  http::Server server;
  const std::string remote = text("");
  server.pages["/four.m3u8"] = http::file("application/vnd.apple.mpegurl", {remote.begin(), remote.end()});
  server.pages["/inside0.ts"] = http::file("video/mp2t", segment);
  CHECK_EQUAL(framesOf(server.url("/four.m3u8"), {}), 20u);
  limits.maxBytes = 5 * size;
  CHECK_EQUAL(framesOf(server.url("/four.m3u8"), limits), 20u);
  limits.maxBytes = 3 * size;
  CHECK_ERROR(framesOf(server.url("/four.m3u8"), limits), SOURCE_TOO_LARGE);
}

TEST(bytes_that_are_read_twice_count_once) {
  ByteRanges ranges;
  CHECK_EQUAL(ranges.add(0, 10), 10);
  CHECK_EQUAL(ranges.add(5, 15), 5);
  CHECK_EQUAL(ranges.add(20, 30), 10);
  CHECK_EQUAL(ranges.add(15, 20), 5);
  CHECK_EQUAL(ranges.add(40, 50), 10);
  CHECK_EQUAL(ranges.add(0, 60), 20);
  CHECK_EQUAL(ranges.add(0, 60), 0);
  CHECK_EQUAL(ranges.add(60, 60), 0);
}

TEST(pictures_may_not_be_larger_than_the_limit) {
  Limits limits;
  limits.maxPixels = 64 * 48;
  CHECK_EQUAL(framesOf(yard().outside, limits), 5u);
  limits.maxPixels--;
  CHECK_ERROR(probe(yard().outside, limits), SOURCE_TOO_LARGE);
  CHECK_ERROR(framesOf(yard().outside, limits), SOURCE_TOO_LARGE);
  CHECK_ERROR(probe(make("large.png", moving("320x240", 1, 1)), limits), SOURCE_TOO_LARGE);
  CHECK_ERROR(probe(make("large.h264", moving("320x240", 1, 3) + "-c:v libx264"), limits), SOURCE_TOO_LARGE);
  // The first headers do not describe all pictures.
  limits.maxPixels = 100 * 100;
  const auto grows = [&](const std::string& name, const std::string& codec, int32_t threads) {
    clips::Bytes both = clips::readFile(make("small-" + name, moving("64x48", 25, 25) + codec));
    const clips::Bytes large = clips::readFile(make("large-" + name, moving("320x240", 25, 25) + codec));
    both.insert(both.end(), large.begin(), large.end());
    SourceOptions options;
    options.uri = clips::writeFile("grows-" + name, both);
    options.threads = threads;
    CHECK_EQUAL(probe(options.uri, limits).codedWidth, 64);
    options.limits = limits;
    CHECK_ERROR(clips::read(options), SOURCE_TOO_LARGE);
    options.limits = {};
    CHECK(clips::read(options).frames.size() > 25);
  };
  grows("h264.ts", "-c:v libx264 -preset ultrafast -f mpegts", 1);
  grows("threads.ts", "-c:v libx264 -preset ultrafast -f mpegts", 4);
  grows("mpeg2.ts", "-c:v mpeg2video -f mpegts", 1);
  grows("av1.obu", "-c:v libaom-av1 -usage realtime -cpu-used 8 -f obu", 2);
}

TEST(a_source_may_not_last_longer_than_the_limit) {
  Limits limits;
  limits.maxDurationMs = 200;
  CHECK_EQUAL(framesOf(yard().outside, limits), 5u);
  limits.maxDurationMs = 199;
  CHECK_ERROR(probe(yard().outside, limits), SOURCE_TOO_LARGE);
  const auto undeclared = make("endless.h264", moving("64x48", 25, 25) + "-c:v libx264 -preset ultrafast");
  CHECK(probe(undeclared, limits).durationMs < 0);
  CHECK_ERROR(framesOf(undeclared, limits), SOURCE_TOO_LARGE);
  SourceOptions images;
  images.images = {make("one.png", moving("64x48", 1, 1)), make("two.png", moving("64x48", 1, 1))};
  images.imageFps = 1;
  images.limits = limits;
  CHECK_ERROR(clips::read(images), SOURCE_TOO_LARGE);
}

TEST(a_jail_holds_files_and_links) {
  CHECK_EQUAL(framesOf(yard().inside, jailed()), 5u);
  CHECK_EQUAL(framesOf(yard().jail + "/../jail/inside.mp4", jailed()), 5u);
  CHECK_ERROR(probe(yard().outside, jailed()), SOURCE_REFUSED);
  CHECK_ERROR(probe(yard().jail + "/../outside.mp4", jailed()), SOURCE_REFUSED);
  CHECK_ERROR(probe("file:" + yard().outside, jailed()), SOURCE_REFUSED);
  CHECK_ERROR(probe("/etc/passwd", jailed()), SOURCE_REFUSED);
  CHECK_ERROR(probe(clips::folder().file("nothing_here.mp4"), jailed()),
              SOURCE_REFUSED);  // reveals nothing about files outside
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

TEST(links_inside_a_jail_may_lead_about_in_it) {
  const std::string jail = yard().jail;
  fs::create_directory(jail + "/folder");
  fs::create_symlink("../inside.mp4", jail + "/folder/up.mp4");
  fs::create_symlink(yard().inside, jail + "/absolute.mp4");
  fs::create_directory_symlink("folder", jail + "/other");
  CHECK_EQUAL(framesOf(jail + "/folder/up.mp4", jailed()), 5u);
  CHECK_EQUAL(framesOf(jail + "/absolute.mp4", jailed()), 5u);
  CHECK_EQUAL(framesOf(jail + "/other/up.mp4", jailed()), 5u);
}

TEST(a_path_beneath_a_folder_does_not_leave_it) {
  const FileDescriptor folder(open(yard().jail.c_str(), O_PATH | O_DIRECTORY));
  fs::create_directories(yard().jail + "/deep/er");
  fs::copy_file(yard().inside, yard().jail + "/deep/er/a.mp4");
  fs::create_symlink("../outside.mp4", yard().jail + "/out.mp4");
  fs::create_directory_symlink("..", yard().jail + "/out");
  for (const Resolution by : {Resolution::kernel, Resolution::steps}) {
    CHECK(openBeneath(folder.get(), "inside.mp4", by));
    CHECK(openBeneath(folder.get(), "deep/er/a.mp4", by));
    for (const char* path :
         {"out.mp4", "out/outside.mp4", "../outside.mp4", "deep/../../outside.mp4", "none.mp4", "none/a.mp4"})
      CHECK(!openBeneath(folder.get(), path, by));
  }
  CHECK(!openBeneath(folder.get(), yard().outside, Resolution::kernel));
}

TEST(a_name_that_changes_meanwhile_does_not_lead_out_of_a_jail) {
  const std::string jail = yard().jail;
  make("secret.mp4", moving("96x96", 25, 5) + "-c:v libx264 -preset ultrafast");
  std::atomic<bool> done{false};
  std::thread swap([&] {
    for (int i = 0; !done; i++) {
      fs::remove(jail + "/next.mp4");
      if (i % 2)
        fs::create_hard_link(yard().inside, jail + "/next.mp4");
      else
        fs::create_symlink("../secret.mp4", jail + "/next.mp4");
      fs::rename(jail + "/next.mp4", jail + "/swapped.mp4");
    }
  });
  int inside = 0, refused = 0, outside = 0;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (std::chrono::steady_clock::now() < until) {
    try {
      (probe(jail + "/swapped.mp4", jailed()).codedWidth == 96 ? outside : inside)++;
    } catch (const Error&) {
      refused++;
    }
  }
  done = true;
  swap.join();
  CHECK(inside > 0 && refused > 0);
  CHECK_EQUAL(outside, 0);
}

TEST(what_is_no_file_is_not_waited_for) {
  const std::string fifo = clips::folder().file("fifo.mp4");
  CHECK_EQUAL(mkfifo(fifo.c_str(), 0600), 0);
  for (const std::string& path : {fifo, std::string("/dev/zero"), std::string("/proc/self/environ"), yard().jail})
    CHECK_ERROR(probe(path, {}), SOURCE_UNREADABLE);
  CHECK_ERROR(probe(yard().outside + std::string("\0.mp4", 5), {}), INVALID_ARGUMENT);
  const auto list =
      clips::writeText("fifo.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfifo.mp4\n#EXT-X-ENDLIST\n");
  CHECK_ERROR(probe(list, {}), SOURCE_UNREADABLE);
}

TEST(protocols_around_others_are_closed_unless_they_are_listed) {
  const std::string concat = "concat:" + yard().segment + "|" + yard().segment;
  for (const std::string& uri :
       {concat, "async:" + yard().outside, "cache:" + yard().outside, "crypto:" + yard().outside,
        "crypto+file:" + yard().outside, "subfile,,start,0,end,0,,:" + yard().outside, "md5:" + yard().outside,
        "tee:" + yard().outside, std::string("pipe:0"), std::string("fd:0"), std::string("unix:/tmp/none")}) {
    try {
      probe(uri, {});
      check::fail(uri.c_str(), __LINE__, "was opened");
    } catch (const Error& error) {
      // This libav may not have it.
      const bool known = error.code == ErrorCode::SOURCE_REFUSED && error.hint.find("protocols") != std::string::npos;
      if (!known && !(uri == "fd:0" && error.code == ErrorCode::SOURCE_NOT_FOUND))
        check::fail(uri.c_str(), __LINE__, error.sentence);
    }
  }
  Limits limits;
  limits.protocols = {"concat", "file"};
  CHECK_EQUAL(framesOf(concat, limits), 10u);
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

TEST(a_slow_server_is_waited_for_as_long_as_it_sends) {
  http::Server server;
  // So short that libav reads all of it to know the rate.
  const auto clip =
      clips::readFile(make("slow.ts", moving("320x240", 25, 10) + "-c:v libx264 -preset ultrafast -f mpegts"));
  server.pages["/slow.ts"] = http::file("video/mp2t", clip);
  server.pieces = 20;
  server.pauseMs = 50;
  Patience patience;
  patience.stallNs = 400'000'000;
  patience.untrustedOpenNs = 400'000'000;
  const auto timed = [&](const Limits& limits) {
    const auto began = std::chrono::steady_clock::now();
    try {
      Input(server.url("/slow.ts"), limits, nullptr, patience);
    } catch (const Error& error) {
      CHECK(error.code == ErrorCode::SOURCE_FAILED);
      return std::make_pair(false, std::chrono::steady_clock::now() - began);
    }
    return std::make_pair(true, std::chrono::steady_clock::now() - began);
  };
  const auto [opened, after] = timed({});
  CHECK(opened && after > std::chrono::milliseconds(600));
  // Whom nobody trusts has so long in all.
  Limits untrusted;
  untrusted.isolated = true;
  const auto [openedAgain, gaveUp] = timed(untrusted);
  CHECK(!openedAgain && gaveUp < std::chrono::milliseconds(2000));
  server.pauseMs = 1000;
  const auto [openedStalled, stalled] = timed({});
  CHECK(!openedStalled && stalled < std::chrono::milliseconds(1500));
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
