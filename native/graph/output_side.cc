#include "graph/output_side.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "graph/decisions.h"
#include "graph/dynamic_range.h"
#include "media/access.h"

namespace framepath::graph {
namespace {

constexpr int32_t kUsualWidth = 1920, kUsualHeight = 1080;  // where no source is open yet

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
media::Rational rateOf(const std::vector<OpenedSource>& sources, const std::vector<int32_t>& shown) {
  media::Rational fps{25, 1};
  double largest = 0;
  for (const int32_t number : shown) {
    const OpenedSource& source = sources[static_cast<size_t>(number)];
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

bool hasAudio(const OpenedSource& source) {
  return source.file.info.kind == "video" && !source.file.info.audio.empty();
}

// A live source that was down at the start: it is not known until it comes.
bool mayHaveAudio(const OpenedSource& source) {
  return source.audio && source.file.info.width == 0;
}

bool isChosen(const OutputSpec& output, const std::string& id) {
  return output.audioGains.empty() || output.audioGains.contains(id);
}

// Sources of a composition: those that are stated; else all of the run where it is the only one, and those of its tiles
// where there are others.
std::vector<int32_t> sourcesOf(const CompositionSpec& spec, bool only, size_t sources) {
  std::set<int32_t> numbers(spec.sources.begin(), spec.sources.end());
  const compose::LayoutSpec& layout = spec.layout;
  if (numbers.empty() && !only)
    for (const compose::TileSpec& tile : layout.tiles)
      if (tile.source >= 0) numbers.insert(tile.source);
  if (spec.sources.empty() && (only || layout.perSource || layout.tiles.empty()))
    for (size_t s = 0; s < sources; s++) numbers.insert(static_cast<int32_t>(s));
  return {numbers.begin(), numbers.end()};
}

// That of the first source that is shown and open.
std::pair<int32_t, int32_t> usualSize(const compose::LayoutSpec& layout, const std::vector<OpenedSource>& sources) {
  for (const compose::TileSpec& tile : layout.tiles) {
    if (tile.source < 0) continue;
    const media::SourceInfo& info = sources[static_cast<size_t>(tile.source)].file.info;
    if (info.width > 0) return {even(info.width), even(info.height)};
  }
  return {kUsualWidth, kUsualHeight};
}

// A size that is left open is the other's, one side alone follows from its proportions.
void completeSize(int32_t& width, int32_t& height, int32_t otherWidth, int32_t otherHeight) {
  const auto scaled = [](int32_t side, int32_t by, int32_t of) {
    return even(static_cast<int32_t>((static_cast<int64_t>(side) * by + of / 2) / of));
  };
  if (width <= 0 && height <= 0) {
    width = otherWidth;
    height = otherHeight;
  } else if (height <= 0) {
    height = scaled(otherHeight, width, otherWidth);
  } else if (width <= 0) {
    width = scaled(otherWidth, height, otherHeight);
  }
}

bool audioJoins(const OutputSpec& output) {
  return output.audio == OutputSpec::Audio::mix ||
         (output.audio == OutputSpec::Audio::source && output.audioSource < 0);
}

// Sources by id that are to be heard, of which some may never join.
std::vector<std::string> expectedAudio(const OutputSpec& output) {
  std::vector<std::string> ids;
  if (output.audio == OutputSpec::Audio::source && output.audioSource < 0) ids.push_back(output.audioId);
  for (const auto& [id, gain] : output.audioGains) ids.push_back(id);
  return ids;
}

// Gains are of sources that the composition has, or that will join. Of a live source its audio follows its pictures,
// which have a place only where they are shown.
void requireChosen(const CompositionSpec& spec, const std::vector<OpenedSource>& sources,
                   const std::vector<int32_t>& shown) {
  for (const OutputSpec& output : spec.outputs)
    for (size_t s = 0; s < sources.size(); s++) {
      const std::string& id = sources[s].file.spec.id;
      const bool followed = output.audio == OutputSpec::Audio::source &&
                            output.audioSource == static_cast<int32_t>(s) && sources[s].file.live();
      if (!followed && !output.audioGains.contains(id)) continue;
      if (std::ranges::find(shown, static_cast<int32_t>(s)) != shown.end()) continue;
      throw Error(ErrorCode::INVALID_ARGUMENT,
                  "Output \"" + output.name + "\" is to have the audio of source \"" + id +
                      "\", which its composition does not have.",
                  "Name it in the composition's sources, or show it.");
    }
}

// A composition holds the frame that it shows and the one that is next; others may show other frames at that moment.
// Beside them there must be room for the frame that they wait for.
void requireRoom(const SourceFile& source, int32_t compositions, int32_t inFlight) {
  const int32_t held = 2 * compositions;
  if (source.live() || inFlight > held) return;
  throw Error(
      ErrorCode::INVALID_ARGUMENT,
      (compositions == 1 ? std::string("A composition holds") : std::to_string(compositions) + " compositions hold") +
          " up to " + std::to_string(held) + " frames of source " + quoted(source.spec.id) +
          ", which is not live, so inFlight: " + std::to_string(inFlight) + " leaves none to work on.",
      "Use inFlight of at least " + std::to_string(held + 1) +
          (compositions == 1 ? ", or no compose/encode." : ", or show it in fewer compositions."));
}

}  // namespace

// Boxes of a tracker are labelled with the identities of its tracks, those of an identify module with its own.
std::string peopleDrawn(const compose::LayoutSpec& layout, const std::vector<ModuleSpec>& modules) {
  std::string people;
  for (const ModuleSpec& module : modules)
    if (module.kind == ModuleSpec::Kind::identify && !layout.draw.boxes.empty() &&
        (module.name == layout.draw.boxes || module.of == layout.draw.boxes))
      people = module.name;
  return people;
}

compose::LayoutSpec resolveLayout(compose::LayoutSpec layout, const std::vector<OpenedSource>& sources,
                                  const std::vector<int32_t>& shown, const std::vector<ModuleSpec>& modules) {
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
    if (tile.reserved.empty() && (tile.source < 0 || tile.source >= static_cast<int32_t>(sources.size())))
      throw Error(ErrorCode::INVALID_ARGUMENT,
                  "A tile shows source " + std::to_string(tile.source) + ", but there are " +
                      std::to_string(sources.size()) + " sources.",
                  "Sources count from 0.");
  layout.draw.people = peopleDrawn(layout, modules);
  for (compose::TileSpec& tile : layout.tiles)
    if (tile.label.empty())
      tile.label = !tile.reserved.empty() ? tile.reserved : sources[static_cast<size_t>(tile.source)].file.spec.id;
  const auto [width, height] = usualSize(layout, sources);
  completeSize(layout.width, layout.height, width, height);
  if (layout.kind == compose::LayoutKind::custom && layout.tiles[0].rect.area() <= 0)
    layout.tiles[0].rect = {0, 0, static_cast<float>(layout.width), static_cast<float>(layout.height)};
  if (layout.fpsNum <= 0) {
    const media::Rational fps = rateOf(sources, shown);
    layout.fpsNum = fps.num;
    layout.fpsDen = fps.den;
  }
  return layout;
}

bool OutputSide::hears() const {
  return std::ranges::any_of(spec_.compositions, [](const CompositionSpec& composition) {
    return std::ranges::any_of(composition.outputs,
                               [](const OutputSpec& output) { return output.audio != OutputSpec::Audio::none; });
  });
}

media::AudioInput OutputSide::audioInput(const OutputSpec& output, const OpenedSource& source, int32_t number,
                                         std::shared_ptr<const media::LivePlace> place) const {
  const media::SourceOptions& reader = source.file.spec.reader;
  media::AudioInput input;
  input.uri = reader.uri;
  input.startMs = reader.startMs;
  input.endMs = reader.endMs;
  input.limits = reader.limits;
  input.cuts = source.cuts;
  input.source = number;
  input.stop = stops_.deadline;
  if (const auto gain = output.audioGains.find(source.file.spec.id); gain != output.audioGains.end())
    input.gain = gain->second;
  input.copied = output.audioGains.empty();
  input.live = source.audio;
  input.place = std::move(place);
  return input;
}

std::vector<media::AudioInput> OutputSide::audioInputs(const OutputSpec& output,
                                                       const std::vector<OpenedSource>& sources,
                                                       const std::vector<int32_t>& shown, const Places& places) {
  std::vector<media::AudioInput> inputs;
  if (output.audio == OutputSpec::Audio::none) return inputs;
  const bool one = output.audio == OutputSpec::Audio::source;
  const std::vector<int32_t> stated{output.audioSource};
  // The first that is known to have audio, else the first that may turn out to.
  for (const bool known : {true, false})
    for (const int32_t number : one ? stated : shown) {
      if (number < 0 || number >= static_cast<int32_t>(sources.size())) continue;
      const OpenedSource& source = sources[static_cast<size_t>(number)];
      if (!(known ? hasAudio(source) : mayHaveAudio(source)) || !isChosen(output, source.file.spec.id)) continue;
      const auto place = places.find(number);
      inputs.push_back(audioInput(output, source, number, place == places.end() ? nullptr : place->second));
      if (output.audio != OutputSpec::Audio::mix) return inputs;
    }
  return inputs;
}

media::AudioRef OutputSide::openJoiningAudio(const OutputSpec& output, const OpenedSource& source, int32_t number,
                                             const std::shared_ptr<media::LivePlace>& place, bool takes) {
  const std::string& id = source.file.spec.id;
  if (!audioJoins(output) || !isChosen(output, id) || !(hasAudio(source) || mayHaveAudio(source))) return nullptr;
  if (output.audio == OutputSpec::Audio::source && id != output.audioId) return nullptr;
  if (!takes) {  // its composition was opened to no source that joins, and has another layout now
    recoveries_.add(
        {output.name, "no audio",
         "Source \"" + id + "\" joined, but the output was opened without audio that it could be mixed with."});
    return nullptr;
  }
  return media::openAudioSource(audioInput(output, source, number, place));
}

std::vector<JoiningAudio> OutputSide::openJoiningAudio(const OpenedSource& source, int32_t number,
                                                       const Compositions& compositions) {
  const std::vector<bool> admitted = compositions.admits(source.file.spec.id);
  std::vector<JoiningAudio> audio(spec_.compositions.size());
  for (size_t c = 0; c < audio.size(); c++) {
    if (source.audio) audio[c].place = std::make_shared<media::LivePlace>();
    const std::vector<OutputSpec>& outputs = spec_.compositions[c].outputs;
    for (size_t o = 0; o < outputs.size(); o++)
      audio[c].outputs.push_back(
          admitted[c] ? openJoiningAudio(outputs[o], source, number, audio[c].place, compositions.adjustsAudio(c, o))
                      : nullptr);
  }
  return audio;
}

void OutputSide::reportLosses(std::vector<OutputReport>& outputs, const SourceTable& sources) {
  for (OutputReport& output : outputs)
    for (const media::SilentAudio& silent : output.result.silent)
      output.silence.push_back({sources.idOf(silent.source), silent.ms});
  for (const OutputReport& output : outputs)
    for (const std::string& loss : output.result.audioLosses)
      recoveries_.add({output.name, "audio lost, silence from there", loss});
  const auto neverJoined = [&](const std::string& id) { return sources.numbersOf(id).empty(); };
  for (const CompositionSpec& composition : spec_.compositions)
    for (const compose::TileSpec& tile : composition.layout.tiles)
      if (!tile.reserved.empty() && neverJoined(tile.reserved))
        recoveries_.add(
            {"compose", "tile empty", "A tile was kept for source \"" + tile.reserved + "\", which never joined."});
  for (const CompositionSpec& composition : spec_.compositions)
    for (const OutputSpec& output : composition.outputs)
      for (const std::string& id : expectedAudio(output))
        if (neverJoined(id))
          recoveries_.add(
              {output.name, "no audio", "Its audio was to come from source \"" + id + "\", which never joined."});
}

CompositionOptions OutputSide::optionsOf(const CompositionSpec& spec, const std::vector<OpenedSource>& sources,
                                         const std::vector<int32_t>& shown) {
  const bool only = spec_.compositions.size() == 1;
  CompositionOptions options;
  options.name = spec.name;
  if (!only) options.stage = "compose " + spec.name;
  options.layout = resolveLayout(spec.layout, sources, shown, spec_.modules);
  options.canvases = spec.canvases;
  options.everybody = only && spec.sources.empty();
  const bool joins = options.everybody || spec.layout.perSource ||
                     std::ranges::any_of(spec.layout.tiles, [](const auto& tile) { return tile.source < 0; });
  options.recovered = recoveries_.of(options.stage);
  options.stops = stops_;
  for (const compose::TileSpec& tile : options.layout.tiles)
    if (tile.source >= 0 && std::ranges::find(shown, tile.source) == shown.end())
      throw Error(
          ErrorCode::INVALID_ARGUMENT,
          "Composition \"" + spec.name + "\" shows source \"" + tile.label + "\", which is not among its sources.",
          "Name it in sources too, or leave them out.");
  requireChosen(spec, sources, shown);
  Places places;
  for (const int32_t number : shown)
    if (sources[static_cast<size_t>(number)].audio) places[number] = std::make_shared<media::LivePlace>();
  const bool anyLive =
      std::ranges::any_of(shown, [&](int32_t number) { return sources[static_cast<size_t>(number)].file.live(); });
  const bool byClock = anyLive || std::ranges::any_of(spec.outputs, &OutputSpec::realtime);
  // A canvas of one file and no stated rate has its pictures' own times.
  options.keepsTimes = shown.size() == 1 && !anyLive && spec.layout.fpsNum <= 0 &&
                       sources[static_cast<size_t>(shown[0])].file.info.kind == "video";
  const media::DynamicRange range = dynamicRangeOf(spec, sources, shown);
  options.transfer = media::transferOf(range);
  if (range != media::DynamicRange::sdr)
    for (const int32_t number : shown) *sources[static_cast<size_t>(number)].keepHdr = true;
  for (const OutputSpec& asked : spec.outputs) {
    CompositionOutputOptions& output = options.outputs.emplace_back();
    output.spec = asked;
    media::EncoderOptions& encoder = output.spec.encoder;
    completeSize(encoder.width, encoder.height, options.layout.width, options.layout.height);
    if (encoder.threads <= 0) encoder.threads = decideOutput(asked.path).threads;
    decideTiming(output.spec, anyLive);
    encoder.dynamicRange = range;
    encoder.hdrMetadata = hdrMetadataOf(sources, shown, range);
    encoder.fps = {options.layout.fpsNum, options.layout.fpsDen};
    if (options.keepsTimes) encoder.ticks = media::fineTicks(encoder.fps);
    output.spec.realtime = asked.realtime && !anyLive;  // live canvases come by the clock as they are
    output.byClock = byClock;
    output.audio = audioInputs(asked, sources, shown, places);
    output.audioJoins = audioJoins(asked) && joins;
    output.stage = !only || spec.outputs.size() > 1 ? "encode " + asked.name : "encode";
    output.recovered = recoveries_.of(asked.name);
  }
  for (const int32_t number : shown) {
    const SourceFile& file = sources[static_cast<size_t>(number)].file;
    const auto place = places.find(number);
    options.sources.push_back({number,
                               file.spec.id,
                               file.live(),
                               {{}, place == places.end() ? nullptr : place->second},
                               file.link,
                               file.spec.maxAgeMs * 1'000'000});
  }
  return options;
}

std::shared_ptr<Compositions> OutputSide::open(const std::vector<OpenedSource>& sources, std::shared_ptr<Device> device,
                                               std::shared_ptr<Trace> trace, std::function<void(const Error&)> failed) {
  if (spec_.compositions.empty()) return nullptr;
  const bool only = spec_.compositions.size() == 1;
  std::vector<int32_t> shownBy(sources.size());
  for (const CompositionSpec& spec : spec_.compositions)
    for (const int32_t number : sourcesOf(spec, only, sources.size())) shownBy[static_cast<size_t>(number)]++;
  for (size_t s = 0; s < sources.size(); s++) requireRoom(sources[s].file, shownBy[s], spec_.inFlight);
  auto compositions = std::make_shared<Compositions>(recoveries_, std::move(failed));
  for (const CompositionSpec& spec : spec_.compositions) {
    CompositionOptions options = optionsOf(spec, sources, sourcesOf(spec, only, sources.size()));
    options.trace = trace;
    compositions->open(std::move(options), device);
  }
  return compositions;
}

}  // namespace framepath::graph
