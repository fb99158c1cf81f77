#include "media/source_reader.h"

#include "core/error.h"
#include "media/file_reader.h"
#include "media/image_list_reader.h"

namespace framepath::media {

std::unique_ptr<SourceReader> openSource(const SourceOptions& options, std::shared_ptr<Device> device) {
  if (options.endMs >= 0 && options.endMs <= options.startMs)
    throw Error(ErrorCode::INVALID_ARGUMENT, "Expected endMs after startMs (" + std::to_string(options.startMs) +
                                                 ") but received " + std::to_string(options.endMs) + ".");
  if (!options.images.empty()) return std::make_unique<ImageListReader>(options, std::move(device));
  return std::make_unique<FileReader>(options, std::move(device));
}

}  // namespace framepath::media
