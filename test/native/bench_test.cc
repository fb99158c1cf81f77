// Every stage measured alone: plausible counts, facts that name what was measured, coded errors. Never speed.
#include <algorithm>
#include <filesystem>

#include "bench/pattern.h"
#include "bench/stages.h"
#include "check.h"
#include "clips.h"
#include "core/error.h"
#include "infer_support.h"

using namespace framepath;

namespace {

bench::Setting quickly() {
  bench::Setting setting;
  setting.minSeconds = 0.05;
  const std::string library = support::environment("FRAMEPATH_ORT_LIBRARY");
  if (!library.empty()) setting.runtimeLibraries = {library};
  return setting;
}

const std::string& pattern() {
  static const std::string path = [] {
    const std::string file = clips::folder().file("pattern.mp4");
    bench::renderPattern({file, 320, 180, 30, 30});
    return file;
  }();
  return path;
}

infer::ModelOptions model(const std::string& name) {
  infer::ModelOptions options;
  options.name = name;
  options.file = support::environment("FRAMEPATH_MODELS") + "/" + name + ".onnx";
  return options;
}
bool haveModels() {
  const bool have = support::runtime() && std::filesystem::exists(model("blazeface").file);
  if (!have) support::leaveOut("models", "FRAMEPATH_ORT_LIBRARY or FRAMEPATH_MODELS is not set");
  return have;
}

template <typename T>
T fact(const bench::Figures& figures, const std::string& name) {
  for (const auto& [key, value] : figures.facts)
    if (key == name) return std::get<T>(value);
  throw std::runtime_error("no fact " + name);
}

void plausible(const bench::Figures& figures, const std::string& stage, const std::string& unit) {
  CHECK_EQUAL(figures.stage, stage);
  CHECK_EQUAL(figures.unit, unit);
  CHECK(figures.items > 0);
  CHECK(figures.wallMs >= 50);
  CHECK(figures.cpuMs > 0);
  CHECK(!fact<std::string>(figures, "isa").empty());
}

}  // namespace

TEST(the_pattern_is_a_clip_that_moves) {
  const clips::Read read = clips::read(pattern());
  CHECK_EQUAL(read.frames.size(), size_t{30});
  CHECK_EQUAL(read.info.width, 320);
  CHECK_EQUAL(read.info.height, 180);
  CHECK_NEAR(read.info.fps.value(), 30, 0.01);
  const clips::Bytes first = clips::packed(*read.frames[0]), second = clips::packed(*read.frames[1]);
  size_t changed = 0;
  for (size_t i = 0; i < first.size(); i++) changed += std::abs(first[i] - second[i]) > 1;
  CHECK(changed > first.size() / 5);
  CHECK_ERROR(bench::renderPattern({clips::folder().file("x.mp4"), 0, 180, 30, 30}), INVALID_ARGUMENT);
  CHECK_ERROR(bench::renderPattern({"/nowhere/x.mp4", 320, 180, 30, 30}), OUTPUT_UNWRITABLE);
}

TEST(decode_counts_whole_clips) {
  for (const int32_t threads : {1, 2}) {
    const auto figures = bench::decode(quickly(), {pattern(), threads, media::SkipLoopFilter::none});
    plausible(figures, "decode", "frame");
    CHECK_EQUAL(figures.items % 30, int64_t{0});
    CHECK_EQUAL(fact<std::string>(figures, "size"), std::string("320x180"));
    CHECK_EQUAL(fact<int64_t>(figures, "threads"), int64_t{threads});
  }
  CHECK_ERROR(bench::decode(quickly(), {pattern(), 0, {}}), INVALID_ARGUMENT);
  CHECK_ERROR(bench::decode(quickly(), {"nowhere.mp4", 1, {}}), SOURCE_NOT_FOUND);
}

TEST(track_follows_most_of_the_objects) {
  for (const int32_t objects : {5, 100}) {
    const auto figures = bench::track(quickly(), {objects, 100});
    plausible(figures, "track", "update");
    CHECK_EQUAL(figures.items % 100, int64_t{0});
    const auto tracks = fact<double>(figures, "tracks");
    CHECK(tracks > objects * 0.5 && tracks < objects);
  }
  CHECK_ERROR(bench::track(quickly(), {0, 100}), INVALID_ARGUMENT);
  CHECK_ERROR(bench::track(quickly(), {5, 0}), INVALID_ARGUMENT);
}

