// Untrusted sources: the same pictures, times and audio as in this process, and whatever the other one does, this one
// goes on.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>
#include <utility>

#include "check.h"
#include "clips.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/sanitized.h"
#include "device/image.h"
#include "http_server.h"
#include "media/audio_source.h"
#include "media/isolated_reader.h"
#include "media/reader_process.h"

using namespace framepath;
using namespace framepath::media;
using clips::make;
using clips::moving;

namespace {

SourceOptions optionsFor(const std::string& uri, bool isolated = true) {
  SourceOptions options;
  options.uri = uri;
  options.limits.isolated = isolated;
  return options;
}

bool same(const SourceInfo& a, const SourceInfo& b) {
  return toWire(a) == toWire(b);
}

// `change` adjusts the options of both.
void checkSame(const std::string& name, const std::function<void(SourceOptions&)>& change, bool images = false) {
  SourceOptions inside = optionsFor(images ? "" : name, false);
  if (change) change(inside);
  SourceOptions apart = inside;
  apart.limits.isolated = true;
  const clips::Read wanted = clips::read(inside), got = clips::read(apart);
  const auto expect = [&](bool good, const char* what) {
    if (!good) check::fail(__FILE__, __LINE__, name + ": " + what);
  };
  expect(!wanted.frames.empty(), "no picture");
  expect(same(wanted.info, got.info), "other information");
  expect(wanted.bytes() == got.bytes(), "other pictures");
  expect(toWire(wanted.counters) == toWire(got.counters), "other counts");
  expect(wanted.frames.size() == got.frames.size(), "another number of pictures");
  for (size_t i = 0; i < std::min(wanted.frames.size(), got.frames.size()); i++) {
    const Frame &a = *wanted.frames[i], &b = *got.frames[i];
    expect(a.ptsUs == b.ptsUs && a.durationUs == b.durationUs && a.index == b.index, "other times");
    expect(a.width == b.width && a.height == b.height, "another size");
    expect(a.view.matrix == b.view.matrix && a.view.range == b.view.range, "other colours");
  }
}

// Processes that read sources: children of the program that forks, which is a child of this one.
std::vector<pid_t> readers() {
  std::vector<std::pair<pid_t, pid_t>> parents;
  DIR* folder = opendir("/proc");
  while (const dirent* entry = readdir(folder)) {
    const pid_t pid = std::atoi(entry->d_name);
    std::ifstream stat("/proc/" + std::string(entry->d_name) + "/stat");
    std::string line;
    if (pid <= 0 || !std::getline(stat, line)) continue;
    std::istringstream rest(line.substr(line.rfind(')') + 2));
    std::string state;
    pid_t parent = 0;
    rest >> state >> parent;
    parents.emplace_back(pid, parent);
  }
  closedir(folder);
  std::vector<pid_t> found;
  for (const auto& [child, forker] : parents)
    for (const auto& [pid, parent] : parents)
      if (pid == forker && parent == getpid()) found.push_back(child);
  return found;
}

bool within(int64_t ms, const std::function<bool()>& holds) {
  const int64_t endNs = nowNs() + ms * 1'000'000;
  while (!holds()) {
    if (nowNs() > endNs) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

size_t openDescriptors() {
  return static_cast<size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator()));
}

size_t mappings() {
  std::ifstream maps("/proc/self/maps");
  size_t count = 0;
  for (std::string line; std::getline(maps, line);) count += line.find("framepath-reader") != std::string::npos;
  return count;
}

const std::string& longClip() {
  static const std::string path = make("long.mp4", moving("320x240", 25, 250) + "-c:v libx264 -preset ultrafast");
  return path;
}

}  // namespace

