#include "graph/open_source.h"

#include "core/thread_name.h"
#include "graph/decisions.h"
#include "media/access.h"
#include "media/packet_ring.h"
#include "media/reader_launcher.h"

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

Error unrecordable(const SourceSpec& spec, const std::string& why, const std::string& hint) {
  Error error(ErrorCode::INVALID_ARGUMENT, "Source \"" + spec.id + "\" has a recorder, but " + why + ".", hint);
  error.source = spec.id;
  return error;
}

void requireRecordable(const SourceSpec& spec) {
  if (media::needsReader(spec.reader.limits))
    throw unrecordable(spec, "it is read by a process of its own, which keeps its packets to itself",
                       "Leave out recorder, or the limits that isolate it.");
}

Error notLive(const SourceSpec& spec) {
  return unrecordable(
      spec, "it is not live",
      "A file can be cut: video(path, { startMs, endMs }).encode(path); live: true makes a stream live.");
}

}  // namespace

OpenedSource openSource(const SourceSpec& spec, const OpeningOptions& options) {
  if (spec.kind == SourceSpec::Kind::frames) return openPushed(spec, options);
  if (spec.recorder) requireRecordable(spec);
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
  if (options.heard && !media::localPath(reader.uri) && reader.images.empty())
    open.audio = reader.audio = std::make_shared<media::LiveAudio>();
  if (spec.recorder) {
    const auto ring = std::make_shared<media::PacketRing>(spec.recorder->preMs, spec.recorder->maxBytes);
    reader.taps.push_back(ring);  // lives as long as what reads the source
    open.file.ring = ring;
  }
  try {
    const ThreadName named("decode." + spec.id);
    auto opened = media::openSource(reader, options.device);
    open.file.info = opened->info();
    open.frames = std::make_shared<ReaderSource>(std::move(opened), open.file.link, open.audio);
  } catch (Error& error) {
    if (error.source.empty()) error.source = spec.id;
    throw;
  }
  open.file.spec.live = spec.live.value_or(open.file.info.live);
  if (!open.file.live()) open.audio = nullptr;
  if (spec.recorder && !open.file.live()) throw notLive(spec);
  open.file.spec.reader.images = {};  // a long list that is not needed any more
  return open;
}

}  // namespace framepath::graph
