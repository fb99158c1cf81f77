// Opens files that must lie below a folder, also while others rename and link there.
#pragma once
#include <string>

#include "media/file_descriptor.h"

namespace framepath::media {

// kernel: openat2(RESOLVE_BENEATH). steps: folder by folder without following any link, for kernels before 5.6 and for
// containers that do not know the call; `kernel` uses it as its fallback.
enum class Resolution { kernel, steps };

// Never blocks. Not open: errno has the reason, EXDEV and ELOOP where the path leads out of `folder`, through a link or
// "..".
FileDescriptor openBeneath(int folder, const std::string& path, Resolution resolution = Resolution::kernel);

}  // namespace framepath::media
