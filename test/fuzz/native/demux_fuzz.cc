// Bytes as a media file: probed, opened, some pictures decoded.
#include "confined.h"
#include "media/source_reader.h"
#include "media_mutator.h"

using namespace framepath;

namespace {

constexpr int kMostPictures = 12;

media::SourceOptions optionsOf(const std::string& path, uint32_t ways) {
  media::SourceOptions options;
  options.uri = path;
  options.startMs = fuzz::pick<int64_t>(ways, std::array<int64_t, 6>{0, 0, 0, 0, 0, 40});
  options.endMs = fuzz::pick<int64_t>(ways, std::array<int64_t, 4>{-1, -1, -1, 200});
  options.stride = fuzz::pick(ways, std::array{1, 1, 1, 2});
  options.maxFps = fuzz::pick(ways, std::array{0.0, 0.0, 12.0});
  options.skipLoopFilter = fuzz::pick(
      ways, std::array{media::SkipLoopFilter::none, media::SkipLoopFilter::nonref, media::SkipLoopFilter::all});
  options.limits.jail = path.substr(0, path.rfind('/'));
  options.limits.maxBytes = 1 << 20;
  return options;
}

void checkInfo(const media::SourceInfo& info) {
  FUZZ_CHECK(info.kind == "video" || info.kind == "image" || info.kind == "audio");
  FUZZ_CHECK(!info.container.empty());
  FUZZ_CHECK(info.durationMs >= -1 && info.frames >= -1 && info.bytes >= -1);
  FUZZ_CHECK(info.width >= 0 && info.height >= 0 && info.rotation % 90 == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fuzz::Folder folder;
  fuzz::boundMemory();
  fuzz::counts().inputs++;
  media::SourceOptions options = optionsOf(folder.write("input", data, size), fuzz::waysOf(data, size));
  fuzz::jail() = folder.path() + "/";
  const fuzz::Deadline deadline(4000);
  options.stop = deadline.stop;

  const bool probed = fuzz::answered([&] { checkInfo(media::probe(options.uri, options.limits, deadline.stop)); });
  int64_t pictures = 0;
  fuzz::answered([&] {
    const auto reader = media::openSource(options, fuzz::cpu());
    FUZZ_CHECK(probed || deadline.stop->passed());
    checkInfo(reader->info());
    int64_t lastUs = INT64_MIN, lastIndex = INT64_MIN;
    while (pictures < kMostPictures) {
      const FrameRef frame = reader->next();
      if (!frame) break;
      pictures++;
      fuzz::readAll(frame->view);
      FUZZ_CHECK(frame->width > 0 && frame->height > 0);
      FUZZ_CHECK(frame->ptsUs >= lastUs && frame->durationUs >= 0);
      FUZZ_CHECK(frame->index > lastIndex);
      lastUs = frame->ptsUs;
      lastIndex = frame->index;
      const media::ReaderCounters counters = reader->counters();
      FUZZ_CHECK(counters.decoded == pictures + counters.skipped);
      FUZZ_CHECK(counters.decodeErrors >= 0 && counters.decodedOnGpu == 0);
    }
  });
  if (pictures > 0) fuzz::counts().useful++;
  fuzz::jail().clear();
  return 0;
}
