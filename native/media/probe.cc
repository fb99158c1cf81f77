#include "media/describe.h"
#include "media/picture_stream.h"

namespace framepath::media {

SourceInfo probe(const std::string& uri, const Limits& limits) {
  Input input(uri, limits);
  SourceInfo info = describe(input);
  if (info.kind != "image") return info;
  SourceOptions options;
  options.maxDecodeErrors = 0;
  PictureStream pictures(input, options);
  const AvFrame picture = pictures.next();
  pictures.requirePictures();
  if (picture) refine(info, *picture, pictures.stream());
  return info;
}

}  // namespace framepath::media