TEST(the_same_pictures_as_in_this_process) {
  const auto clip = [](const char* name, const char* encode, const char* size = "160x120") {
    return make(name, moving(size, 25, 12) + encode);
  };
  checkSame(clip("h264.mp4", "-c:v libx264 -preset veryfast -bf 2"), nullptr);
  checkSame(clip("hevc10.mkv", "-c:v libx265 -preset ultrafast -x265-params log-level=none -pix_fmt yuv420p10le"),
            nullptr);
  checkSame(clip("vp9.webm", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -pix_fmt yuv420p"), nullptr);
  checkSame(clip("av1.mp4", "-c:v libsvtav1 -preset 12 -pix_fmt yuv420p"), nullptr);
  checkSame(clip("prores.mov", "-c:v prores_ks -profile:v 4 -pix_fmt yuva444p10le"), nullptr);
  checkSame(clip("gif.gif", ""), nullptr);
  checkSame(clip("mjpeg.avi", "-c:v mjpeg -pix_fmt yuvj422p"), nullptr);
  checkSame(clip("odd.mkv", "-c:v ffv1 -pix_fmt yuv444p", "101x67"), nullptr);
  checkSame(clip("odd420.mp4", "-c:v libx264 -preset ultrafast -crf 0 -pix_fmt yuv420p", "98x54"), nullptr);
  checkSame(make("one.jpg", moving("131x77", 25, 1)), nullptr);
  checkSame(make("one.png", moving("131x77", 25, 1) + "-pix_fmt rgba"), nullptr);
  const std::string upright = clips::folder().file("h264.mp4");
  checkSame(make("rotated.mp4", "-i " + upright + " -c copy -metadata:s:v:0 rotate=90"), nullptr);
}

TEST(the_same_selection_and_threads) {
  for (const int threads : {1, 3}) {
    const auto with = [&](auto change) {
      checkSame(longClip(), [&, change](SourceOptions& options) {
        options.threads = threads;
        change(options);
      });
    };
    with([](SourceOptions& o) { o.endMs = 1000; });
    with([](SourceOptions& o) { o.stride = 7; });
    with([](SourceOptions& o) { o.maxFps = 4; });
    with([](SourceOptions& o) {
      o.startMs = 5100;
      o.endMs = 6200;
      o.stride = 3;
    });
  }
}

TEST(the_same_image_list) {
  std::vector<std::string> names;
  for (int i = 0; i < 5; i++)
    names.push_back(make("list" + std::to_string(i) + ".png", moving("80x60", 25, i + 1) + "-update 1"));
  names.push_back(clips::writeText("damaged.png", "no picture"));
  checkSame(
      "list",
      [&](SourceOptions& o) {
        o.images = names;
        o.imageFps = 2;
        o.startMs = 500;
      },
      true);
}

TEST(the_same_errors) {
  const std::string text = clips::writeText("text.mp4", "this is no film");
  const std::string audio = make("audio.wav", "-f lavfi -i sine=duration=1");
  const auto code = [](const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      return std::string(errorCodeName(error.code)) + ": " + error.sentence + " " + error.hint;
    }
    return std::string("none");
  };
  SourceOptions hardware = optionsFor(longClip());
  hardware.decoder = DecoderChoice::hardware;
  CHECK_ERROR(openSource(hardware, clips::device()), INVALID_ARGUMENT);
  for (const std::string& uri :
       {text, audio, clips::folder().file("missing.mp4"), std::string("/"), std::string("nope://x")}) {
    CHECK_EQUAL(code([&] { openSource(optionsFor(uri), clips::device()); }),
                code([&] { openSource(optionsFor(uri, false), clips::device()); }));
    Limits limits;
    const std::string wanted = code([&] { probe(uri, limits); });
    limits.isolated = true;
    CHECK_EQUAL(code([&] { probe(uri, limits); }), wanted);
  }
  Limits limits;
  limits.isolated = true;
  CHECK(same(probe(longClip(), limits), probe(longClip(), {})));
  limits.jail = clips::folder().file("cage");
  std::filesystem::create_directory(limits.jail);
  CHECK_ERROR(probe(longClip(), limits), SOURCE_REFUSED);
  std::filesystem::copy_file(longClip(), limits.jail + "/in.mp4");
  limits.protocols = {"file"};
  CHECK_EQUAL(probe(limits.jail + "/in.mp4", limits).width, 320);
}

TEST(the_same_audio) {
  const std::string film = make("with_audio.mp4",
                                "-f lavfi -i testsrc2=s=64x48:r=25 -f lavfi -i sine=f=440:b=4 -t 4 "
                                "-c:v libx264 -preset ultrafast -c:a aac -ac 1 -ar 44100");
  const auto samples = [&](bool isolated, bool joins) {
    AudioInput cut;
    cut.uri = film;
    cut.startMs = 700;
    cut.endMs = 3600;
    cut.offsetMs = joins ? 0 : 123;
    cut.limits.isolated = isolated;
    const AudioRef audio = openAudioSource(cut);
    if (joins) audio->joinAt(5000, 1000);
    std::vector<float> all(2 * 150'000);
    for (int done = 0, count = 1; done < 150'000; done += count, count = std::min(count * 3, 150'000 - done))
      audio->read(all.data() + done, all.data() + 150'000 + done, std::min(count, 150'000 - done));
    CHECK(audio->loss().empty());
    return all;
  };
  CHECK(samples(true, false) == samples(false, false));
  CHECK(samples(true, true) == samples(false, true));
  AudioInput noAudio;
  noAudio.uri = longClip();
  noAudio.limits.isolated = true;
  CHECK(!openAudioSource(noAudio));
}

