#include "media/describe.h"
#include "media/picture_stream.h"
#include "media/reader_process.h"

namespace framepath::media {

SourceInfo probe(const std::string& uri, const Limits& limits, StopRef stop) {
  if (needsReader(limits)) return probeIsolated(uri, limits, std::move(stop));
  Input input(uri, limits, std::move(stop));
  SourceInfo info = describe(input);
  if (info.kind != "image") return info;
  SourceOptions options;
  options.limits = limits;
  options.maxDecodeErrors = 0;
  PictureStream pictures(input, options, nullptr);
  const AvFrame picture = pictures.next();
  pictures.requirePictures();
  if (picture) refine(info, *picture, pictures.stream());
  return info;
}

}  // namespace framepath::media
