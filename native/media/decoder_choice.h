// Who decodes a source.
#pragma once
#include "device/device.h"
#include "media/reader_launcher.h"
#include "media/source_reader.h"

namespace framepath::media {

// Whether a GPU's decoder is tried first. What becomes of it, the first pictures show.
inline bool triesGpu(const SourceOptions& options, const Device* device) {
  const bool gpu = device && device->id().kind == DeviceKind::cuda;
  return gpu && options.decoder != DecoderChoice::software && !needsReader(options.limits);
}

}  // namespace framepath::media
