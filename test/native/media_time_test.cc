// Times, cuts and selection: the right picture at the right time, wherever the reading starts.
#include <algorithm>
#include <sstream>

#include "check.h"
#include "clips.h"
#include "core/error.h"
#include "media/audio_clock.h"
#include "media/compat.h"
#include "media/frame_times.h"
#include "media/ticks.h"

using namespace framepath;
using namespace framepath::media;
using clips::make;
using clips::moving;
using clips::read;

namespace {

constexpr const char* kOpenGop =
    "-c:v libx264 -preset veryfast -pix_fmt yuv420p -x264-params "
    "open-gop=1:keyint=12:min-keyint=12:bframes=3:scenecut=0";

SourceOptions cut(const std::string& uri, int64_t startMs, int64_t endMs = -1) {
  SourceOptions options;
  options.uri = uri;
  options.startMs = startMs;
  options.endMs = endMs;
  return options;
}

// Reads from startMs on must equal a read of everything, minus what lies before.
void checkSeeks(const std::string& path, const std::vector<int64_t>& starts) {
  const int before = check::failures();
  const clips::Read whole = read(path);
  CHECK_EQUAL(whole.counters.decodeErrors, 0);
  for (const int64_t startMs : starts) {
    const auto result = read(cut(path, startMs));
    size_t first = 0;
    while (first < whole.frames.size() && whole.frames[first]->ptsUs + 500 < startMs * 1000) first++;
    CHECK_EQUAL(result.frames.size(), whole.frames.size() - first);
    if (result.frames.size() != whole.frames.size() - first) continue;
    CHECK_EQUAL(result.counters.decodeErrors, 0);
    for (size_t i = 0; i < result.frames.size(); i++) {
      const Frame &got = *result.frames[i], &wanted = *whole.frames[first + i];
      CHECK_EQUAL(got.index, wanted.index);
      const int64_t wantedUs = std::max<int64_t>(0, wanted.ptsUs - startMs * 1000);
      CHECK_EQUAL(got.ptsUs, wantedUs);
      const bool same = clips::packed(got) == clips::packed(wanted);
      CHECK(same);
      if (!same) std::printf("  ... from %d ms, picture %d\n", static_cast<int>(startMs), static_cast<int>(i));
    }
  }
  if (check::failures() != before) std::printf("  ... in %s\n", path.c_str());
}

std::vector<double> ffprobeTimes(const std::string& path) {
  const clips::Bytes text = clips::output(
      "ffprobe -v error -select_streams v -show_entries frame=pts_time -of csv=p=0 '" + path + "' | tr -d ,");
  std::istringstream in(std::string(text.begin(), text.end()));
  std::vector<double> times;
  for (double t; in >> t;) times.push_back(t);
  return times;
}

}  // namespace

TEST(cuts_start_exactly_in_every_container) {
  const std::vector<int64_t> starts = {0, 1, 40, 41, 470, 480, 500, 960, 999, 1000, 1500, 1960, 1961, 1999};
  const std::string clip = moving("160x120", 25, 50);
  checkSeeks(make("gop.mp4", clip + kOpenGop), starts);
  checkSeeks(make("gop.mkv", clip + kOpenGop), starts);
  checkSeeks(make("gop.ts", clip + kOpenGop), starts);
  checkSeeks(make("gop.flv", clip + kOpenGop), starts);
  checkSeeks(make("gop.avi", clip + "-c:v mpeg4 -bf 2 -g 12"), starts);
  checkSeeks(make("gop.webm", clip + "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 12"), starts);
  checkSeeks(make("intra.mov", clip + "-c:v mjpeg"), starts);
  checkSeeks(make("raw.h264", clip + kOpenGop), {0, 480, 1000});
  checkSeeks(make("long_gop.mp4", clip + "-c:v libx264 -preset ultrafast -g 250"), {40, 1000, 1960});
  checkSeeks(make("hevc.mp4", clip + "-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=12:open-gop=1"),
             starts);
}

TEST(a_cut_ends_before_its_end) {
  const auto path = make("gop.mp4", moving("160x120", 25, 50) + kOpenGop);
  CHECK_EQUAL(read(cut(path, 0, 1000)).frames.size(), 25u);
  CHECK_EQUAL(read(cut(path, 400, 1000)).frames.size(), 15u);
  CHECK_EQUAL(read(cut(path, 400, 1000)).counters.decoded, 15);
  CHECK_EQUAL(read(cut(path, 400, 401)).frames.size(), 1u);
  CHECK_EQUAL(read(cut(path, 1000, 99999)).frames.size(), 25u);
  CHECK_EQUAL(read(cut(path, 1990, 99999)).frames.size(), 0u);
  CHECK_ERROR(read(cut(path, 60000, 99999)), INVALID_ARGUMENT);
  CHECK_ERROR(read(cut(path, 1000, 1000)), INVALID_ARGUMENT);
}

