#include "graph/open_source.h"

#include "core/thread_name.h"
#include "graph/decisions.h"

namespace framepath::graph {
namespace {

OpenedSource openPushed(const SourceSpec& spec, const OpeningOptions& options) {
  const auto pushed = std::make_shared<PushedSource>(options.device, spec, options.recoveries.of(spec.id),
                                                     std::make_shared<media::SourceLink>());
  media::SourceInfo info;
  info.kind = "frames";
  info.width = info.codedWidth = spec.width;
  info.height = info.codedHeight = spec.height;
  info.fps = {static_cast<int32_t>(spec.fps * 1000 + 0.5), 1000};
  return {{spec, std::move(info), pushed, pushed->link()}, pushed, std::make_shared<media::TimeCuts>()};
}

}  // namespace

OpenedSource openSource(const SourceSpec& spec, const OpeningOptions& options) {
  if (spec.kind == SourceSpec::Kind::frames) return openPushed(spec, options);
  OpenedSource open{
      {spec, {}, {}, std::make_shared<media::SourceLink>()}, nullptr, std::make_shared<media::TimeCuts>()};
  media::SourceOptions reader = spec.reader;
  if (reader.threads <= 0) reader.threads = decideSource(spec, options.sources, *options.device).threads;
  reader.extraFrames = options.inFlight + 2;
  reader.stop = options.stop;
  reader.cuts = open.cuts;
  reader.link = open.file.link;
  reader.keepHdr = open.keepHdr;
  reader.live = spec.live.value_or(false);
  reader.recovered = options.recoveries.of(spec.id);
  try {
    const ThreadName named("decode." + spec.id);
    auto opened = media::openSource(reader, options.device);
    open.file.info = opened->info();
    open.frames = std::make_shared<ReaderSource>(std::move(opened), open.file.link);
  } catch (Error& error) {
    if (error.source.empty()) error.source = spec.id;
    throw;
  }
  open.file.spec.live = spec.live.value_or(open.file.info.live);
  open.file.spec.reader.images = {};  // a long list that is not needed any more
  return open;
}

}  // namespace framepath::graph
