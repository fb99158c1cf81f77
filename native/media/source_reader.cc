#include "media/source_reader.h"

#include "media/file_reader.h"

namespace framepath::media {

std::unique_ptr<SourceReader> openSource(const SourceOptions& options, std::shared_ptr<Device> device) {
  return std::make_unique<FileReader>(options, std::move(device));
}

}  // namespace framepath::media
