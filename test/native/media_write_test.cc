// Outputs: containers, finalising, and what is left of a file when something goes wrong.
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "check.h"
#include "core/clock.h"
#include "core/error.h"
#include "media/encoder.h"
#include "media/output.h"
#include "media_writing.h"

using namespace writing;

namespace {

// What a killed process has left of an output.
std::string partOf(const std::string& path) {
  const std::filesystem::path target(path);
  for (const auto& entry : std::filesystem::directory_iterator(target.parent_path()))
    if (entry.path().filename().string().starts_with("." + target.stem().string() + ".")) return entry.path().string();
  throw std::runtime_error("nothing is left of " + path);
}

std::string toneFile(const clip::TempFolder& folder) {
  const std::string path = folder.file("tone.wav");
  clip::ffmpeg("-f lavfi -i sine=440:r=48000:d=30 " + path);
  return path;
}

// The child of the kill tests: writes for ever, and reports on stdout what it has written.
int writeForEver(const std::string& path, const std::string& audioFile, bool paced) {
  std::vector<AudioInput> audio;
  if (!audioFile.empty()) audio.push_back({audioFile, 0, -1, 0, {}});
  Writing writing(path, audio);
  writing.emit = [&](Packet packet) {
    writing.output->write(packet);
    const int64_t written[2] = {packet.ptsUs, nowNs()};
    if (write(STDOUT_FILENO, written, sizeof written) != sizeof written) std::exit(1);
  };
  const int64_t startNs = nowNs();
  while (true) {
    writing.frames(1);
    const int64_t dueNs = startNs + writing.number * 40'000'000;
    if (paced && dueNs > nowNs()) std::this_thread::sleep_for(std::chrono::nanoseconds(dueNs - nowNs()));
  }
}

struct Emitted {
  int64_t ptsUs, atNs;
};

// Lets a child write until `count` packets were written, then kills it where it stands.
std::vector<Emitted> killedAfter(size_t count, const std::string& path, const std::string& audioFile, bool paced) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("pipe failed");
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    execl("/proc/self/exe", "media_write_test", "--write-for-ever", path.c_str(), audioFile.c_str(),
          paced ? "paced" : "", nullptr);
    _exit(127);
  }
  close(ends[1]);
  std::vector<Emitted> emitted;
  Emitted one;
  while (read(ends[0], &one, sizeof one) == sizeof one) {
    emitted.push_back(one);
    if (emitted.size() == count) kill(child, SIGKILL);
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFSIGNALED(status)) throw std::runtime_error("the child ended by itself");
  return emitted;
}

void checkKilled(const std::string& name, bool withAudio, bool paced, size_t count) {
  const clip::TempFolder folder;
  const std::string path = folder.file(name);
  const auto emitted = killedAfter(count, path, withAudio ? toneFile(folder) : "", paced);
  CHECK(!std::filesystem::exists(path));
  const std::string left = partOf(path);
  CHECK(emitted.size() >= count);
  if (emitted.size() < count) return;
  // Everything up to a second before the last packet: of composition time when writing is fast, of wall time when not.
  size_t promised = 0;
  for (size_t i = 0; i < emitted.size(); i++) {
    const bool inTime = paced ? emitted[i].atNs <= emitted.back().atNs - 1'000'000'000
                              : emitted[i].ptsUs <= emitted.back().ptsUs - 1'000'000;
    if (inTime) promised = i + 1;
  }
  const int decoded = decodedFrames(left);
  std::printf("  %s: %zu packets written, %zu promised, %d frames play\n", name.c_str(), emitted.size(), promised,
              decoded);
  CHECK(promised > count / 3);
  CHECK(decoded >= static_cast<int>(promised));
  if (withAudio) {
    const double seconds = clip::heard(left, folder).size() / 48000.0;
    CHECK(seconds >= (promised - 3) / 25.0);
  }
}