TEST(stride_and_rate_select) {
  auto options = cut(make("gop.mp4", moving("160x120", 25, 50) + kOpenGop), 0);
  options.stride = 3;
  auto result = read(options);
  CHECK_EQUAL(result.frames.size(), 17u);
  CHECK_EQUAL(result.frames.at(1)->index, 3);
  CHECK_EQUAL(result.counters.decoded, 50);
  CHECK_EQUAL(result.counters.skipped, 33);

  options.stride = 1;
  options.maxFps = 10;
  result = read(options);
  CHECK_EQUAL(result.frames.size(), 20u);
  for (size_t i = 0; i < result.frames.size(); i++) CHECK_NEAR(result.frames[i]->ptsUs, i * 100000.0, 40000);
  options.maxFps = 25;
  CHECK_EQUAL(read(options).frames.size(), 50u);
  options.maxFps = 1000;
  CHECK_EQUAL(read(options).frames.size(), 50u);
  options.uri = make("ms.mkv", moving("160x120", 30, 60) + "-c:v libx264 -preset ultrafast");
  options.maxFps = 30;  // Matroska rounds to milliseconds
  CHECK_EQUAL(read(options).frames.size(), 60u);
}

TEST(variable_rate_keeps_its_times) {
  const auto path =
      make("vfr.mkv", moving("160x120", 25, 50) +
                          "-vf \"select='not(mod(n,7))+between(n,20,30)'\" -fps_mode vfr -c:v libx264 -bf 2");
  const auto times = ffprobeTimes(path);
  const auto result = read(path);
  CHECK(times.size() > 10);
  CHECK_EQUAL(result.frames.size(), times.size());
  for (size_t i = 0; i < std::min(times.size(), result.frames.size()); i++) {
    CHECK_NEAR(result.frames[i]->ptsUs, (times[i] - times[0]) * 1e6, 2);
    CHECK_EQUAL(result.frames[i]->index, static_cast<int64_t>(i));
  }
}

TEST(a_source_begins_at_zero_whatever_its_clock) {
  for (const char* offset : {"5", "-3", "70000"}) {
    const auto path =
        make(std::string("offset") + offset + ".ts", moving("160x120", 25, 10) +
                                                         "-c:v libx264 -bf 2 -avoid_negative_ts disabled -muxdelay 0 "
                                                         "-output_ts_offset " +
                                                         offset);
    const auto result = read(path);
    CHECK_EQUAL(result.frames.size(), 10u);
    for (size_t i = 0; i < result.frames.size(); i++) CHECK_NEAR(result.frames[i]->ptsUs, i * 40000.0, 20);
    CHECK_EQUAL(read(cut(path, 200)).frames.size(), 5u);
  }
}

TEST(times_are_filled_in_from_the_rate_when_there_are_none) {
  for (const char* name : {"raw30.h264", "raw30.m4v", "raw30.mjpeg"}) {
    const std::string codec = std::string(name).ends_with("h264")  ? "-c:v libx264 -bf 2"
                              : std::string(name).ends_with("m4v") ? "-c:v mpeg4"
                                                                   : "-c:v mjpeg";
    const auto result = read(make(name, moving("160x120", 25, 12) + codec));
    CHECK_EQUAL(result.frames.size(), 12u);
    for (size_t i = 0; i < result.frames.size(); i++) CHECK_NEAR(result.frames[i]->ptsUs, i * 40000.0, 1);
  }
}

TEST(times_never_decrease_over_a_restarted_clock) {
  const auto a = make("clock_a.ts", moving("160x120", 25, 20) + "-c:v libx264 -muxdelay 0 -output_ts_offset 50");
  const auto b = make("clock_b.ts", moving("160x120", 25, 20) + "-c:v libx264 -muxdelay 0 -output_ts_offset 10");
  clips::Bytes both = clips::readFile(a);
  const clips::Bytes second = clips::readFile(b);
  both.insert(both.end(), second.begin(), second.end());
  const auto result = read(clips::writeFile("clock.ts", both));
  CHECK_EQUAL(result.frames.size(), 40u);
  for (size_t i = 1; i < result.frames.size(); i++) {
    CHECK(result.frames[i]->ptsUs >= result.frames[i - 1]->ptsUs);
    CHECK_NEAR(result.frames[i]->ptsUs, i * 40000.0, 41000);
  }
}

