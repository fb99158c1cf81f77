// The audio of live sources: from their one connection to the samples of an output.
#include "media/live_audio.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

#include "check.h"
#include "compose/live_times.h"
#include "core/error.h"
#include "http_server.h"
#include "media/audio_mixer.h"
#include "media/live_reader.h"
#include "media/live_voice.h"
#include "media/packet_tap.h"
#include "media_clip.h"

using namespace framepath;
using namespace framepath::media;

namespace {

// What a tap got, as text: one letter a call.
struct Noted : PacketTap {
  std::string calls;
  int pictures = 0, audio = 0, others = 0;
  int picture = -1, sound = -1;
  void opened(const AVFormatContext&, int pictureStream, int audioStream) override {
    calls += 'o';
    picture = pictureStream;
    sound = audioStream;
  }
  void packet(const AVPacket& packet, int64_t arrivalNs) override {
    if (calls.back() != 'p') calls += 'p';
    CHECK(arrivalNs > 0);
    (packet.stream_index == picture ? pictures : packet.stream_index == sound ? audio : others)++;
  }
  void lost() override { calls += 'l'; }
};

// One second of pictures, two streams of audio and a text, as a live stream has them.
std::string served(const clip::TempFolder& folder, const std::string& audio = "-map 1:a -map 1:a -c:a aac") {
  const std::string path = folder.file("live.ts");
  clip::ffmpeg("-f lavfi -i testsrc2=s=64x64:r=25:d=1 -f lavfi -i sine=440:r=48000:d=1 -map 0:v " + audio +
               " -c:v libx264 -bf 0 -g 25 -f mpegts " + path);
  const std::vector<uint8_t> bytes = clip::bytesOf(path);
  return "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + std::string(bytes.begin(), bytes.end());
}

// A server that closes its connection breaks the stream off.
int framesOf(SourceReader& reader) {
  int frames = 0;
  try {
    while (reader.next()) frames++;
  } catch (const Error& error) {
    CHECK(error.code == ErrorCode::SOURCE_FAILED);
  }
  return frames;
}

// A live run without waiting: a source whose packets come as the wall's clock goes on, the composition that places its
// pictures, and an output that reads audio as canvases are drawn.
struct Played {
  static constexpr int64_t kTickUs = 40'000;
  static constexpr int kPiece = 1024;  // samples of a packet

  double speed = 1;            // of the source's clock
  int64_t audioLateUs = 0;     // audio comes that much after its time
  int64_t picturesFromUs = 0;  // on the wall
  std::function<bool(int64_t sourceUs)> heard = [](int64_t) { return true; };
  std::function<bool(int64_t sourceUs)> seen = [](int64_t) { return true; };
  std::function<float(double sourceS)> signal = [](double s) {
    return static_cast<float>(0.5 * std::sin(2 * std::numbers::pi * 440 * s));
  };

  std::shared_ptr<LiveAudio> audio = std::make_shared<LiveAudio>();
  std::shared_ptr<LivePlace> place = std::make_shared<LivePlace>();
  std::vector<float> out;         // of the output, both sides being the same
  std::vector<int64_t> apartUs;   // by tick: how far the picture shown is from the audio at its time
  std::vector<int64_t> behindUs;  // by tick: how far audio is behind pictures
  int64_t silentMs = 0;

  // The source's clock began that long before the run.
  static constexpr int64_t kBeganUs = 1'234'567;