TEST(audio_without_pictures_is_a_sign_of_life) {
  const std::string film = make("mostly_audio.ts",
                                "-f lavfi -i testsrc2=s=64x48:r=25:d=1 -f lavfi -i sine=440:r=48000:d=12 -map 0:v "
                                "-map 1:a -c:v libx264 -preset ultrafast -bf 0 -g 25 -c:a aac");
  std::ifstream file(film, std::ios::binary);
  http::Server server;
  server.pages["/live.ts"] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" +
                             std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  server.pieces = 100;
  server.pauseMs = 45;
  ReaderJob job;
  job.kind = ReaderJob::Kind::pictures;
  job.options = optionsFor(server.url("/live.ts"));
  job.options.live = job.options.required = job.options.limits.privateNetworks = job.heard = true;
  job.options.reconnects = 0;
  ReaderProcess process(job, nullptr);
  int64_t decoded = -1;
  int idle = 0, samples = 0;  // signs of life since the last picture was decoded
  process.counted = [&](const ReaderCounters& now) {
    idle = std::exchange(decoded, now.decoded) == now.decoded ? idle + 1 : 0;
  };
  process.heard = [&](const LiveSamples&) { samples++; };
  CHECK_EQUAL(process.opened().width, 64);
  try {
    for (;;) {
      const auto message = process.receive();
      if (!message || message->kind != ReaderMessage::picture) break;
      process.ask(ReaderAsks::picture);
    }
  } catch (const Error& error) {
    CHECK(error.code == ErrorCode::SOURCE_FAILED);  // the server has closed its connection
  }
  CHECK(samples > 400);
  CHECK(idle >= 2);
}

