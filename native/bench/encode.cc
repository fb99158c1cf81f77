#include <algorithm>

#include "bench/material.h"
#include "bench/window.h"
#include "compose/composer.h"
#include "core/error.h"

namespace framepath::bench {
namespace {

constexpr size_t kCanvasBytes = 192 << 20;
constexpr int64_t kFewest = 24;  // frames of a measurement, however slow the encoder is
constexpr int64_t kFarthestLookAhead = 512;
constexpr int64_t kWarmUpFrames = 8;

// The clip's first pictures on canvases of the encoder's size.
std::vector<FrameRef> canvasesOf(const EncodeCase& is, const std::shared_ptr<Device>& device, PixelFormat format) {
  const int32_t width = is.encoder.width, height = is.encoder.height;
  const auto bytes = static_cast<size_t>(width) * static_cast<size_t>(height) * 3 / 2;
  const auto count = static_cast<int32_t>(std::clamp<size_t>(kCanvasBytes / bytes, kColdFrames, 128));
  framepath::compose::LayoutSpec layout;
  layout.kind = framepath::compose::LayoutKind::custom;
  layout.width = width;
  layout.height = height;
  layout.fpsNum = is.encoder.fps.num;
  layout.fpsDen = is.encoder.fps.den;
  framepath::compose::TileSpec& tile = layout.tiles.emplace_back();
  tile.rect = {0, 0, static_cast<float>(width), static_cast<float>(height)};
  const auto composer = framepath::compose::makeComposer(layout, device, format, count);
  std::vector<FrameRef> canvases;
  const std::vector<FrameRef> frames = coldFrames(device, is.clip);
  for (int32_t i = 0; i < count && i < static_cast<int32_t>(frames.size()); i++) {
    framepath::compose::TileInput input;
    input.frame = frames[static_cast<size_t>(i)];
    canvases.push_back(composer->compose(i, 0, {&input, 1}));
    waitHost(canvases.back()->ready);
  }
  return canvases;
}

// Picture `number` of an endless film: the canvases forth and back, so that it never jumps.
FrameRef pictureAt(const std::vector<FrameRef>& canvases, int64_t number, const media::Rational& fps) {
  const auto count = static_cast<int64_t>(canvases.size());
  const int64_t at = number % (2 * (count - 1));
  const FrameRef& canvas = canvases[static_cast<size_t>(at < count ? at : 2 * (count - 1) - at)];
  auto frame = std::make_shared<Frame>(canvas->view, canvas->width, canvas->height, std::make_shared<FrameRef>(canvas));
  frame->ptsUs = number * 1'000'000 * fps.den / fps.num;
  frame->index = number;
  return frame;
}

}  // namespace

Figures encode(const Setting& setting, const EncodeCase& is) {
  const auto device = deviceOf(setting);
  const media::EncoderOptions& options = is.encoder;
  requireWithin("width", options.width, 16, 16384);
  requireWithin("height", options.height, 16, 16384);
  requireWithin("threads", options.threads, 0, 64);
  if (options.fps.num <= 0 || options.fps.den <= 0 || options.fps.value() > 1000)
    throw Error(ErrorCode::INVALID_ARGUMENT, "Expected a number above 0 and at most 1000 for fps.");
  auto encoder = media::openEncoder(options, device);
  const std::vector<FrameRef> canvases = canvasesOf(is, device, encoder->inputFormat());

  int64_t packets = 0, bytes = 0, delay = 0;
  const media::Encoder::Emit emit = [&](Packet packet) {
    packets++;
    bytes += static_cast<int64_t>(packet.data->size());
  };
  for (int64_t i = 0; i < kWarmUpFrames; i++) encoder->push(pictureAt(canvases, i, options.fps), emit);
  encoder->finish(emit);
  encoder = media::openEncoder(options, device);
  packets = bytes = 0;

  Window window;
  Stopwatch watch;
  const int64_t beganNs = nowNs();
  watch.start();
  // The encoder's look-ahead is known with its first packet.
  const auto settled = [&] { return window.items >= kFewest && (packets > 0 || window.items >= kFarthestLookAhead); };
  while (!settled() || static_cast<double>(nowNs() - beganNs) < setting.minSeconds * 1e9) {
    encoder->push(pictureAt(canvases, window.items, options.fps), emit);
    delay = std::max(delay, ++window.items - packets);
  }
  encoder->finish(emit);
  watch.stop();
  window.wallMs = static_cast<double>(watch.wallNs()) / 1e6;
  window.cpuMs = static_cast<double>(watch.cpuNs()) / 1e6;
  const double seconds = static_cast<double>(window.items) / options.fps.value();
  return figuresOf("encode", "frame", window,
                   {{"encoder", encoder->name()},
                    {"canvas", std::to_string(options.width) + "x" + std::to_string(options.height)},
                    {"threads", int64_t{options.threads}},
                    {"packets", packets},
                    {"delayFrames", delay},
                    {"kbitPerSecond", static_cast<double>(bytes) * 8 / 1000 / seconds}});
}

}  // namespace framepath::bench