TEST(compose_draws_every_layout) {
  using Layout = bench::ComposeLayout;
  for (const auto& [layout, tiles] :
       {std::pair{Layout::whole, 1}, std::pair{Layout::split, 2}, std::pair{Layout::grid2x2, 4},
        std::pair{Layout::grid4x4, 16}, std::pair{Layout::follow, 2}}) {
    const auto figures = bench::compose(quickly(), {{pattern()}, layout, 640, 360});
    plausible(figures, "compose", "canvas");
    CHECK_EQUAL(fact<int64_t>(figures, "tiles"), int64_t{tiles});
    CHECK_EQUAL(fact<std::string>(figures, "canvas"), std::string("640x360"));
  }
  CHECK_ERROR(bench::compose(quickly(), {{}, Layout::split, 640, 360}), INVALID_ARGUMENT);
  CHECK_ERROR(bench::compose(quickly(), {{pattern()}, Layout::split, 641, 360}), INVALID_ARGUMENT);
}

TEST(encode_gives_every_frame_out_again) {
  for (const auto profile : {media::Profile::realtime, media::Profile::balanced, media::Profile::archival}) {
    bench::EncodeCase is{pattern(), {}};
    is.encoder.width = 320;
    is.encoder.height = 180;
    is.encoder.profile = profile;
    const auto figures = bench::encode(quickly(), is);
    plausible(figures, "encode", "frame");
    CHECK(figures.items >= 24);
    CHECK_EQUAL(fact<int64_t>(figures, "packets"), figures.items);
    CHECK_EQUAL(fact<std::string>(figures, "encoder"), std::string("libx264"));
    CHECK(fact<double>(figures, "kbitPerSecond") > 0);
    // `realtime` gives every frame out before the next goes in; `balanced` has a look-ahead.
    const auto delay = fact<int64_t>(figures, "delayFrames");
    if (profile == media::Profile::realtime) CHECK_EQUAL(delay, int64_t{0});
    if (profile == media::Profile::balanced) CHECK(delay > 0);
    // x264's preset slow has a look-ahead of 50 pictures: more than the fewest that are measured.
    if (profile == media::Profile::archival) CHECK(delay >= 50 && delay < figures.items);
  }
  bench::EncodeCase odd{pattern(), {}};
  odd.encoder.width = 321;
  odd.encoder.height = 180;
  CHECK_ERROR(bench::encode(quickly(), odd), INVALID_ARGUMENT);
}

TEST(letterbox_and_detect_look_at_every_frame) {
  if (!haveModels()) return;
  const auto kernel = bench::letterbox(quickly(), {pattern(), model("blazeface")});
  plausible(kernel, "letterbox", "frame");
  CHECK(kernel.items >= 24);
  CHECK_EQUAL(fact<std::string>(kernel, "input"), std::string("256x256"));
  for (const int32_t batch : {1, 4}) {
    const auto figures = bench::detect(quickly(), {pattern(), model("blazeface"), batch});
    plausible(figures, "detect", "frame");
    CHECK_EQUAL(figures.items % batch, int64_t{0});
    CHECK(fact<int64_t>(figures, "batch") >= 1 && fact<int64_t>(figures, "batch") <= batch);
    CHECK(fact<double>(figures, "inferCpuMs") > 0);
  }
  CHECK_ERROR(bench::detect(quickly(), {pattern(), model("blazeface"), 0}), INVALID_ARGUMENT);
  CHECK_ERROR(bench::detect(quickly(), {pattern(), model("nobody"), 1}), MODEL_NOT_FOUND);
  CHECK_ERROR(bench::letterbox(quickly(), {pattern(), model("face-recognition")}), MODEL_UNSUPPORTED);
}

TEST(embed_takes_crops_together_or_one_by_one) {
  if (!haveModels()) return;
  for (const bool batched : {true, false}) {
    const auto figures = bench::embed(quickly(), {pattern(), model("face-recognition"), 4, batched});
    plausible(figures, "embed", "crop");
    CHECK_EQUAL(figures.items % 4, int64_t{0});
    CHECK_EQUAL(fact<int64_t>(figures, "dims"), int64_t{128});
    if (!batched) CHECK_EQUAL(fact<int64_t>(figures, "batch"), int64_t{1});
  }
  CHECK_ERROR(bench::embed(quickly(), {pattern(), model("face-recognition"), 0, true}), INVALID_ARGUMENT);
  CHECK_ERROR(bench::embed(quickly(), {pattern(), model("blazeface"), 4, true}), MODEL_UNSUPPORTED);
}

TEST(settings_are_checked) {
  for (const double seconds : {0.0, -1.0, 1e9}) {
    bench::Setting setting = quickly();
    setting.minSeconds = seconds;
    CHECK_ERROR(bench::track(setting, {}), INVALID_ARGUMENT);
  }
  bench::Setting elsewhere = quickly();
  elsewhere.device = "cuda:99";
  CHECK_ERROR(bench::track(elsewhere, {}), DEVICE_UNAVAILABLE);
}

TEST_MAIN()
