// Opening the programme: what the layout leaves open is decided by the sources.
#include <algorithm>
#include <numeric>

#include "graph/pipeline.h"
#include "media/access.h"

namespace framepath::graph {
namespace {

int32_t even(int32_t value) {
  return std::max(16, value & ~1);
}

// Every Nth picture of a rate, as exactly as 32 bits allow.
media::Rational slowed(media::Rational fps, int32_t stride) {
  int64_t num = fps.num, den = static_cast<int64_t>(fps.den) * std::max(1, stride);
  const int64_t common = std::gcd(num, den);
  num /= common;
  den /= common;
  while (den > INT32_MAX) {
    num = std::max<int64_t>(1, num / 2);
    den /= 2;
  }
  return {static_cast<int32_t>(num), static_cast<int32_t>(den)};
}

bool sounds(const media::SourceInfo& info) {
  return info.kind == "video" && !info.audio.empty();
}

Recovery soundLeftOut(const std::string& source) {
  return {source, "sound left out", "The sound of a live source is not taken."};
}

}  // namespace

media::AudioInput Pipeline::audioInput(const OpenedSource& source, size_t number) const {
  const media::SourceOptions& reader = source.file.spec.reader;
  media::AudioInput input;
  input.uri = reader.uri;
  input.startMs = reader.startMs;
  input.endMs = reader.endMs;
  input.limits = reader.limits;
  input.cuts = source.cuts;
  input.source = static_cast<int32_t>(number);
  input.stop = giveUp_;
  return input;
}

// Sound is read through a connection of its own: a live stream would not give it in step with the pictures, if at all.
bool Pipeline::soundPasses(const SourceFile& source) {
  return source.live() && !media::localPath(source.spec.reader.uri);
}

std::vector<media::AudioInput> Pipeline::audioInputs(const std::vector<OpenedSource>& opened) {
  std::vector<media::AudioInput> inputs;
  const OutputSpec& output = *spec_.output;
  if (output.path.empty() || output.audio == OutputSpec::Audio::none) return inputs;
  for (size_t s = 0; s < opened.size(); s++) {
    const SourceFile& source = opened[s].file;
    const bool wanted = output.audio != OutputSpec::Audio::source || static_cast<int32_t>(s) == output.audioSource;
    if (!wanted || !sounds(source.info)) continue;
    if (soundPasses(source)) {
      recovered(soundLeftOut(source.spec.id));
      continue;
    }
    inputs.push_back(audioInput(opened[s], s));
    if (output.audio != OutputSpec::Audio::mix) break;
  }
  return inputs;
}

bool Pipeline::soundsJoin() const {
  if (!spec_.output || spec_.output->path.empty()) return false;
  const OutputSpec& output = *spec_.output;
  return output.audio == OutputSpec::Audio::mix ||
         (output.audio == OutputSpec::Audio::source && output.audioSource < 0);
}

media::SoundRef Pipeline::openJoiningSound(const OpenedSource& opened, size_t number) {
  const SourceFile& source = opened.file;
  if (!soundsJoin() || !sounds(source.info)) return nullptr;
  if (spec_.output->audio == OutputSpec::Audio::source && source.spec.id != spec_.output->audioId) return nullptr;
  if (soundPasses(source)) {
    recovered(soundLeftOut(source.spec.id));
    return nullptr;
  }
  return media::openSound(audioInput(opened, number));
}

std::optional<Recovery> Pipeline::soundNeverCame() const {
  if (!soundsJoin() || spec_.output->audio != OutputSpec::Audio::source) return std::nullopt;
  const std::string& id = spec_.output->audioId;
  std::lock_guard lock(mutex_);
  for (const SourceFile& source : sources_)
    if (source.spec.id == id) return std::nullopt;
  return Recovery{spec_.output->path, "silent",
                  "Its sound was to come from source \"" + id + "\", which never joined."};
}

std::shared_ptr<Programme> Pipeline::openProgramme(const std::vector<OpenedSource>& opened) {
  if (!spec_.output) return nullptr;
  if (spec_.inFlight < 3)
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "A composition holds two frames of each source, so inFlight: " + std::to_string(spec_.inFlight) +
                    " leaves none to work on.",
                "Use inFlight of at least 3, or no compose/encode.");
  if (sources_.empty())
    throw Error(ErrorCode::INVALID_ARGUMENT, "There is nothing to compose: the pipeline has no source.",
                "Add a source.");
  ProgrammeOptions options;
  options.layout = spec_.layout ? *spec_.layout : compose::LayoutSpec{};
  compose::LayoutSpec& layout = options.layout;
  if (layout.tiles.empty()) {
    layout.perSource = true;
    for (size_t s = 0; s < sources_.size(); s++) {
      layout.tiles.emplace_back();
      layout.tiles.back().source = static_cast<int32_t>(s);
    }
  }
  for (const compose::TileSpec& tile : layout.tiles)
    if (tile.source < 0 || tile.source >= static_cast<int32_t>(sources_.size()))
      throw Error(ErrorCode::INVALID_ARGUMENT,
                  "A tile shows source " + std::to_string(tile.source) + ", but there are " +
                      std::to_string(sources_.size()) + " sources.",
                  "Sources count from 0.");
  // Boxes of a tracker are labelled with the identities of its tracks, those of an identify module with its own.
  for (const ModuleSpec& module : spec_.modules)
    if (module.kind == ModuleSpec::Kind::identify && !layout.draw.boxes.empty() &&
        (module.name == layout.draw.boxes || module.of == layout.draw.boxes))
      layout.draw.people = module.name;
  for (compose::TileSpec& tile : layout.tiles)
    if (tile.label.empty()) tile.label = sources_[static_cast<size_t>(tile.source)].spec.id;
  if (layout.width <= 0 || layout.height <= 0) {  // the size of the first source
    layout.width = even(sources_[0].info.width);
    layout.height = even(sources_[0].info.height);
    if (layout.kind == compose::LayoutKind::custom && layout.tiles[0].rect.area() <= 0)
      layout.tiles[0].rect = {0, 0, static_cast<float>(layout.width), static_cast<float>(layout.height)};
  }
  if (layout.fpsNum <= 0) {
    media::Rational fps{25, 1};
    double largest = 0;
    for (const SourceFile& source : sources_) {
      const media::SourceOptions& reader = source.spec.reader;
      double rate = source.info.fps.value() / std::max(1, reader.stride);
      if (reader.maxFps > 0) rate = std::min(rate, reader.maxFps);
      if (rate <= largest) continue;
      largest = rate;
      fps = slowed(source.info.fps, reader.stride);
      if (reader.maxFps > 0 && reader.maxFps < fps.value())
        fps = {static_cast<int32_t>(reader.maxFps * 1000 + 0.5), 1000};
    }
    layout.fpsNum = fps.num;
    layout.fpsDen = fps.den;
  }
  options.output = *spec_.output;
  options.output.encoder.width = layout.width;
  options.output.encoder.height = layout.height;
  options.output.encoder.fps = {layout.fpsNum, layout.fpsDen};
  options.audio = audioInputs(opened);
  options.trace = trace_;
  options.soundsJoin = soundsJoin();
  options.giveUp = giveUp_;
  options.endBy = endBy_;
  options.recovered = [this, where = spec_.output->path.empty() ? "packets" : spec_.output->path](
                          const std::string& what, const std::string& reason) {
    recovered({where, what, reason});
  };
  for (const SourceFile& source : sources_) options.sources.push_back({source.spec.id, source.live()});
  auto programme = std::make_shared<Programme>(std::move(options), device_, [this](const Error& e) {
    std::shared_ptr<Engine> running;
    {
      std::lock_guard lock(mutex_);
      running = engine_;
    }
    if (running) running->fail(e);
  });
  if (programme->rate().control == media::RateControl::capped)
    recovered({spec_.output->path.empty() ? "packets" : spec_.output->path, "bitrate capped, not adapted",
               "Its encoder keeps its rate for life: constant quality, at most the bitrate's max."});
  return programme;
}

}  // namespace framepath::graph
