#include "binding/bench_json.h"

#include <cmath>

#include "binding/json_values.h"
#include "binding/spec_from_json.h"

namespace framepath::binding {
namespace {

using Measure = std::function<bench::Figures()>;
using Setting = bench::Setting;

std::string clipOf(const Json& json) {
  return json.at("clip").get<std::string>();
}

Measure decodeFrom(const Setting& setting, const Json& json) {
  return [setting, is = bench::DecodeCase{clipOf(json), get(json, "threads", 1),
                                          named(json, "skipLoopFilter", media::SkipLoopFilter::none),
                                          get(json, "endMs", int64_t{-1})}] { return bench::decode(setting, is); };
}

Measure letterboxFrom(const Setting& setting, const Json& json) {
  return [setting, is = bench::LetterboxCase{clipOf(json), modelFrom(json.at("model"))}] {
    return bench::letterbox(setting, is);
  };
}

Measure detectFrom(const Setting& setting, const Json& json) {
  return [setting, is = bench::DetectCase{clipOf(json), modelFrom(json.at("model")), get(json, "batch", 1)}] {
    return bench::detect(setting, is);
  };
}

Measure embedFrom(const Setting& setting, const Json& json) {
  return [setting, is = bench::EmbedCase{clipOf(json), modelFrom(json.at("model")), get(json, "crops", 4),
                                         get(json, "batched", true)}] { return bench::embed(setting, is); };
}

Measure trackFrom(const Setting& setting, const Json& json) {
  bench::TrackCase is;
  is.objects = get(json, "objects", is.objects);
  is.frames = get(json, "frames", is.frames);
  return [setting, is] { return bench::track(setting, is); };
}

Measure composeFrom(const Setting& setting, const Json& json) {
  bench::ComposeCase is;
  is.clips = json.at("clips").get<std::vector<std::string>>();
  is.layout = named(json, "layout", is.layout);
  is.width = get(json, "width", is.width);
  is.height = get(json, "height", is.height);
  return [setting, is] { return bench::compose(setting, is); };
}

Measure encodeFrom(const Setting& setting, const Json& json) {
  bench::EncodeCase is;
  is.clip = clipOf(json);
  is.encoder.codec = named(json, "codec", is.encoder.codec);
  is.encoder.profile = named(json, "profile", is.encoder.profile);
  is.encoder.width = get(json, "width", 1280);
  is.encoder.height = get(json, "height", 720);
  is.encoder.threads = get(json, "threads", 0);
  const double fps = get(json, "fps", 30.0);
  if (!(fps > 0 && fps <= 1000))
    throw Error(ErrorCode::INVALID_ARGUMENT, "Expected a number above 0 and at most 1000 for fps.");
  is.encoder.fps = {static_cast<int32_t>(std::lround(fps * 1000)), 1000};
  return [setting, is] { return bench::encode(setting, is); };
}

}  // namespace

std::function<bench::Figures()> stageFrom(const Json& json) {
  try {
    Setting setting;
    setting.device = get(json, "device", setting.device);
    setting.runtimeLibraries = get(json, "runtimeLibraries", setting.runtimeLibraries);
    setting.providers = providersFrom(get(json, "providers", Json::object()));
    setting.minSeconds = get(json, "minSeconds", setting.minSeconds);
    switch (named<bench::Stage>(json.at("stage").get<std::string>(), "stage")) {
      case bench::Stage::decode: return decodeFrom(setting, json);
      case bench::Stage::letterbox: return letterboxFrom(setting, json);
      case bench::Stage::detect: return detectFrom(setting, json);
      case bench::Stage::embed: return embedFrom(setting, json);
      case bench::Stage::track: return trackFrom(setting, json);
      case bench::Stage::compose: return composeFrom(setting, json);
      case bench::Stage::encode: return encodeFrom(setting, json);
    }
    return {};
  } catch (const Json::exception& e) {
    throw Error(ErrorCode::INVALID_ARGUMENT, std::string("The stage's options do not fit: ") + e.what());
  }
}

bench::PatternClip patternFrom(const Json& json) {
  try {
    bench::PatternClip clip;
    clip.path = json.at("path").get<std::string>();
    clip.width = get(json, "width", clip.width);
    clip.height = get(json, "height", clip.height);
    clip.fps = get(json, "fps", clip.fps);
    clip.frames = get(json, "frames", clip.frames);
    return clip;
  } catch (const Json::exception& e) {
    throw Error(ErrorCode::INVALID_ARGUMENT, std::string("The clip's options do not fit: ") + e.what());
  }
}

Json toJson(const bench::Figures& figures) {
  Json json = {{"stage", figures.stage},
               {"unit", figures.unit},
               {"items", figures.items},
               {"wallMs", figures.wallMs},
               {"cpuMs", figures.cpuMs}};
  for (const auto& [name, fact] : figures.facts) {
    Json& entry = json[name];
    std::visit([&](const auto& value) { entry = value; }, fact);
  }
  return json;
}

}  // namespace framepath::binding