// A file system of one size; false where this may not be mounted (not root).
class SmallDisk {
 public:
  SmallDisk(const std::string& path, const char* size) : path_(path) {
    std::filesystem::create_directory(path);
    mounted_ = mount("none", path.c_str(), "tmpfs", 0, (std::string("size=") + size).c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  explicit operator bool() const { return mounted_; }

 private:
  std::string path_;
  bool mounted_ = false;
};

}  // namespace

TEST(every_container_plays) {
  const clip::TempFolder folder;
  const struct {
    const char* name;
    const char* format;
  } cases[] = {{"a.mp4", "mov,mp4,m4a,3gp,3g2,mj2"},
               {"a.MOV", "mov,mp4,m4a,3gp,3g2,mj2"},
               {"a.mkv", "matroska,webm"},
               {"a.ts", "mpegts"},
               {"a.m3u8", "hls"}};
  for (const auto& c : cases) {
    const std::string path = folder.file(c.name);
    Writing writing(path);
    writing.frames(120);
    const OutputResult result = writing.finish();
    CHECK(result.complete && result.finalised);
    CHECK_EQUAL(result.frames, 120);
    CHECK_EQUAL(result.durationMs, 4800);
    CHECK_EQUAL(clip::probed(path, "", "format=format_name"), c.format);
    CHECK_EQUAL(decodedFrames(path), 120);
    clip::ffmpeg("-i " + path + " -f null -");
  }
}

TEST(a_finished_mp4_has_its_index_in_front_and_leaves_nothing_beside) {
  const clip::TempFolder folder;
  Writing writing(folder.file("a.mp4"));
  writing.frames(80);
  writing.finish();
  const std::vector<uint8_t> bytes = clip::bytesOf(folder.file("a.mp4"));
  const std::string text(bytes.begin(), bytes.end());
  CHECK(text.find("moov") < text.find("mdat"));
  CHECK(text.find("moof") == std::string::npos);
  CHECK_EQUAL(filesIn(folder.path()), 1);
}

TEST(what_was_there_stays_until_the_output_plays) {
  const clip::TempFolder folder;
  for (const char* name : {"a.mp4", "a.mov", "a.mkv", "a.ts", "a.m3u8"}) {
    const std::string path = folder.file(name);
    std::ofstream(path) << "as it was";
    const auto text = [&] { return clip::bytesOf(path); };
    const std::vector<uint8_t> before = text();
    {
      Writing empty(path);
      CHECK(text() == before);
      CHECK_EQUAL(empty.finish().frames, 0);
    }
    { const Writing dropped(path); }
    CHECK(text() == before);
    CHECK_EQUAL(filesIn(folder.path()), 1);
    Writing writing(path);
    writing.frames(30);
    if (std::string(name) != "a.m3u8") CHECK(text() == before);
    writing.finish();
    CHECK_EQUAL(decodedFrames(path), 30);
    std::filesystem::remove_all(folder.path());
    std::filesystem::create_directory(folder.path());
  }
}

TEST(an_output_has_the_permissions_of_what_it_replaces_and_follows_links) {
  const clip::TempFolder folder;
  std::filesystem::create_directory(folder.file("sub"));
  std::ofstream(folder.file("sub/real.mp4")) << "as it was";
  std::filesystem::permissions(folder.file("sub/real.mp4"), std::filesystem::perms(0640));
  std::filesystem::create_symlink("sub/real.mp4", folder.file("a.mp4"));
  Writing writing(folder.file("a.mp4"));
  writing.frames(30);
  writing.finish();
  CHECK(std::filesystem::is_symlink(folder.file("a.mp4")));
  CHECK_EQUAL(decodedFrames(folder.file("sub/real.mp4")), 30);
  CHECK_EQUAL(static_cast<int>(std::filesystem::status(folder.file("sub/real.mp4")).permissions()), 0640);
  CHECK_EQUAL(filesIn(folder.file("sub")), 1);
}

TEST(a_part_that_is_removed_or_replaced_is_an_error) {
  const clip::TempFolder folder;
  for (const bool replaced : {false, true}) {
    Writing writing(folder.file("a.mkv"));
    writing.frames(30);
    const std::string part = partOf(folder.file("a.mkv"));
    std::filesystem::remove(part);
    if (replaced) std::ofstream(part) << "another";
    CHECK_ERROR(writing.finish(), OUTPUT_FAILED);
    CHECK(!std::filesystem::exists(folder.file("a.mkv")));
    CHECK_EQUAL(std::filesystem::exists(part), replaced);
  }
}

TEST(an_m2ts_has_the_packets_of_its_kind) {
  const clip::TempFolder folder;
  Writing writing(folder.file("a.m2ts"));
  writing.frames(30);
  writing.finish();
  const std::vector<uint8_t> bytes = clip::bytesOf(folder.file("a.m2ts"));
  CHECK_EQUAL(bytes.size() % 192, 0u);
  CHECK(bytes[4] == 0x47 && bytes[192 + 4] == 0x47);
}

TEST(fragments_are_as_long_as_asked_for) {
  const clip::TempFolder folder;
  const auto fragments = [&](int32_t fragmentMs) {
    Writing writing(folder.file("a.mp4"), {}, options(VideoCodec::h264, Profile::realtime), {.fragmentMs = fragmentMs});
    writing.frames(100);
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      const std::vector<uint8_t> bytes = clip::bytesOf(entry.path());
      const std::string text(bytes.begin(), bytes.end());
      for (size_t at = 0; (at = text.find("moof", at)) != std::string::npos; at++) count++;
    }
    writing.finish();
    return count;
  };
  const size_t usual = fragments(1000), shorter = fragments(200);
  CHECK(usual >= 3);
  CHECK(shorter >= 3 * usual);
}

