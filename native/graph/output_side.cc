#include "graph/output_side.h"

#include <algorithm>
#include <numeric>

#include "graph/decisions.h"
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

// That of the fastest source.
media::Rational rateOf(const std::vector<OpenedSource>& sources) {
  media::Rational fps{25, 1};
  double largest = 0;
  for (const OpenedSource& source : sources) {
    const media::SourceOptions& reader = source.file.spec.reader;
    const media::Rational own = source.file.info.fps;
    double rate = own.value() / std::max(1, reader.stride);
    if (reader.maxFps > 0) rate = std::min(rate, reader.maxFps);
    if (rate <= largest) continue;
    largest = rate;
    fps = slowed(own, reader.stride);
    if (reader.maxFps > 0 && reader.maxFps < fps.value())
      fps = {static_cast<int32_t>(reader.maxFps * 1000 + 0.5), 1000};
  }
  return fps;
}

bool hasAudio(const media::SourceInfo& info) {
  return info.kind == "video" && !info.audio.empty();
}

// Audio is read through a connection of its own: a live stream would not give it in step with the pictures, if at all.
bool audioPasses(const SourceFile& source) {
  return source.live() && !media::localPath(source.spec.reader.uri);
}

Recovery audioLeftOut(const std::string& source) {
  return {source, "audio left out", "The audio of a live source is not taken."};
}

}  // namespace

compose::LayoutSpec resolveLayout(compose::LayoutSpec layout, const std::vector<OpenedSource>& sources,
                                  const std::vector<ModuleSpec>& modules) {
  if (sources.empty())
    throw Error(ErrorCode::INVALID_ARGUMENT, "There is nothing to compose: the pipeline has no source.",
                "Add a source.");
  if (layout.tiles.empty()) {
    layout.perSource = true;
    for (size_t s = 0; s < sources.size(); s++) {
      layout.tiles.emplace_back();
      layout.tiles.back().source = static_cast<int32_t>(s);
    }
  }
  for (const compose::TileSpec& tile : layout.tiles)
    if (tile.source < 0 || tile.source >= static_cast<int32_t>(sources.size()))
      throw Error(ErrorCode::INVALID_ARGUMENT,
                  "A tile shows source " + std::to_string(tile.source) + ", but there are " +
                      std::to_string(sources.size()) + " sources.",
                  "Sources count from 0.");
  // Boxes of a tracker are labelled with the identities of its tracks, those of an identify module with its own.
  for (const ModuleSpec& module : modules)
    if (module.kind == ModuleSpec::Kind::identify && !layout.draw.boxes.empty() &&
        (module.name == layout.draw.boxes || module.of == layout.draw.boxes))
      layout.draw.people = module.name;
  for (compose::TileSpec& tile : layout.tiles)
    if (tile.label.empty()) tile.label = sources[static_cast<size_t>(tile.source)].file.spec.id;
  if (layout.width <= 0 || layout.height <= 0) {  // the size of the first source
    layout.width = even(sources[0].file.info.width);
    layout.height = even(sources[0].file.info.height);
    if (layout.kind == compose::LayoutKind::custom && layout.tiles[0].rect.area() <= 0)
      layout.tiles[0].rect = {0, 0, static_cast<float>(layout.width), static_cast<float>(layout.height)};
  }
  if (layout.fpsNum <= 0) {
    const media::Rational fps = rateOf(sources);
    layout.fpsNum = fps.num;
    layout.fpsDen = fps.den;
  }
  return layout;
}

std::string OutputSide::name() const {
  return spec_.output->path.empty() ? "packets" : spec_.output->path;
}

media::AudioInput OutputSide::audioInput(const OpenedSource& source, int32_t number) const {
  const media::SourceOptions& reader = source.file.spec.reader;
  media::AudioInput input;
  input.uri = reader.uri;
  input.startMs = reader.startMs;
  input.endMs = reader.endMs;
  input.limits = reader.limits;
  input.cuts = source.cuts;
  input.source = number;
  input.stop = stops_.deadline;
  return input;
}

