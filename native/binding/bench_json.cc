#include "binding/bench_json.h"

#include <cmath>

#include "binding/read.h"
#include "binding/spec_from_json.h"

namespace framepath::binding {
namespace {

using bench::Setting;
using Measure = std::function<bench::Figures()>;

// What all stages have is taken from the request before it is taken apart.
#define STAGE_FIELDS_OF(request, ...) FIELDS_OF(request, device, runtimeLibraries, providers, minSeconds, __VA_ARGS__)

Setting settingOf(const std::string& device, const std::vector<std::string>& runtimeLibraries,
                  const std::optional<schema::ProviderSpec>& providers, double minSeconds) {
  Setting setting;
  if (!device.empty()) setting.device = device;
  setting.runtimeLibraries = runtimeLibraries;
  setting.providers = providersFrom(providers);
  setting.minSeconds = minSeconds;
  return setting;
}

// A stage of each kind.
struct Stage {
  Measure operator()(const schema::DecodeStage& from) const {
    STAGE_FIELDS_OF(from, clip, threads, skipLoopFilter, endMs);
    return [setting = settingOf(device, runtimeLibraries, providers, minSeconds),
            is = bench::DecodeCase{clip, threads, skipLoopFilter, endMs.value.value_or(-1)}] {
      return bench::decode(setting, is);
    };
  }
  Measure operator()(const schema::LetterboxStage& from) const {
    STAGE_FIELDS_OF(from, clip, model);
    return [setting = settingOf(device, runtimeLibraries, providers, minSeconds),
            is = bench::LetterboxCase{clip, modelFrom(model)}] { return bench::letterbox(setting, is); };
  }
  Measure operator()(const schema::DetectStage& from) const {
    STAGE_FIELDS_OF(from, clip, model, batch);
    return [setting = settingOf(device, runtimeLibraries, providers, minSeconds),
            is = bench::DetectCase{clip, modelFrom(model), batch}] { return bench::detect(setting, is); };
  }
  Measure operator()(const schema::EmbedStage& from) const {
    STAGE_FIELDS_OF(from, clip, model, crops, batched);
    return [setting = settingOf(device, runtimeLibraries, providers, minSeconds),
            is = bench::EmbedCase{clip, modelFrom(model), crops, batched}] { return bench::embed(setting, is); };
  }
  Measure operator()(const schema::TrackStage& from) const {
    STAGE_FIELDS_OF(from, objects, frames);
    return [setting = settingOf(device, runtimeLibraries, providers, minSeconds),
            is = bench::TrackCase{objects, frames}] { return bench::track(setting, is); };
  }
  Measure operator()(const schema::ComposeStage& from) const {
    STAGE_FIELDS_OF(from, clips, layout, width, height);
    return [setting = settingOf(device, runtimeLibraries, providers, minSeconds),
            is = bench::ComposeCase{clips, layout, width, height}] { return bench::compose(setting, is); };
  }
  Measure operator()(const schema::EncodeStage& from) const {
    STAGE_FIELDS_OF(from, clip, codec, profile, width, height, fps, threads);
    bench::EncodeCase is;
    is.clip = clip;
    is.encoder.codec = codec;
    is.encoder.profile = profile;
    is.encoder.width = width;
    is.encoder.height = height;
    is.encoder.threads = threads;
    is.encoder.fps = {static_cast<int32_t>(std::lround(fps * 1000)), 1000};
    return [setting = settingOf(device, runtimeLibraries, providers, minSeconds), is] {
      return bench::encode(setting, is);
    };
  }
};

}  // namespace

std::function<bench::Figures()> stageOf(const schema::StageRequest& request) {
  return std::visit(Stage{}, request);
}

bench::PatternClip clipOf(const schema::ClipRequest& request) {
  FIELDS_OF(request, path, width, height, fps, frames);
  return {path, width, height, fps, frames};
}

}  // namespace framepath::binding