TEST(a_broken_off_run_is_finalised_but_not_complete) {
  const clip::TempFolder folder;
  Writing writing(folder.file("a.mp4"));
  writing.frames(70);
  const OutputResult result = writing.finish(false);
  CHECK(!result.complete);
  CHECK(result.finalised);
  CHECK_EQUAL(decodedFrames(folder.file("a.mp4")), 70);
}

TEST(an_output_let_go_without_finish_plays) {
  const clip::TempFolder folder;
  {
    Writing writing(folder.file("a.mp4"));
    writing.frames(70);
  }
  // The encoder still held some; what was written is there.
  CHECK(decodedFrames(folder.file("a.mp4")) >= 40);
}

TEST(no_frames_make_no_noise) {
  const clip::TempFolder folder;
  for (const char* name : {"a.mp4", "a.mkv", "a.ts", "a.m3u8"}) {
    Writing writing(folder.file(name));
    const OutputResult result = writing.finish();
    CHECK_EQUAL(result.frames, 0);
    CHECK_EQUAL(result.durationMs, 0);
  }
}

TEST(mp4_killed_while_fast) {
  checkKilled("fast.mp4", false, false, 400);
}
TEST(mp4_killed_at_real_pace) {
  checkKilled("paced.mp4", false, true, 60);
}
TEST(mp4_with_audio_killed_while_fast) {
  checkKilled("audio.mp4", true, false, 400);
}
TEST(matroska_killed_while_fast) {
  checkKilled("fast.mkv", false, false, 400);
}
TEST(ts_killed_while_fast) {
  checkKilled("fast.ts", false, false, 400);
}

TEST(a_full_disk_is_reported_and_what_was_written_plays) {
  const clip::TempFolder folder;
  const SmallDisk disk(folder.file("disk"), "256k");
  if (!disk) {
    std::printf("  skipped: mounting a tmpfs is not permitted here\n");
    return;
  }
  for (const char* name : {"disk/a.mp4", "disk/a.mkv", "disk/a.ts", "disk/a.m3u8"}) {
    EncoderOptions big = options(VideoCodec::h264, Profile::archival);
    Writing writing(folder.file(name), {}, big);
    CHECK_ERROR(writing.frames(2000), OUTPUT_DISK_FULL);
    const OutputResult result = writing.output->finish(false);
    CHECK(!result.complete);
    CHECK(result.frames > 25);
    const int decoded = decodedFrames(folder.file(name));
    std::printf("  %s: %ld written, %d play\n", name, static_cast<long>(result.frames), decoded);
    CHECK(decoded >= result.frames / 2 && decoded > 0);
    writing.output.reset();
    for (const auto& entry : std::filesystem::directory_iterator(folder.file("disk")))
      std::filesystem::remove_all(entry);
  }
}

