// Text as a playlist beside real segments, in a jail with a file next to it.
#include "confined.h"
#include "media/source_reader.h"

using namespace framepath;

namespace {

// jail/: the segments that test/fuzz/seeds.mjs makes. beside/: the same, out of bounds.
struct Place {
  fuzz::Folder folder;
  std::string jail = folder.path() + "/jail";

  Place() {
    for (const char* name : {"/jail", "/beside"}) std::filesystem::copy(FRAMEPATH_FUZZ_MEDIA, folder.path() + name);
    std::filesystem::create_symlink("../beside/a.ts", jail + "/link.ts");
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Place place;
  fuzz::boundMemory();
  fuzz::counts().inputs++;
  media::SourceOptions options;
  options.uri = place.folder.write("jail/list.m3u8", data, size);
  options.limits.jail = place.jail;
  options.limits.maxBytes = 1 << 20;
  uint32_t ways = fuzz::waysOf(data, size);
  options.startMs = fuzz::pick<int64_t>(ways, std::array<int64_t, 4>{0, 0, 40, 500});
  fuzz::jail() = place.jail + "/";
  const fuzz::Deadline deadline(300);
  options.stop = deadline.stop;
  int64_t pictures = 0;
  fuzz::answered([&] {
    const auto reader = media::openSource(options, fuzz::cpu());
    int64_t lastUs = INT64_MIN;
    while (pictures < 12) {
      const FrameRef frame = reader->next();
      if (!frame) break;
      pictures++;
      fuzz::readAll(frame->view);
      FUZZ_CHECK(frame->ptsUs >= lastUs);
      lastUs = frame->ptsUs;
    }
  });
  if (pictures > 0) fuzz::counts().useful++;
  fuzz::jail().clear();
  return 0;
}
