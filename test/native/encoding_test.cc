// The encoder's stage against encoders that do not return: at the deadline there is an output, and no wait.
#include "graph/encoding.h"

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "check.h"
#include "core/clock.h"
#include "device/device.h"
#include "media_clip.h"

using namespace framepath;
using namespace framepath::graph;

namespace {

constexpr int64_t kStepUs = 3'600'000'000;  // an hour between pictures

class Gate {
 public:
  void open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    reached = true;
    changed_.wait(lock, [&] { return open_; });
  }

  std::atomic<bool> reached{false};

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

// Gives one packet a picture; from picture `slowFrom` on a call does not return before the gate opens.
class StubbornEncoder : public media::Encoder {
 public:
  StubbornEncoder(int slowFrom, std::shared_ptr<Gate> gate) : slowFrom_(slowFrom), gate_(std::move(gate)) {}
  PixelFormat inputFormat() const override { return pixelFormat::yuv420p; }
  const AVCodecParameters* parameters() const override { return nullptr; }
  std::string name() const override { return "stubborn"; }
  void push(const FrameRef&, const Emit& emit) override {
    if (pushed_++ >= slowFrom_) gate_->pass();
    Packet packet;
    packet.dtsUs = pushed_ * kStepUs;
    packet.data = std::make_shared<const std::vector<uint8_t>>(1);
    emit(std::move(packet));
  }
  void finish(const Emit&) override {}

 private:
  int pushed_ = 0;
  const int slowFrom_;
  const std::shared_ptr<Gate> gate_;
};

class CountingOutput : public media::Output {
 public:
  void write(const Packet&) override { written++; }
  bool hasAudio() const override { return false; }
  void addAudio(media::AudioRef, int64_t) override {}
  void endAudio(int32_t source, int64_t) override { ended = source; }
  media::OutputResult finish(bool complete) override {
    media::OutputResult result;
    result.frames = written;
    result.complete = complete;
    return result;
  }
  std::atomic<int64_t> written{0};
  std::atomic<int32_t> ended{-1};
};

struct Stage {
  explicit Stage(int slowFrom, bool realtime = false) {
    auto counting = std::make_unique<CountingOutput>();
    output = counting.get();
    EncodingParts parts;
    parts.encoder = std::make_unique<StubbornEncoder>(slowFrom, gate);
    parts.output = std::move(counting);
    parts.packets = packets;
    parts.cues = cues;
    parts.deadline = deadline;
    parts.closing = closing;
    parts.realtime = realtime;
    parts.failed = [this](const Error&) { failures++; };
    encoding = std::make_unique<Encoding>(std::move(parts));
    encoding->start();
  }
  bool push() { return encoding->push(clip::plain(*device, 16, 16, 40, 0)); }
  // By yielding: the thread under test is as slow as the machine.
  template <typename Condition>
  void until(Condition condition) {
    while (!condition()) std::this_thread::yield();
  }

  std::shared_ptr<Gate> gate = std::make_shared<Gate>();
  std::shared_ptr<Stop> deadline = std::make_shared<Stop>();
  std::shared_ptr<Stop> closing = std::make_shared<Stop>();
  std::shared_ptr<PacketQueue> packets = std::make_shared<PacketQueue>();
  std::shared_ptr<AudioCues> cues = std::make_shared<AudioCues>();
  std::shared_ptr<Device> device = openDevice("cpu");
  CountingOutput* output = nullptr;
  std::atomic<int> failures{0};
  std::unique_ptr<Encoding> encoding;
};

}  // namespace

TEST(what_is_pushed_is_in_the_output_and_nobody_is_left_behind) {
  Stage stage(100);
  stage.cues->end(5, 0);
  for (int i = 0; i < 8; i++) CHECK(stage.push());
  stage.encoding->close();
  const Encoding::End end = stage.encoding->finish();
  CHECK(end.whole);
  CHECK_EQUAL(stage.output->written.load(), 8);
  CHECK_EQUAL(stage.output->ended.load(), 5);
  CHECK(!stage.push());
  stage.encoding->freeEncoder();
  const auto encoder = stage.encoding->encoder();
  stage.encoding.reset();
  CHECK(encoder.expired());
}

TEST(an_encoder_that_does_not_return_loses_the_output_and_frees_itself_later) {
  Stage stage(3);
  for (int i = 0; i < 5; i++) CHECK(stage.push());
  stage.until([&] { return stage.gate->reached.load(); });
  std::promise<bool> packetsEnded;
  for (int i = 0; i < 3; i++) stage.packets->next([](std::optional<Packet> packet) { CHECK(packet.has_value()); });
  stage.packets->next([&](std::optional<Packet> packet) { packetsEnded.set_value(!packet); });
  stage.deadline->now();
  stage.encoding->wake();
  // Both return although the encoder does not.
  const Encoding::End end = stage.encoding->finish();
  stage.encoding->freeEncoder();
  CHECK(!end.whole);
  CHECK(packetsEnded.get_future().get());
  CHECK_EQUAL(end.output->finish(false).frames, 3);
  const auto encoder = stage.encoding->encoder();
  const size_t held = stage.device->liveBytes();
  stage.encoding.reset();
  CHECK(!encoder.expired());
  CHECK(held > 0);  // the picture under way; what waited behind it is gone
  stage.gate->open();
  stage.until([&] { return encoder.expired(); });
  CHECK_EQUAL(stage.output->written.load(), 3);
  CHECK_EQUAL(stage.failures.load(), 0);
  CHECK_EQUAL(stage.device->liveBytes(), size_t{0});
}

TEST(an_encoder_that_returns_late_but_in_time_gives_what_it_had) {
  Stage stage(1);
  for (int i = 0; i < 3; i++) CHECK(stage.push());
  stage.encoding->close();
  stage.deadline->at(nowNs() + 3'600'000'000'000);
  stage.encoding->wake();
  std::thread opener([&] {
    stage.until([&] { return stage.gate->reached.load(); });
    stage.gate->open();
  });
  const Encoding::End end = stage.encoding->finish();
  opener.join();
  CHECK(end.whole);
  CHECK_EQUAL(stage.output->written.load(), 3);
  stage.encoding->freeEncoder();
}

TEST(packets_that_wait_until_they_are_due_go_out_at_once_when_the_run_is_closed) {
  Stage stage(100, true);
  for (int i = 0; i < 3; i++) CHECK(stage.push());
  stage.encoding->close();
  stage.until([&] { return stage.output->written.load() == 1; });  // the next one is due in an hour
  stage.closing->at(nowNs() + 3'600'000'000'000);
  stage.encoding->wake();
  const Encoding::End end = stage.encoding->finish();
  CHECK(end.whole);
  CHECK_EQUAL(stage.output->written.load(), 3);
  stage.encoding->freeEncoder();
}

TEST_MAIN()
