// URIs and limits of all kinds: whatever is asked for, no file outside the jail is opened.
#include <fuzzer/FuzzedDataProvider.h>

#include "confined.h"
#include "media/source_reader.h"

using namespace framepath;

namespace {

struct Place {
  fuzz::Folder folder;
  std::string jail = folder.path() + "/jail";

  Place() {
    for (const char* name : {"/jail", "/beside", "/jail/inner"})
      std::filesystem::copy(FRAMEPATH_FUZZ_MEDIA, folder.path() + name);
    std::filesystem::create_symlink("../beside/a.ts", jail + "/link.ts");
    std::filesystem::create_directory_symlink("../beside", jail + "/door");
    std::filesystem::create_directory_symlink(".", jail + "/here");
  }
};

std::string uriOf(FuzzedDataProvider& data, const Place& place) {
  static const std::string kWords[] = {"file:",
                                       "file://",
                                       "file://localhost",
                                       "FILE:",
                                       "crypto:",
                                       "crypto+",
                                       "concat:",
                                       "concatf:",
                                       "subfile,,start,0,end,0,,:",
                                       "cache:",
                                       "async:",
                                       "data:video/mp2t;base64,",
                                       "data:,#EXTM3U",
                                       "http://127.0.0.1/",
                                       "https://",
                                       "tcp://",
                                       "udp://127.0.0.1:9",
                                       "rtp://",
                                       "rtsp://",
                                       "srt://",
                                       "pipe:",
                                       "pipe:0",
                                       "fd:",
                                       "fd:0",
                                       "ffrtmpcrypt:",
                                       "gopher:",
                                       "hls+file:",
                                       "hls+",
                                       "md5:",
                                       "tee:",
                                       "unix:",
                                       "ipfs:",
                                       "bluray:",
                                       "icecast:",
                                       "|",
                                       ",",
                                       "..",
                                       "/",
                                       "./",
                                       "../",
                                       "//",
                                       "%2e%2e",
                                       "%00",
                                       "?",
                                       "#",
                                       ":",
                                       "a.ts",
                                       "a.mp4",
                                       "image.png",
                                       "list.m3u8",
                                       "link.ts",
                                       "door",
                                       "here",
                                       "inner",
                                       "beside",
                                       "jail",
                                       "/proc/self/root",
                                       "/proc/self/fd/0",
                                       "/proc/self/environ",
                                       "/etc/passwd",
                                       "/dev/zero",
                                       "/dev/null"};
  std::string uri;
  for (int words = data.ConsumeIntegralInRange(1, 6); words > 0; words--) {
    switch (data.ConsumeIntegralInRange(0, 9)) {
      case 0: uri += place.jail; break;
      case 1: uri += place.folder.path(); break;
      case 2: uri += place.folder.path() + "/beside/a.ts"; break;
      case 3: uri += place.jail + "/a.ts"; break;
      case 4: uri += data.ConsumeRandomLengthString(12); break;
      default: uri += data.PickValueInArray(kWords);
    }
  }
  return uri;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  static const Place place;
  static const bool moved = chdir(place.jail.c_str()) == 0;
  FUZZ_CHECK(moved);
  fuzz::boundMemory();
  fuzz::counts().inputs++;
  FuzzedDataProvider data(bytes, size);
  media::SourceOptions options;
  options.limits.jail = data.ConsumeBool() ? place.jail : data.ConsumeBool() ? "." : place.jail + "/here/inner/..";
  options.limits.maxBytes = data.ConsumeBool() ? 1 << 20 : data.ConsumeIntegral<int64_t>();
  static const std::string kProtocols[] = {"file",  "crypto", "http", "https", "data", "concat", "subfile",
                                           "cache", "async",  "pipe", "fd",    "tcp",  "ALL",    ""};
  for (int some = data.ConsumeIntegralInRange(-2, 3); some > 0; some--)
    options.limits.protocols.push_back(data.PickValueInArray(kProtocols));
  if (data.ConsumeIntegralInRange(0, 3) == 0) {
    for (int images = data.ConsumeIntegralInRange(1, 3); images > 0; images--)
      options.images.push_back(uriOf(data, place));
  } else {
    options.uri = uriOf(data, place);
  }
  fuzz::jail() = place.jail + "/";
  const fuzz::Deadline deadline(300);
  options.stop = deadline.stop;
  if (options.images.empty()) fuzz::answered([&] { media::probe(options.uri, options.limits, deadline.stop); });
  int pictures = 0;
  fuzz::answered([&] {
    const auto reader = media::openSource(options, fuzz::cpu());
    while (pictures < 3) {
      const FrameRef frame = reader->next();
      if (!frame) break;
      pictures++;
    }
  });
  if (pictures > 0) fuzz::counts().useful++;
  fuzz::jail().clear();
  return 0;
}