  void run(int64_t untilUs, std::function<void(int64_t wallUs)> each = nullptr) {
    compose::LiveClock clock(25, 1);
    clock.start(0, 0);
    compose::LiveTimes times;
    AudioMixer mixer({std::make_shared<LiveVoice>(audio, place, 0, 1.0f)});
    const auto sourceUs = [&](int64_t wallUs) { return kBeganUs + static_cast<int64_t>(wallUs * speed); };
    const int64_t pieceUs = int64_t{kPiece} * 1'000'000 / kAudioRate;
    int64_t nextPictureUs = kBeganUs, nextAudioUs = kBeganUs, number = 0, position = 0;
    audio->begin();
    for (int64_t wallUs = 0; wallUs < untilUs; wallUs += 1000) {
      if (each) each(wallUs);
      for (; nextPictureUs <= sourceUs(wallUs); nextPictureUs += kTickUs) {
        if (wallUs < picturesFromUs || !seen(nextPictureUs)) continue;
        audio->place({nextPictureUs, -kBeganUs});
        times.place(clock, nextPictureUs - kBeganUs, wallUs);
        place->offsetUs = times.offsetUs() + clock.intervalUs() / 2;
      }
      for (; nextAudioUs + pieceUs + audioLateUs <= sourceUs(wallUs);
           nextAudioUs = kBeganUs + ++number * 64 * 1'000'000 / 3000)
        if (heard(nextAudioUs)) add(nextAudioUs);
      const int64_t tickUs = static_cast<int64_t>(apartUs.size()) * kTickUs;
      if (clock.dueNs(tickUs) > wallUs * 1000) continue;
      const int64_t offsetUs = place->offsetUs;
      const bool shown = offsetUs != media::LivePlace::kNowhere;
      apartUs.push_back(shown ? tickUs - offsetUs : offsetUs);  // the source's time of the picture shown
      const int64_t until = (tickUs + kTickUs) * kAudioRate / 1'000'000;
      const int64_t ready = mixer.readyTo(until);
      while (position + kPiece <= ready) {
        std::vector<float> left(kPiece), right(kPiece);
        mixer.read(left.data(), right.data(), kPiece);
        position += kPiece;
        CHECK(left == right);
        out.insert(out.end(), left.begin(), left.end());
      }
      behindUs.push_back((until - position) * 1'000'000 / kAudioRate);
    }
    silentMs = mixer.silent().at(0).ms;
  }
  void add(int64_t us) {
    std::vector<float> samples(kPiece);
    for (int i = 0; i < kPiece; i++) samples[i] = signal((us - kBeganUs) / 1e6 + static_cast<double>(i) / kAudioRate);
    audio->add(us, samples.data(), samples.data(), kPiece);
  }

  // The largest step between two samples, from `fromS` on: of a sine of 440 Hz and half of full scale 0.029.
  float largestStep(double fromS) const {
    float most = 0;
    for (size_t i = static_cast<size_t>(fromS * kAudioRate) + 1; i < out.size(); i++)
      most = std::max(most, std::abs(out[i] - out[i - 1]));
    return most;
  }
  bool silentAt(double s) const {
    for (int i = 0; i < 480; i++)
      if (out[static_cast<size_t>(s * kAudioRate) + i] != 0) return false;
    return true;
  }
};

// Audio that tells its time: a phase that goes around once in four seconds, on a carrier that no error of some samples
// changes much. Decoded as the time (modulo 4 s) of the source that is heard at `at`.
constexpr double kRoundS = 4;
float phase(double sourceS) {
  return static_cast<float>(std::fmod(sourceS, kRoundS) / kRoundS * 0.8 - 0.4);
}
double apartMs(double heard, double sourceS) {
  const double time = (heard + 0.4) / 0.8 * kRoundS;
  double apart = std::fmod(time - sourceS, kRoundS);
  if (apart > kRoundS / 2) apart -= kRoundS;
  if (apart < -kRoundS / 2) apart += kRoundS;
  return apart * 1000;
}

}  // namespace

