#include "graph/composition_output.h"

#include <algorithm>

#include "core/thread_name.h"

namespace framepath::graph {
namespace {

constexpr int32_t kScaledCanvases = 3;  // beside those that the encoder holds

// The whole canvas, in another size or pixel format; where the proportions differ, with bars.
compose::LayoutSpec scaledLayout(const compose::LayoutSpec& canvas, const media::EncoderOptions& encoder) {
  compose::LayoutSpec layout;
  layout.kind = compose::LayoutKind::custom;
  layout.width = encoder.width;
  layout.height = encoder.height;
  layout.fpsNum = canvas.fpsNum;
  layout.fpsDen = canvas.fpsDen;
  compose::TileSpec& tile = layout.tiles.emplace_back();
  tile.rect = {0, 0, static_cast<float>(layout.width), static_cast<float>(layout.height)};
  tile.fit = compose::Fit::contain;
  return layout;
}

}  // namespace

CompositionOutput::CompositionOutput(CompositionOutputOptions options, const CompositionStops& stops,
                                     std::shared_ptr<Device> device, std::shared_ptr<Trace> trace,
                                     std::function<void(const Error&)> failed)
    : options_(std::move(options)), device_(std::move(device)) {
  const OutputSpec& spec = options_.spec;
  EncodingParts parts;
  parts.stage = options_.stage;
  parts.recovered = std::make_shared<RecoveryListener>(options_.recovered);
  media::EncoderOptions encoder = spec.encoder;
  encoder.stop = stops.deadline;
  encoder.recovered = [listener = parts.recovered](const std::string& what, const std::string& reason) {
    listener->report(what, reason);
  };
  {
    const ThreadName named("encode");
    parts.encoder = media::openEncoder(encoder, device_);
  }
  inputFormat_ = parts.encoder->inputFormat();
  heldByEncoder_ = parts.encoder->heldCanvases();
  const bool heard = !options_.audio.empty() || options_.audioJoins;
  if (spec.packets && heard) audio_ = std::make_shared<std::vector<Packet>>();
  if (!spec.path.empty() || audio_) {
    media::OutputOptions output;
    output.path = spec.path;
    output.audio = options_.audio;
    output.fps = encoder.fps;
    output.ticks = encoder.ticks;
    output.joining = options_.audioJoins;
    output.stop = stops.deadline;
    output.endBy = stops.endBy;
    output.lowLatency = encoder.latency == media::Latency::low;
    output.pieces = spec.pieces;
    output.reconnects = spec.reconnects;
    output.byClock = options_.byClock;
    output.required = spec.required;
    output.link = link_;
    output.recovered = encoder.recovered;
    output.hdrMetadata = encoder.hdrMetadata;
    if (audio_) output.audioPacket = [audio = audio_](Packet packet) { audio->push_back(std::move(packet)); };
    parts.output = spec.path.empty() ? media::openPacketOutput(output) : media::openOutput(output, *parts.encoder);
  }
  if (parts.output && parts.output->hasAudio())
    for (const media::AudioInput& audio : options_.audio) carry(audio.source);
  adjustsAudio_ = parts.output && parts.output->adjustsAudio();
  if (spec.packets) parts.packets = packets_;
  parts.audio = audio_;
  parts.realtime = spec.realtime;
  parts.cues = cues_;
  parts.deadline = stops.deadline;
  parts.closing = stops.endBy;
  parts.trace = std::move(trace);
  parts.failed = std::move(failed);
  encoding_ = std::make_unique<Encoding>(std::move(parts));
}

void CompositionOutput::setCanvas(const compose::LayoutSpec& canvas, PixelFormat format, bool copied) {
  scaled_ = copied || !takes(canvas) || !(format == inputFormat_);
  if (scaled_)
    encoding_->setScaler(compose::makeComposer(scaledLayout(canvas, options_.spec.encoder), device_,
                                               {inputFormat_, media::transferOf(options_.spec.encoder.dynamicRange)},
                                               kScaledCanvases + heldByEncoder_));
}

bool CompositionOutput::push(const FrameRef& canvas, int64_t readNs, bool wait) {
  if (wait) return encoding_->push(canvas, readNs);
  const Offer offered = encoding_->offer(canvas, readNs);
  if (offered == Offer::full) dropped_++;
  return offered != Offer::closed;
}

void CompositionOutput::stop() {
  packets_->shutdown();
  encoding_->wake();
}

void CompositionOutput::abort() {
  stop();
  encoding_->abort();
}

media::OutputResult CompositionOutput::finish(Encoding::End end, bool complete) {
  media::OutputResult result;
  result.frames = encoding_->stats().count;
  result.complete = complete && end.whole;
  const auto free = [&] {  // packets may still be asked for; what they were made with is not needed any more
    end.output.reset();
    if (audio_)
      for (Packet& packet : *audio_) packets_->put(std::move(packet));
    packets_->close();
    encoding_->freeEncoder();
  };
  try {
    if (end.output) result = end.output->finish(result.complete);
  } catch (...) {
    free();
    throw;
  }
  addTo(result);
  free();
  return result;
}

media::OutputResult CompositionOutput::soFar() const {
  media::OutputResult result;
  result.frames = encoding_->stats().count;
  addTo(result);
  return result;
}

void CompositionOutput::addTo(media::OutputResult& result) const {
  const media::EncoderOptions& encoder = options_.spec.encoder;
  result.path = options_.spec.path;
  if (result.codec.empty()) result.codec = encoding_->codec();
  if (result.durationMs == 0)  // packets only, or not finished
    result.durationMs = result.frames * 1000 * encoder.fps.den / std::max<int64_t>(1, encoder.fps.num);
  result.rate = encoding_->rate();
  result.bytes = encoding_->bytes();
  if (result.frames > 0) result.bitrate = result.bytes * 8 * encoder.fps.num / (result.frames * encoder.fps.den);
}

}  // namespace framepath::graph
