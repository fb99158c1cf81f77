// Untrusted sources: the same pictures, times and sound as in this process, and whatever the other one does, this one
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
#include <random>
#include <sstream>
#include <thread>

#include "check.h"
#include "clips.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/sanitized.h"
#include "device/image.h"
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

// A reader played by the test: `play` writes to the other end of what IsolatedReader or probing listens to.
struct Played {
  explicit Played(size_t bytes = 1 << 20) : bytes(bytes) {
    int messages[2], life[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, messages) || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, life))
      throw std::runtime_error("socketpair");
    launched.messages = FileDescriptor(messages[0]);
    launched.life = FileDescriptor(life[0]);
    ours = FileDescriptor(messages[1]);
    lives = FileDescriptor(life[1]);
    launched.memory = FileDescriptor(memfd_create("framepath-reader", 0));
    if (ftruncate(launched.memory.get(), static_cast<off_t>(bytes)) != 0) throw std::runtime_error("ftruncate");
  }
  void tell(ReaderTells kind, std::vector<uint8_t> body) const {
    body.insert(body.begin(), static_cast<uint8_t>(kind));
    raw(body);
  }
  void raw(const std::vector<uint8_t>& bytes) const {
    (void)!send(ours.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  std::unique_ptr<IsolatedReader> open() {
    auto stop = std::make_shared<Stop>();
    auto process = std::make_shared<ReaderProcess>(std::move(launched), bytes, "played", stop);
    return std::make_unique<IsolatedReader>(std::move(process), stop, optionsFor("played"), clips::device());
  }

  const size_t bytes;
  LaunchedReader launched;
  FileDescriptor ours, lives;
};

SourceInfo someInfo() {
  SourceInfo info;
  info.kind = "video";
  info.container = "mov";
  info.width = info.codedWidth = 64;
  info.height = info.codedHeight = 48;
  info.fps = {25, 1};
  info.audio.push_back({"aac", 48000, 2});
  return info;
}

Picture somePicture() {
  Picture picture;
  picture.number = 1;
  picture.view.width = picture.width = 64;
  picture.view.height = picture.height = 48;
  picture.view.format = pixelFormat::yuv420p;
  for (int p = 0; p < 3; p++) {
    picture.offsets[p] = static_cast<uint64_t>(p) * 4096;
    picture.view.planes[p].pitchBytes = 64;
  }
  return picture;
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
  const std::string sound = make("sound.wav", "-f lavfi -i sine=duration=1");
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
       {text, sound, clips::folder().file("missing.mp4"), std::string("/"), std::string("nope://x")}) {
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

TEST(the_same_sound) {
  const std::string film = make("sounding.mp4",
                                "-f lavfi -i testsrc2=s=64x48:r=25 -f lavfi -i sine=f=440:b=4 -t 4 "
                                "-c:v libx264 -preset ultrafast -c:a aac -ac 1 -ar 44100");
  const auto samples = [&](bool isolated, bool joins) {
    AudioInput cut;
    cut.uri = film;
    cut.startMs = 700;
    cut.endMs = 3600;
    cut.offsetMs = joins ? 0 : 123;
    cut.limits.isolated = isolated;
    const SoundRef sound = openSound(cut);
    if (joins) sound->joinAt(5000, 1000);
    std::vector<float> all(2 * 150'000);
    for (int done = 0, count = 1; done < 150'000; done += count, count = std::min(count * 3, 150'000 - done))
      sound->read(all.data() + done, all.data() + 150'000 + done, std::min(count, 150'000 - done));
    CHECK(sound->loss().empty());
    return all;
  };
  CHECK(samples(true, false) == samples(false, false));
  CHECK(samples(true, true) == samples(false, true));
  AudioInput silent;
  silent.uri = longClip();
  silent.limits.isolated = true;
  CHECK(!openSound(silent));
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
    if (!kSanitized)
      CHECK_EQUAL(error.sentence, "The process that reads \"" + longClip() + "\" crashed (SIGSEGV).");
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
  if (!kSanitized)
    CHECK(line("/limits", "Max data size").find(std::to_string(size_t{2} << 30)) != std::string::npos);
  size_t open = 0;
  for (const auto& entry : std::filesystem::directory_iterator(proc + "/fd")) {
    const std::string target = std::filesystem::read_symlink(entry.path());
    open += target != "/dev/null";
  }
  CHECK(open <= 4);  // messages, memory, the jail, the file
}

TEST(messages_are_read_back) {
  CHECK(same(fromWire<SourceInfo>(toWire(someInfo())), someInfo()));
  const Picture picture = somePicture();
  CHECK(toWire(fromWire<Picture>(toWire(picture))) == toWire(picture));
  ReaderJob job;
  job.options.images = std::vector<std::string>(2000, std::string(5000, 'x'));
  job.options.limits.hosts = {"*.example.org"};
  CHECK(toWire(fromWire<ReaderJob>(toWire(job))) == toWire(job));
  const Failure failure{ErrorCode::SOURCE_FAILED, "bad \xff\xc0\x80 \xe2\x82\xac \xed\xa0\x80\n\x1b[2J", ""};
  CHECK_EQUAL(fromWire<Failure>(toWire(failure)).sentence, "bad ??? \xe2\x82\xac ??? ?[2J");
}

// Nothing but SOURCE_CRASHED may come of any bytes.
TEST(any_bytes_are_a_message_or_refused) {
  std::mt19937 random(7);
  const auto attempt = [](const auto& call) {
    try {
      call();
    } catch (const Error& error) {
      if (error.code != ErrorCode::SOURCE_CRASHED) check::fail(__FILE__, __LINE__, error.sentence);
    }
  };
  std::vector<uint8_t> memory(1 << 16);
  const std::vector<std::vector<uint8_t>> seeds = {toWire(someInfo()),
                                                   toWire(somePicture()),
                                                   toWire(Failure{ErrorCode::DECODE_FAILED, "text", "hint"}),
                                                   toWire(Sound{{1, 2}, {3, 4}, "loss"}),
                                                   toWire(Ended{}),
                                                   toWire(RecoveryNote{"a", "b"})};
  for (int n = 0; n < (kSanitized ? 6'000 : 60'000); n++) {
    std::vector<uint8_t> bytes = seeds[random() % seeds.size()];
    for (size_t changes = random() % 4; changes > 0; changes--) bytes[random() % bytes.size()] = random();
    if (random() % 4 == 0) bytes.resize(random() % (bytes.size() + 8));
    attempt([&] { fromWire<SourceInfo>(bytes); });
    attempt([&] { fromWire<Failure>(bytes); });
    attempt([&] { fromWire<Sound>(bytes); });
    attempt([&] { fromWire<ReaderCounters>(bytes); });
    attempt([&] { fromWire<Ended>(bytes); });
    attempt([&] { fromWire<RecoveryNote>(bytes); });
    attempt([&] {
      const ImageView view = viewIn(fromWire<Picture>(bytes), memory);
      for (int p = 0; p < planeCount(view.format); p++) {
        const int64_t last = int64_t{planeHeight(view, p) - 1} * view.planes[p].pitchBytes +
                             int64_t{planeWidth(view, p)} * sampleBytes(view, p);
        CHECK(view.planes[p].data >= memory.data() && view.planes[p].data + last <= memory.data() + memory.size());
      }
    });
  }
}

TEST(a_hostile_reader_is_an_error_of_its_source) {
  const auto opening = [](const std::function<void(const Played&)>& play) {
    Played played;
    play(played);
    played.ours = FileDescriptor();
    return played.open();
  };
  CHECK_ERROR(opening([](const Played&) {}), SOURCE_CRASHED);
  CHECK_ERROR(opening([](const Played& p) { p.raw({}); }), SOURCE_CRASHED);
  CHECK_ERROR(opening([](const Played& p) { p.raw({200}); }), SOURCE_CRASHED);
  CHECK_ERROR(opening([](const Played& p) { p.raw(std::vector<uint8_t>(kLongestAnswer + 1, 1)); }), SOURCE_CRASHED);
  CHECK_ERROR(opening([](const Played& p) { p.tell(ReaderTells::opened, {1, 2, 3}); }), SOURCE_CRASHED);
  CHECK_ERROR(opening([](const Played& p) { p.tell(ReaderTells::picture, toWire(somePicture())); }), SOURCE_CRASHED);
  CHECK_ERROR(opening([](const Played& p) {
                p.tell(ReaderTells::failed, toWire(Failure{ErrorCode::INTERNAL, "", ""}));
              }),
              SOURCE_CRASHED);
  CHECK_ERROR(opening([](const Played& p) {
                p.tell(ReaderTells::failed, toWire(Failure{ErrorCode::SOURCE_REFUSED, "no", ""}));
              }),
              SOURCE_REFUSED);

  const auto reading = [](const std::function<void(const Played&)>& play) {
    Played played;
    played.tell(ReaderTells::opened, toWire(someInfo()));
    play(played);
    const auto reader = played.open();
    played.ours = FileDescriptor();
    size_t frames = 0;
    while (reader->next()) frames++;
    return frames;
  };
  const auto picture = [](const std::function<void(Picture&)>& change) {
    return [change](const Played& played) {
      Picture picture = somePicture();
      change(picture);
      played.tell(ReaderTells::picture, toWire(picture));
      played.tell(ReaderTells::ended, toWire(Ended{}));
    };
  };
  CHECK_EQUAL(reading(picture([](Picture&) {})), 1u);
  const std::function<void(Picture&)> lies[] = {
      [](Picture& p) { p.offsets[1] = 1 << 20; },
      [](Picture& p) { p.offsets[2] = UINT64_MAX - 64; },
      [](Picture& p) { p.view.planes[0].pitchBytes = 63; },
      [](Picture& p) { p.view.planes[0].pitchBytes = -64; },
      [](Picture& p) { p.view.planes[2].pitchBytes = INT32_MAX; },
      [](Picture& p) { p.view.width = 0; },
      [](Picture& p) { p.view.height = -48; },
      [](Picture& p) { p.view.width = p.view.height = 1 << 19; },
      [](Picture& p) { p.width = INT32_MAX; },
      [](Picture& p) { p.view.format.depth = 17; },
      [](Picture& p) { p.view.format.chromaShiftX = 31; },
      [](Picture& p) { p.view.format.layout = static_cast<PixelLayout>(9); },
      [](Picture& p) { p.view.format.components = 200; },
      [](Picture& p) { p.view.matrix = static_cast<ColorMatrix>(77); },
      [](Picture& p) { p.ptsUs = -5; },
      [](Picture& p) { p.counters.decoded = -1; },
  };
  for (const auto& lie : lies) CHECK_ERROR(reading(picture(lie)), SOURCE_CRASHED);
  CHECK_ERROR(reading([](const Played& p) {
                Picture later = somePicture();
                later.ptsUs = 1000;
                p.tell(ReaderTells::picture, toWire(later));
                p.tell(ReaderTells::picture, toWire(somePicture()));
              }),
              SOURCE_CRASHED);
  CHECK_ERROR(reading([](const Played& p) {
                for (int i = 0; i < 110; i++) p.tell(ReaderTells::recovered, toWire(RecoveryNote{"lost", "again"}));
              }),
              SOURCE_CRASHED);
  CHECK_ERROR(reading([](const Played& p) { p.tell(ReaderTells::samples, toWire(Sound{})); }), SOURCE_CRASHED);
  CHECK_ERROR(reading([](const Played&) {}), SOURCE_CRASHED);
}

TEST(memory_cannot_be_taken_away) {
  const LaunchedReader launched = launchReader(std::vector<uint8_t>{}, 1 << 20);
  CHECK(ftruncate(launched.memory.get(), 0) != 0);
  CHECK(ftruncate(launched.memory.get(), 2 << 20) != 0);
  CHECK(fcntl(launched.memory.get(), F_ADD_SEALS, F_SEAL_WRITE) != 0);
}

TEST_MAIN()