TEST(no_room_for_the_remux_leaves_the_fragments) {
  const clip::TempFolder folder;
  const SmallDisk disk(folder.file("disk"), "600k");
  if (!disk) {
    std::printf("  skipped: mounting a tmpfs is not permitted here\n");
    return;
  }
  Writing writing(folder.file("disk/a.mp4"), {}, options(VideoCodec::h264, Profile::archival));
  while (std::filesystem::file_size(partOf(folder.file("disk/a.mp4"))) < 350'000) writing.frames(25);
  const OutputResult result = writing.finish();
  CHECK(result.complete);
  CHECK(!result.finalised);
  CHECK_EQUAL(decodedFrames(folder.file("disk/a.mp4")), writing.number);
  CHECK_EQUAL(filesIn(folder.file("disk")), 1);
}

TEST(paths_that_cannot_be_written_fail_at_once) {
  const clip::TempFolder folder;
  std::filesystem::create_directory(folder.file("folder.mp4"));
  CHECK_ERROR(Writing(folder.file("missing/a.mp4")), OUTPUT_UNWRITABLE);
  CHECK_ERROR(Writing(folder.file("missing/a.mkv")), OUTPUT_UNWRITABLE);
  CHECK_ERROR(Writing(folder.file("missing/a.m3u8")), OUTPUT_UNWRITABLE);
  CHECK_ERROR(Writing(folder.file("folder.mp4")), OUTPUT_UNWRITABLE);
  CHECK_ERROR(Writing("/proc/framepath.mp4"), OUTPUT_UNWRITABLE);
  CHECK_ERROR(Writing("rtmp://127.0.0.1:9/live"), OUTPUT_UNWRITABLE);
}

TEST(containers_that_do_not_fit_are_refused) {
  const clip::TempFolder folder;
  CHECK_ERROR(Writing(folder.file("a.txt")), INVALID_ARGUMENT);
  CHECK_ERROR(Writing(folder.file("a")), INVALID_ARGUMENT);
  CHECK_ERROR(Writing("gopher://there/a.mp4"), INVALID_ARGUMENT);
  CHECK_ERROR(Writing(folder.file("a.ts"), {}, options(VideoCodec::av1, Profile::realtime)), INVALID_ARGUMENT);
  CHECK(!std::filesystem::exists(folder.file("a.ts")));
}

TEST(an_output_over_its_own_source_is_refused) {
  const clip::TempFolder folder;
  const std::string path = folder.file("a.mp4");
  clip::ffmpeg("-f lavfi -i sine=440:d=1 " + path);
  const auto before = std::filesystem::file_size(path);
  CHECK_ERROR(Writing(path, {{path, 0, -1, 0, {}}}), INVALID_ARGUMENT);
  CHECK_EQUAL(std::filesystem::file_size(path), before);
}

TEST(a_datagram_stream_arrives) {
  const clip::TempFolder folder;
  const std::string received = folder.file("received.ts");
  const int port = 20000 + getpid() % 20000;
  std::thread receiver([&] {
    clip::output("ffmpeg -nostdin -v quiet -y -t 1.5 -i 'udp://127.0.0.1:" + std::to_string(port) +
                 "?timeout=4000000' -c copy " + received + " || true");
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  Writing writing("udp://127.0.0.1:" + std::to_string(port) + "?pkt_size=1316", {},
                  options(VideoCodec::h264, Profile::realtime));
  for (int n = 0; n < 100; n++) {
    writing.frames(1);
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
  CHECK_EQUAL(writing.finish().frames, 100);
  receiver.join();
  CHECK(decodedFrames(received) > 20);
}

int main(int argc, char** argv) {
  if (argc > 4 && std::string(argv[1]) == "--write-for-ever")
    return writeForEver(argv[2], argv[3], std::string(argv[4]) == "paced");
  return check::main(argc, argv);
}
