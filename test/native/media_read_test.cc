// Reading sources: every variant is made with the ffmpeg command line into a temporary folder, read through openSource,
// and held against what ffmpeg itself decodes.
#include "check.h"
#include "device/device.h"
#include "media/source_reader.h"

using namespace framepath;
using namespace framepath::media;

TEST(first) {
  auto d = openDevice("cpu");
  SourceOptions o;
  o.uri = std::getenv("CLIP");
  SourceInfo i = probe(o.uri, {});
  std::printf("%s %s %s %dx%d fps %g dur %ld frames %ld\n", i.kind.c_str(), i.container.c_str(), i.codec.c_str(), i.width, i.height, i.fps.value(), i.durationMs, i.frames);
  if (getenv("START")) o.startMs = atoi(getenv("START"));
  auto r = openSource(o, d);
  while (auto f = r->next()) std::printf("%ld@%ld ", f->index, f->ptsUs);
  std::printf("\n%ld %ld\n", r->counters().decoded, r->counters().decodeErrors);
}
TEST_MAIN()
