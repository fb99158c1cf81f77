// What is composed and encoded.
#include "binding/spec_fields.h"
#include "graph/decisions.h"
#include "media/output.h"

namespace framepath::binding {
namespace {

compose::FollowSpec followOf(const schema::FollowSpec& from) {
  FIELDS_OF(from, zoom, minHoldMs, responseMs, module, pick, value);
  return {module, pick, value, zoom, minHoldMs, responseMs};
}

compose::TileSpec tileOf(const schema::TileSpec& from) {
  FIELDS_OF(from, source, reserved, rect, fit, z, alpha, follow);
  compose::TileSpec tile;
  tile.source = source;
  tile.reserved = reserved;
  if (const auto& at = rect.value) tile.rect = {(*at)[0], (*at)[1], (*at)[2], (*at)[3]};
  tile.fit = fit;
  tile.z = z;
  tile.alpha = alpha;
  if (follow) tile.follow = followOf(*follow);
  return tile;
}

compose::RedactSpec redactOf(const schema::RedactSpec& from) {
  FIELDS_OF(from, kind, margin, strength, lookAheadMs, module);
  return {module, kind, margin, strength, lookAheadMs};
}

graph::OutputSpec::Audio audioOf(graph::AudioMode mode) {
  using Audio = graph::OutputSpec::Audio;
  switch (mode) {
    case graph::AudioMode::first: return Audio::first;
    case graph::AudioMode::mix: return Audio::mix;
    case graph::AudioMode::none: return Audio::none;
  }
  return Audio::first;
}

graph::OutputSpec outputOf(const schema::OutputSpec& from) {
  FIELDS_OF(from, codec, profile, bitrate, dynamicRange, threads, latency, keyframeIntervalMs, bFrames, fragmentMs,
            segmentMs, windowSegments, width, height, required, name, path, minBitrate, audio, audioSource, audioId,
            packets);
  graph::OutputSpec output;
  output.name = name;
  output.path = path;
  output.encoder.width = width.value.value_or(0);
  output.encoder.height = height.value.value_or(0);
  output.required = required;
  output.encoder.codec = codec;
  output.encoder.profile = profile;
  output.encoder.bitrate = bitrate;
  output.encoder.keyframeMs = keyframeIntervalMs;
  output.encoder.bFrames = bFrames.value.value_or(-1);
  output.latency = latency.value;
  output.dynamicRange = dynamicRange.value;
  output.pieces = {fragmentMs, segmentMs, windowSegments};
  output.encoder.minBitrate = minBitrate;
  output.encoder.threads = valueOr(threads, 0);
  output.packets = packets ? packets->value : graph::decideOutput(path).packets.value;
  const bool one = audioSource.value || !audioId.empty();
  const bool unheard = path.value.empty() && audio.by == DecidedBy::byDefault;
  output.audio = one ? graph::OutputSpec::Audio::source : unheard ? graph::OutputSpec::Audio::none : audioOf(audio);
  if (one) output.audioSource = audioSource.value.value_or(-1);
  output.audioId = audioId;
  if (!output.path.empty()) media::requireFit(output.path, output.encoder.codec);
  return output;
}

}  // namespace

compose::LayoutSpec layoutOf(const schema::LayoutSpec& from) {
  FIELDS_OF(from, gap, whenEnded, staleAfterMs, kind, width, height, fps, background, tiles, perSource, redact, draw);
  compose::LayoutSpec layout;
  layout.kind = kind;
  layout.width = width;
  layout.height = height;
  if (const auto& rate = fps.value) layout.fpsNum = (*rate)[0], layout.fpsDen = (*rate)[1];
  if (const auto& color = background.value)
    for (size_t i = 0; i < color->size(); i++) layout.background[i] = static_cast<uint8_t>((*color)[i]);
  layout.gap = gap;
  layout.whenEnded = whenEnded;
  layout.staleAfterMs = staleAfterMs;
  for (const schema::TileSpec& tile : tiles) layout.tiles.push_back(tileOf(tile));
  layout.perSource = perSource;
  if (redact) layout.redact = redactOf(*redact);
  if (draw) {
    FIELDS_OF(*draw, boxes, labels, time);
    layout.draw.boxes = boxes;
    layout.draw.labels = labels;
    layout.draw.time = time;
  }
  return layout;
}

graph::CompositionSpec compositionOf(const schema::CompositionSpec& from) {
  FIELDS_OF(from, name, sources, layout, outputs, canvases);
  graph::CompositionSpec composition;
  composition.name = name;
  composition.sources = sources;
  composition.layout = layoutOf(layout);
  for (const schema::OutputSpec& output : outputs) composition.outputs.push_back(outputOf(output));
  composition.canvases = canvases;
  return composition;
}

}  // namespace framepath::binding