TEST(times_stay_in_order_whatever_a_damaged_file_holds) {
  const AvFrame picture = newFrame();
  for (const AVRational timeBase : {AVRational{1, 1'000'000}, AVRational{1, 1}, AVRational{INT32_MAX, 1}}) {
    FrameTimes times(timeBase, -kFarUs, {1, INT32_MAX}, true);
    int64_t lastUs = 0;
    for (int n = 0; n < 4000; n++) {
      constexpr int64_t kStamps[] = {INT64_MAX, 0, INT64_MIN + 1, AV_NOPTS_VALUE, 1'000'000, INT64_MAX / 2};
      picture->best_effort_timestamp = kStamps[n * n % 6];
      setFrameDuration(*picture, n % 3 ? INT64_MAX - n : 0);
      const FrameStamp stamp = times.stamp(*picture);
      CHECK(stamp.timeUs >= lastUs && stamp.timeUs <= 4 * kFarUs);
      CHECK(stamp.durationUs >= 0 && stamp.durationUs <= kFarUs);
      lastUs = stamp.timeUs;
    }
  }
}

SourceOptions reporting(const std::string& uri, std::vector<std::string>& recovered) {
  SourceOptions options = cut(uri, 0);
  options.recovered = [&recovered](const std::string& what, const std::string&) { recovered.push_back(what); };
  return options;
}

TEST(a_gap_is_cut_out_and_reported) {
  const auto path = make("gap.mkv", moving("160x120", 25, 20) +
                                        "-vf \"setpts='if(gte(N,10),PTS+360000/TB,PTS)'\" -fps_mode vfr -c:v libx264");
  std::vector<std::string> recovered;
  const auto result = read(reporting(path, recovered));
  CHECK_EQUAL(result.frames.size(), 20u);
  for (size_t i = 0; i < result.frames.size(); i++) {
    CHECK_NEAR(result.frames[i]->ptsUs, i * 40000.0, 1000);
    CHECK(result.frames[i]->durationUs <= 10'000'000);
  }
  CHECK_EQUAL(recovered.size(), 1u);
  CHECK_EQUAL(recovered.at(0), std::string("gap in times cut out"));
  SourceOptions all = cut(path, 0);
  all.maxGapMs = kNoMaxGap;
  CHECK_NEAR(read(all).frames.back()->ptsUs, 360000e6 + 19 * 40000.0, 1000);
}

TEST(a_clock_that_is_set_back_is_reported) {
  const auto a = make("clock_a.ts", moving("160x120", 25, 20) + "-c:v libx264 -muxdelay 0 -output_ts_offset 50");
  const auto b = make("clock_b.ts", moving("160x120", 25, 20) + "-c:v libx264 -muxdelay 0 -output_ts_offset 10");
  clips::Bytes both = clips::readFile(a);
  const clips::Bytes second = clips::readFile(b);
  both.insert(both.end(), second.begin(), second.end());
  std::vector<std::string> recovered;
  read(reporting(clips::writeFile("clock_reported.ts", both), recovered));
  CHECK_EQUAL(recovered.size(), 1u);
}

TEST(audio_follows_what_was_cut_out_of_its_pictures) {
  const auto cuts = std::make_shared<TimeCuts>();
  AudioClock audio(cuts);
  CHECK_EQUAL(*audio.placeUs(audio.mendUs(0, 20'000), 20'000), 0);
  CHECK_EQUAL(*audio.placeUs(5'000'000, 20'000), 5'000'000);  // the pictures have not come there
  cuts->add(1'000'000, 5'000'000);
  CHECK_EQUAL(*audio.placeUs(5'000'000, 20'000), 1'000'000);
  CHECK_EQUAL(*audio.placeUs(999'000, 20'000), 999'000);
  CHECK(!audio.placeUs(2'000'000, 20'000));
  CHECK_EQUAL(audio.mendUs(6'000'000, 20'000), 6'000'000);
  CHECK_EQUAL(audio.mendUs(0, 20'000), 0);  // only the audio was set back, or the pictures not yet
  cuts->setBack(6'020'000);
  CHECK_EQUAL(audio.mendUs(20'000, 20'000), 6'040'000);
  CHECK_EQUAL(*audio.placeUs(6'040'000, 20'000), 2'040'000);
}

TEST(a_cut_without_a_picture_has_a_reason) {
  const auto path = make("gop.mp4", moving("160x120", 25, 50) + kOpenGop);
  for (const SourceOptions& options : {cut(path, 1'999), cut(path, 10, 15)}) {
    const auto reader = openSource(options, clips::device());
    CHECK(reader->next() == nullptr);
    CHECK(reader->emptyCut() && reader->emptyCut()->code == ErrorCode::INVALID_ARGUMENT);
  }
  const auto reader = openSource(cut(path, 1'960), clips::device());
  while (reader->next()) {
  }
  CHECK(!reader->emptyCut());
}

TEST(an_interrupted_reader_ends_soon) {
  SourceOptions options;
  options.uri = make("gop.mp4", moving("160x120", 25, 50) + kOpenGop);
  const auto reader = openSource(options, clips::device());
  CHECK(reader->next() != nullptr);
  reader->interrupt();
  CHECK(reader->next() == nullptr);
  CHECK(reader->next() == nullptr);
  CHECK_EQUAL(reader->counters().decoded, 1);
}
TEST_MAIN()