TEST(audio_follows_gaps_that_are_cut_out_of_the_pictures) {
  const std::string film = make("gap_with_audio.mkv",
                                "-f lavfi -i testsrc2=s=64x48:r=25:d=2 -f lavfi -i sine=f=440:b=4:d=2 "
                                "-vf \"setpts='if(gte(N,25),PTS+60/TB,PTS)'\" "
                                "-af \"asetpts='if(gte(T,1),PTS+60/TB,PTS)'\" "
                                "-fps_mode vfr -c:v libx264 -preset ultrafast -c:a pcm_s16le");
  const auto samples = [&](bool isolated) {
    SourceOptions options = optionsFor(film, isolated);
    options.cuts = std::make_shared<TimeCuts>();
    clips::read(options);
    AudioInput cut;
    cut.uri = film;
    cut.cuts = options.cuts;
    cut.limits.isolated = isolated;
    const AudioRef audio = openAudioSource(cut);
    std::vector<float> left(96'000), right(left.size());
    audio->read(left.data(), right.data(), static_cast<int>(left.size()));
    return left;
  };
  const std::vector<float> wanted = samples(false);
  CHECK(std::any_of(wanted.begin() + 60'000, wanted.end(), [](float s) { return std::abs(s) > 0.01f; }));
  CHECK(samples(true) == wanted);
}

TEST(a_reader_that_crashes_is_an_error_of_its_source) {
  CHECK(within(1500, [] { return readers().empty(); }));
  const auto reader = openSource(optionsFor(longClip()), clips::device());
  for (const pid_t pid : readers()) kill(pid, SIGSEGV);
  try {
    while (reader->next()) {
    }
    CHECK(!"an end");
  } catch (const Error& error) {
    CHECK(error.code == ErrorCode::SOURCE_CRASHED);
    // A sanitizer takes the signal and exits.
    if (!kSanitized) CHECK_EQUAL(error.sentence, "The process that reads \"" + longClip() + "\" crashed (SIGSEGV).");
  }
}

TEST(a_reader_that_is_killed_is_an_error_of_its_source) {
  const auto other = openSource(optionsFor(longClip()), clips::device());
  CHECK(other->next() != nullptr);
  const std::vector<pid_t> before = readers();
  const auto reader = openSource(optionsFor(longClip()), clips::device());
  FrameRef held = reader->next();
  CHECK(held != nullptr);
  for (const pid_t pid : readers())
    if (std::find(before.begin(), before.end(), pid) == before.end()) kill(pid, SIGKILL);
  CHECK_ERROR(
      [&] {
        while (reader->next()) {
        }
      }(),
      SOURCE_CRASHED);
  CHECK(reader->next() == nullptr);
  CHECK(clips::packed(*held).size() == 320 * 240 * 3 / 2);  // its memory stays
  size_t frames = 1;
  while (other->next()) frames++;
  CHECK_EQUAL(frames, 250u);
}

TEST(the_program_that_forks_may_be_killed_too) {
  const auto reader = openSource(optionsFor(longClip()), clips::device());
  const std::vector<pid_t> before = readers();
  CHECK(!before.empty());
  std::ifstream stat("/proc/" + std::to_string(before.back()) + "/stat");
  std::string line, state;
  std::getline(stat, line);
  pid_t forker = 0;
  std::istringstream(line.substr(line.rfind(')') + 2)) >> state >> forker;
  kill(forker, SIGKILL);
  CHECK_ERROR(
      [&] {
        while (reader->next()) {
        }
      }(),
      SOURCE_CRASHED);
  CHECK_EQUAL(clips::read(optionsFor(longClip())).frames.size(), 250u);  // another one is started
}

TEST(a_playlist_that_crashes_libav_is_an_error_of_its_source) {
  const std::string segments = clips::folder().file("seg%d.ts");
  make("seg.m3u8", moving("64x48", 25, 50) +
                       "-c:v libx264 -preset ultrafast -g 25 -f hls -hls_time 1 -hls_list_size 0 "
                       "-hls_segment_filename '" +
                       segments + "'");
  const std::string evil = clips::writeText(
      "evil.m3u8",
      "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"x\",URI=\"seg.m3u8\"\n"
      "#EXTINF:1,\nseg1.ts\n");
  Limits limits;
  limits.isolated = true;
  try {
    probe(evil, limits);
    CHECK(!"opened");
  } catch (const Error& error) {
    CHECK(error.code == ErrorCode::SOURCE_CRASHED || error.code == ErrorCode::SOURCE_UNREADABLE ||
          error.code == ErrorCode::SOURCE_REFUSED);
    CHECK(error.sentence.find("evil.m3u8") != std::string::npos);
  }
  CHECK_EQUAL(probe(longClip(), limits).width, 320);
}

TEST(closing_ends_a_reader_that_is_stopped) {
  const auto started = nowNs();
  {
    const auto reader = openSource(optionsFor(longClip()), clips::device());
    CHECK(reader->next() != nullptr);
    for (const pid_t pid : readers()) kill(pid, SIGSTOP);
    std::thread closer([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      reader->interrupt();
    });
    while (reader->next()) {
    }
    closer.join();
  }
  CHECK(nowNs() - started < 1'000'000'000);
  CHECK(within(1500, [] { return readers().empty(); }));
}

TEST(nothing_is_left_when_sources_are_closed) {
  clips::read(optionsFor(longClip()));
  CHECK(within(1500, [] { return readers().empty(); }));
  const size_t descriptors = openDescriptors();
  FrameRef last;
  for (int i = 0; i < 20; i++) {
    const auto reader = openSource(optionsFor(longClip()), clips::device());
    last = reader->next();
  }
  CHECK(within(1500, [] { return readers().empty(); }));
  CHECK_EQUAL(openDescriptors(), descriptors);
  CHECK_EQUAL(mappings(), 1u);
  last = nullptr;
  CHECK_EQUAL(mappings(), 0u);
}

TEST(frames_given_back_make_room) {
  // 300 pictures of 8 MiB pass through 2 GiB, a few at a time.
  SourceOptions options = optionsFor("");
  options.images = std::vector<std::string>(300, make("large.bmp", moving("1920x1440", 25, 1)));
  size_t frames = 0;
  const auto reader = openSource(options, clips::device());
  while (const FrameRef frame = reader->next()) frames++;
  CHECK_EQUAL(frames, 300u);
}

TEST(a_reader_has_few_rights) {
  SourceOptions options = optionsFor(longClip());
  options.limits.jail = std::filesystem::path(longClip()).parent_path();
  options.limits.protocols = {"file"};
  CHECK(within(1500, [] { return readers().empty(); }));
  const auto reader = openSource(options, clips::device());
  CHECK_EQUAL(readers().size(), 1u);
  const std::string proc = "/proc/" + std::to_string(readers().front());
  const auto line = [&](const std::string& file, const std::string& start) {
    std::ifstream in(proc + file);
    for (std::string text; std::getline(in, text);)
      if (text.rfind(start, 0) == 0) return text;
    return std::string();
  };
  CHECK_EQUAL(line("/status", "NoNewPrivs:"), "NoNewPrivs:\t1");
  CHECK_EQUAL(line("/status", "Seccomp:"), "Seccomp:\t2");
  CHECK(line("/limits", "Max core file size").find(" 0 ") != std::string::npos);
  CHECK(line("/limits", "Max file size").find(" 0 ") != std::string::npos);
  if (!kSanitized) CHECK(line("/limits", "Max data size").find(std::to_string(size_t{2} << 30)) != std::string::npos);
  size_t open = 0;
  for (const auto& entry : std::filesystem::directory_iterator(proc + "/fd")) {
    const std::string target = std::filesystem::read_symlink(entry.path());
    open += target != "/dev/null";
  }
  CHECK(open <= 4);  // messages, memory, the jail, the file
}

TEST(memory_cannot_be_taken_away) {
  const LaunchedReader launched = launchReader(std::vector<uint8_t>{}, 1 << 20);
  CHECK(ftruncate(launched.memory.get(), 0) != 0);
  CHECK(ftruncate(launched.memory.get(), 2 << 20) != 0);
  CHECK(fcntl(launched.memory.get(), F_ADD_SEALS, F_SEAL_WRITE) != 0);
}

TEST_MAIN()
