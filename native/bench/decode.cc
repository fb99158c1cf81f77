#include "bench/material.h"
#include "bench/window.h"
#include "media/source_reader.h"

namespace framepath::bench {

Figures decode(const Setting& setting, const DecodeCase& is) {
  const auto device = deviceOf(setting);
  requireWithin("threads", is.threads, 1, 64);
  media::SourceOptions options;
  options.uri = is.clip;
  options.threads = is.threads;
  options.skipLoopFilter = is.skipLoopFilter;
  options.endMs = is.endMs;
  std::string size, codec;
  const Window window = measure(setting.minSeconds, [&](Stopwatch& watch) {
    const auto reader = media::openSource(options, device);
    int64_t frames = 0;
    watch.start();
    while (const FrameRef frame = reader->next()) {
      waitHost(frame->ready);
      if (size.empty()) size = sizeOf(*frame);
      frames++;
    }
    watch.stop();
    codec = reader->info().codec;
    return frames;
  });
  return figuresOf("decode", "frame", window, {{"threads", int64_t{is.threads}}, {"codec", codec}, {"size", size}});
}

}  // namespace framepath::bench
