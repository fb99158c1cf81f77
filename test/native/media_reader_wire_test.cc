// What the process of an untrusted source may write: read back, checked, and an error of its source where it lies.
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmath>
#include <functional>
#include <random>

#include "check.h"
#include "clips.h"
#include "core/error.h"
#include "core/sanitized.h"
#include "device/image.h"
#include "media/isolated_reader.h"
#include "media/reader_process.h"

using namespace framepath;
using namespace framepath::media;

namespace {

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
  void reply(ReaderMessage kind, std::vector<uint8_t> body) const {
    body.insert(body.begin(), static_cast<uint8_t>(kind));
    raw(body);
  }
  void raw(const std::vector<uint8_t>& bytes) const {
    (void)!send(ours.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  std::unique_ptr<IsolatedReader> open() {
    auto stop = std::make_shared<Stop>();
    auto process = std::make_shared<ReaderProcess>(std::move(launched), bytes, "played", stop);
    return std::make_unique<IsolatedReader>(std::move(process), stop, SourceOptions{}, clips::device());
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

TEST(messages_are_read_back) {
  CHECK(toWire(fromWire<SourceInfo>(toWire(someInfo()))) == toWire(someInfo()));
  SourceInfo wide = someInfo();
  wide.primaries = ColorPrimaries::bt2020;
  CHECK(fromWire<SourceInfo>(toWire(wide)).primaries == ColorPrimaries::bt2020);
  wide.primaries = static_cast<ColorPrimaries>(2);
  CHECK_ERROR(fromWire<SourceInfo>(toWire(wide)), SOURCE_CRASHED);
  const Picture picture = somePicture();
  CHECK(toWire(fromWire<Picture>(toWire(picture))) == toWire(picture));
  ReaderJob job;
  job.options.images = std::vector<std::string>(2000, std::string(5000, 'x'));
  job.options.limits.hosts = {"*.example.org"};
  CHECK(toWire(fromWire<ReaderJob>(toWire(job))) == toWire(job));
  const TimeChange gap{false, 1'000'000, 61'000'000};
  CHECK(toWire(fromWire<TimeChange>(toWire(gap))) == toWire(gap));
  CHECK_ERROR(fromWire<TimeChange>(toWire(TimeChange{false, 2, 1})), SOURCE_CRASHED);
  const LiveSamples heard{true, -5, {0.5f, 1}, {0, -64}};
  CHECK(toWire(fromWire<LiveSamples>(toWire(heard))) == toWire(heard));
  CHECK_ERROR(fromWire<LiveSamples>(toWire(LiveSamples{true, 0, {1}, {}})), SOURCE_CRASHED);
  CHECK_ERROR(fromWire<LiveSamples>(toWire(LiveSamples{true, 0, {65}, {0}})), SOURCE_CRASHED);
  CHECK_ERROR(fromWire<LiveSamples>(toWire(LiveSamples{true, 0, {0}, {NAN}})), SOURCE_CRASHED);
  CHECK_ERROR(fromWire<LiveSamples>(toWire(LiveSamples{true, INT64_MIN, {0}, {0}})), SOURCE_CRASHED);
  CHECK_ERROR(fromWire<LiveSamples>(toWire(LiveSamples{true, 0, {}, {}})), SOURCE_CRASHED);
  const std::vector<float> tooMany(kSamplesAtOnce + 1);
  CHECK_ERROR(fromWire<LiveSamples>(toWire(LiveSamples{true, 0, tooMany, tooMany})), SOURCE_CRASHED);
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
                                                   toWire(AudioSamples{{1, 2}, {3, 4}, "loss"}),
                                                   toWire(LiveSamples{true, 7, {1, 2}, {3, 4}}),
                                                   toWire(Ended{}),
                                                   toWire(TimeChange{}),
                                                   toWire(RecoveryNote{"a", "b"})};
  for (int n = 0; n < (kSanitized ? 6'000 : 60'000); n++) {
    std::vector<uint8_t> bytes = seeds[random() % seeds.size()];
    for (size_t changes = random() % 4; changes > 0; changes--) bytes[random() % bytes.size()] = random();
    if (random() % 4 == 0) bytes.resize(random() % (bytes.size() + 8));
    attempt([&] { fromWire<SourceInfo>(bytes); });
    attempt([&] { fromWire<Failure>(bytes); });
    attempt([&] { fromWire<AudioSamples>(bytes); });
    attempt([&] { fromWire<LiveSamples>(bytes); });
    attempt([&] { fromWire<ReaderCounters>(bytes); });
    attempt([&] { fromWire<Ended>(bytes); });
    attempt([&] { fromWire<RecoveryNote>(bytes); });
    attempt([&] { fromWire<TimeChange>(bytes); });
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
  CHECK_ERROR(opening([](const Played& p) { p.reply(ReaderMessage::opened, {1, 2, 3}); }), SOURCE_CRASHED);
  CHECK_ERROR(opening([](const Played& p) { p.reply(ReaderMessage::picture, toWire(somePicture())); }), SOURCE_CRASHED);
  CHECK_ERROR(opening([](const Played& p) {
                p.reply(ReaderMessage::failed, toWire(Failure{ErrorCode::INTERNAL, "", ""}));
              }),
              SOURCE_CRASHED);
  CHECK_ERROR(opening([](const Played& p) {
                p.reply(ReaderMessage::failed, toWire(Failure{ErrorCode::SOURCE_REFUSED, "no", ""}));
              }),
              SOURCE_REFUSED);

  const auto reading = [](const std::function<void(const Played&)>& play) {
    Played played;
    played.reply(ReaderMessage::opened, toWire(someInfo()));
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
      played.reply(ReaderMessage::picture, toWire(picture));
      played.reply(ReaderMessage::ended, toWire(Ended{}));
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
      [](Picture& p) { p.own.us = INT64_MAX; },
      [](Picture& p) { p.own.offsetUs = INT64_MIN; },
      [](Picture& p) { p.counters.decoded = -1; },
  };
  for (const auto& lie : lies) CHECK_ERROR(reading(picture(lie)), SOURCE_CRASHED);
  CHECK_ERROR(reading([](const Played& p) {
                Picture later = somePicture();
                later.ptsUs = 1000;
                p.reply(ReaderMessage::picture, toWire(later));
                p.reply(ReaderMessage::picture, toWire(somePicture()));
              }),
              SOURCE_CRASHED);
  const auto tellsOf = [&](ReaderMessage kind, const std::vector<uint8_t>& body) {
    try {
      reading([&](const Played& p) {
        for (int i = 0; i < 230; i++) p.reply(kind, body);
      });
    } catch (const Error& error) {
      return error.sentence;
    }
    return std::string();
  };
  const std::string tooMany = "\"played\" is not read any more: its process reports more recoveries than possible.";
  CHECK_EQUAL(tellsOf(ReaderMessage::recovered, toWire(RecoveryNote{"lost", "again"})), tooMany);
  CHECK_EQUAL(tellsOf(ReaderMessage::times, toWire(TimeChange{false, 1, 2})), tooMany);
  CHECK_ERROR(reading([](const Played& p) { p.reply(ReaderMessage::samples, toWire(AudioSamples{})); }),
              SOURCE_CRASHED);
  CHECK_ERROR(reading([](const Played&) {}), SOURCE_CRASHED);
}

TEST_MAIN()