std::vector<media::AudioInput> OutputSide::audioInputs(const std::vector<OpenedSource>& sources) {
  std::vector<media::AudioInput> inputs;
  const OutputSpec& output = *spec_.output;
  if (output.path.empty() || output.audio == OutputSpec::Audio::none) return inputs;
  for (int32_t number = 0; const OpenedSource& source : sources) {
    const int32_t own = number++;
    const bool wanted = output.audio != OutputSpec::Audio::source || own == output.audioSource;
    if (!wanted || !hasAudio(source.file.info)) continue;
    if (audioPasses(source.file)) {
      recoveries_.add(audioLeftOut(source.file.spec.id));
      continue;
    }
    inputs.push_back(audioInput(source, own));
    if (output.audio != OutputSpec::Audio::mix) break;
  }
  return inputs;
}

bool OutputSide::audioJoins() const {
  if (!spec_.output || spec_.output->path.empty()) return false;
  const OutputSpec& output = *spec_.output;
  return output.audio == OutputSpec::Audio::mix ||
         (output.audio == OutputSpec::Audio::source && output.audioSource < 0);
}

media::AudioRef OutputSide::openJoiningAudio(const OpenedSource& source, int32_t number) {
  if (!audioJoins() || !hasAudio(source.file.info)) return nullptr;
  const std::string& id = source.file.spec.id;
  if (spec_.output->audio == OutputSpec::Audio::source && id != spec_.output->audioId) return nullptr;
  if (audioPasses(source.file)) {
    recoveries_.add(audioLeftOut(id));
    return nullptr;
  }
  return media::openAudioSource(audioInput(source, number));
}

void OutputSide::reportLosses(const std::vector<media::OutputResult>& outputs, const SourceTable& sources) {
  for (const media::OutputResult& output : outputs)
    for (const std::string& loss : output.audioLosses)
      recoveries_.add({output.path, "audio lost, silence from there", loss});
  if (!audioJoins() || spec_.output->audio != OutputSpec::Audio::source) return;
  const std::string& id = spec_.output->audioId;
  if (sources.numbersOf(id).empty())
    recoveries_.add(
        {spec_.output->path, "no audio", "Its audio was to come from source \"" + id + "\", which never joined."});
}

std::shared_ptr<Composition> OutputSide::open(const std::vector<OpenedSource>& sources, std::shared_ptr<Device> device,
                                              std::shared_ptr<Trace> trace, std::function<void(const Error&)> failed) {
  if (!spec_.output) return nullptr;
  if (spec_.inFlight < 3)
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "A composition holds two frames of each source, so inFlight: " + std::to_string(spec_.inFlight) +
                    " leaves none to work on.",
                "Use inFlight of at least 3, or no compose/encode.");
  CompositionOptions options;
  options.layout = resolveLayout(spec_.layout.value_or(compose::LayoutSpec{}), sources, spec_.modules);
  options.output = *spec_.output;
  options.output.encoder.width = options.layout.width;
  options.output.encoder.height = options.layout.height;
  if (options.output.encoder.threads <= 0) options.output.encoder.threads = decideOutput(spec_.output->path).threads;
  options.output.encoder.fps = {options.layout.fpsNum, options.layout.fpsDen};
  // A canvas of one file and no stated rate has its pictures' own times.
  options.keepsTimes = sources.size() == 1 && !sources[0].file.live() && sources[0].file.info.kind == "video" &&
                       (!spec_.layout || spec_.layout->fpsNum <= 0);
  if (options.keepsTimes) options.output.encoder.ticks = media::fineTicks(options.output.encoder.fps);
  options.audio = audioInputs(sources);
  options.trace = std::move(trace);
  options.audioJoins = audioJoins();
  options.deadline = stops_.deadline;
  options.endBy = stops_.rewriteBy;
  options.recovered = recoveries_.of(name());
  for (const OpenedSource& source : sources) options.sources.push_back({source.file.spec.id, source.file.live()});
  auto composition = std::make_shared<Composition>(std::move(options), std::move(device), std::move(failed));
  if (composition->rate().control == media::RateControl::capped)
    recoveries_.add({name(), "bitrate capped, not adapted",
                     "Its encoder keeps its rate for life: constant quality, at most the bitrate's max."});
  return composition;
}

}  // namespace framepath::graph