TEST(audio_is_heard_with_its_picture) {
  for (const int64_t lateUs : {-100'000, 0, 150'000, 350'000}) {
    Played run;
    run.signal = phase;
    run.audioLateUs = lateUs;
    run.run(6'000'000);
    double worst = 0;
    for (size_t tick = 25; tick < 125; tick++) {
      const double heard = run.out[tick * Played::kTickUs * kAudioRate / 1'000'000];
      if (std::abs(heard) < 0.35) worst = std::max(worst, std::abs(apartMs(heard, run.apartUs[tick] / 1e6)));
    }
    CHECK(worst < 5);
    CHECK(run.silentMs < 700);
    CHECK(*std::max_element(run.behindUs.begin() + 25, run.behindUs.end()) <= std::max<int64_t>(0, lateUs) + 50'000);
  }
}

TEST(a_clock_that_is_fast_or_slow_is_followed_without_clicks) {
  for (const double speed : {1.005, 0.995}) {
    Played run;
    run.speed = speed;
    run.run(80'000'000);
    CHECK(run.largestStep(1) < 0.031f);
    Played timed;
    timed.speed = speed;
    timed.signal = phase;
    timed.run(80'000'000);
    std::vector<double> apart;
    for (size_t tick = 1000; tick < 1990; tick++) {
      const double heard = timed.out[tick * Played::kTickUs * kAudioRate / 1'000'000];
      if (std::abs(heard) < 0.37) apart.push_back(apartMs(heard, timed.apartUs[tick] / 1e6));
    }
    // Pictures are moved by 80 ms about every quarter of a minute, which takes the audio some seconds.
    const auto apartMost = std::ranges::max(apart, {}, [](double ms) { return std::abs(ms); });
    const auto together = std::ranges::count_if(apart, [](double ms) { return std::abs(ms) <= 40; });
    CHECK(apart.size() > 900 && std::abs(apartMost) < 85);
    CHECK(together > 0.85 * static_cast<double>(apart.size()));
    CHECK(timed.silentMs < 500);
  }
}

TEST(a_gap_in_the_audio_is_silence_with_fades_and_stalls_nothing) {
  Played run;
  const int64_t fromUs = Played::kBeganUs + 3'000'000, toUs = Played::kBeganUs + 5'000'000;
  run.heard = [&](int64_t us) { return us < fromUs || us >= toUs; };
  run.run(8'000'000);
  CHECK_EQUAL(run.apartUs.size(), size_t{198});  // every tick was drawn
  CHECK(run.silentAt(3.5) && run.silentAt(4.5));
  CHECK(!run.silentAt(2.5) && !run.silentAt(5.5));
  CHECK(run.largestStep(1) < 0.04f);
  CHECK(run.silentMs > 1900 && run.silentMs < 2700);
  CHECK(*std::max_element(run.behindUs.begin(), run.behindUs.end()) <= 600'000);
}

TEST(who_has_no_audio_stalls_nobody) {
  Played run;
  run.heard = [](int64_t) { return false; };
  run.run(3'000'000);
  CHECK(*std::max_element(run.behindUs.begin(), run.behindUs.end()) < 22'000);
  CHECK(run.silentMs > 2800);
}

TEST(audio_waits_for_the_first_picture_of_a_connection) {
  Played run;
  run.picturesFromUs = 1'000'000;
  run.signal = phase;
  run.run(5'000'000);
  CHECK(run.silentAt(0.5));
  const double heard = run.out[3 * kAudioRate];
  CHECK(std::abs(apartMs(heard, run.apartUs[75] / 1e6)) < 5);
}

TEST(audio_comes_back_with_another_clock_after_a_loss) {
  Played run;
  run.signal = phase;
  run.heard =
      run.seen = [](int64_t us) { return us < Played::kBeganUs + 2'000'000 || us > Played::kBeganUs + 3'000'000; };
  run.run(6'000'000, [&](int64_t wallUs) {
    if (wallUs == 2'500'000) run.audio->begin();
  });
  CHECK(run.silentAt(2.5));
  for (const size_t tick : {40, 110, 140}) {
    const double heard = run.out[tick * Played::kTickUs * kAudioRate / 1'000'000];
    CHECK(std::abs(apartMs(heard, run.apartUs[tick] / 1e6)) < 5);
  }
}

TEST(gains_are_reached_within_20_ms_without_a_click) {
  const auto audio = std::make_shared<LiveAudio>();
  const auto place = std::make_shared<LivePlace>();
  place->offsetUs = 0;
  audio->begin();
  audio->place({0, 0});
  std::vector<float> one(kAudioRate, 0.5f), left(4800), right(4800);
  audio->add(0, one.data(), one.data(), kAudioRate);
  AudioMixer mixer({std::make_shared<LiveVoice>(audio, place, 7, 0.0f)});
  const auto read = [&] { mixer.read(left.data(), right.data(), 4800); };
  read();
  CHECK(std::ranges::all_of(left, [](float sample) { return sample == 0; }));
  mixer.setGain(7, 0.5f);
  read();
  for (int i = 1; i < 4800; i++) CHECK(std::abs(left[i] - left[i - 1]) < 0.001f);
  CHECK(left[0] < 0.01f && std::abs(left[960] - 0.25f) < 1e-4f && std::abs(left[4799] - 0.25f) < 1e-4f);
  mixer.setGain(7, 0);
  read();
  CHECK(left[0] > 0.24f && left[961] == 0 && left[4799] == 0);
}

TEST(audio_in_small_pieces_takes_no_more_memory) {
  LiveAudio audio;
  const float one = 0.5f;
  audio.begin();
  audio.place({0, 0});
  for (int n = 0; n < 100; n++) audio.add(n * 1'000'000, &one, &one, 0);
  CHECK_EQUAL(LiveAudio::Reading(audio).pieces(), size_t{0});
  for (int64_t n = 0; n < 96'000; n++) audio.add(n * 1'000'000 / kAudioRate, &one, &one, 1);
  {
    const LiveAudio::Reading reading(audio);
    CHECK(reading.pieces() < 100);
    CHECK_EQUAL(reading.endOf(*reading.at(500'000)), 96'000);
    CHECK(std::abs(*reading.at(1'500'000) - 72'000) < 3);
  }
  for (int64_t n = 0; n < 50'000; n++) audio.add(3'000'000 + n * 20'000, &one, &one, 1);  // each after a gap
  CHECK(LiveAudio::Reading(audio).pieces() < 5000);
}

namespace {

// Full seconds of a constant from 0 on, of a source whose pictures lie at their own times; none: it gives no audio.
AudioRef constant(int32_t source, int seconds, float gain = 1) {
  const auto audio = std::make_shared<LiveAudio>();
  const auto place = std::make_shared<LivePlace>();
  place->offsetUs = 0;
  audio->begin();
  audio->place({0, 0});
  const std::vector<float> samples(static_cast<size_t>(seconds) * kAudioRate, 0.25f);
  audio->add(0, samples.data(), samples.data(), static_cast<int>(samples.size()));
  return std::make_unique<LiveVoice>(audio, place, source, gain);
}

}  // namespace

TEST(a_mix_is_as_loud_as_who_gives_audio_asks_for) {
  std::vector<AudioRef> sources;
  for (const int seconds : {5, 1, 0, 0}) sources.push_back(constant(static_cast<int32_t>(sources.size()), seconds));
  AudioMixer mixer(std::move(sources));
  std::vector<float> left(48'000), right(48'000);
  std::vector<float> levels;
  for (int second = 0; second < 5; second++) {
    for (int at = 0; at < 48'000; at += 960) mixer.read(left.data() + at, right.data() + at, 960);
    levels.push_back(left[40'000]);
  }
  CHECK(std::abs(levels[0] - 0.5f / std::numbers::sqrt2_v<float>) < 0.001f);
  CHECK(std::abs(levels[1] - 0.25f / std::numbers::sqrt2_v<float>) < 0.001f);  // it may only pause
  CHECK(std::abs(levels[4] - 0.25f) < 0.001f);
}

TEST(who_joins_is_not_heard_before_it_is_seen) {
  AudioMixer mixer({});
  mixer.join(constant(3, 2), 24'000);
  std::vector<float> left(48'000), right(48'000);
  mixer.read(left.data(), right.data(), 48'000);
  CHECK(std::all_of(left.begin(), left.begin() + 24'000, [](float sample) { return sample == 0; }));
  CHECK(std::abs(left[25'000] - 0.25f) < 0.001f);
  CHECK(mixer.silent().at(0).ms <= 10);
}

TEST(what_is_muted_is_not_missing) {
  std::vector<AudioRef> sources;
  sources.push_back(constant(0, 0, 0));
  sources.push_back(constant(1, 0));
  AudioMixer mixer(std::move(sources));
  std::vector<float> left(48'000), right(48'000);
  mixer.read(left.data(), right.data(), 48'000);
  CHECK_EQUAL(mixer.silent().at(0).ms, 0);
  CHECK_EQUAL(mixer.silent().at(1).ms, 1000);
}

TEST(taps_get_the_packets_of_a_live_source_from_its_one_connection) {
  const clip::TempFolder folder;
  http::Server server;
  const std::string stream = served(folder);
  server.answer = [&](const std::string&) { return stream; };
  const auto tap = std::make_shared<Noted>();
  SourceOptions options;
  options.uri = server.url("/live.ts");
  options.reconnects = 0;
  options.taps = {tap, std::make_shared<Noted>()};
  {
    const auto reader = LiveReader::open(options, openDevice("cpu"));
    CHECK(reader->info().live);
    CHECK_EQUAL(framesOf(*reader), 25);
  }
  CHECK_EQUAL(tap->calls, "opl");
  CHECK_EQUAL(tap->pictures, 25);
  CHECK(tap->audio >= 46 && tap->audio <= 50);
  CHECK_EQUAL(tap->others, 0);
  CHECK_EQUAL(server.requests.load(), 1);
}

TEST(taps_are_opened_again_when_a_stream_comes_back) {
  const clip::TempFolder folder;
  http::Server server;
  const std::string stream = served(folder, "");
  server.answer = [&](const std::string&) { return stream; };
  const auto tap = std::make_shared<Noted>();
  SourceOptions options;
  options.uri = server.url("/live.ts");
  options.live = true;  // its end is a loss
  options.reconnects = 3;
  options.endMs = 2000;
  options.taps = {tap};
  {
    const auto reader = LiveReader::open(options, openDevice("cpu"));
    CHECK(framesOf(*reader) > 25);
  }
  CHECK(tap->calls.starts_with("oplopl"));
  CHECK_EQUAL(tap->sound, -1);
}

TEST(files_have_no_taps) {
  const clip::TempFolder folder;
  served(folder);
  const auto tap = std::make_shared<Noted>();
  SourceOptions options;
  options.uri = folder.file("live.ts");
  options.taps = {tap};
  CHECK_EQUAL(framesOf(*openSource(options, openDevice("cpu"))), 25);
  CHECK_EQUAL(tap->calls, "");
}

TEST_MAIN()
