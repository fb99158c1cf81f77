// What a process that reads an untrusted source drops before it opens anything.
#pragma once
#include "media/source_info.h"

namespace framepath::reader {

// Bounds memory, files and descriptors; no other program, process or tracing; on the file system nothing but reading,
// and below a jail only that; where limits allow local files only, no network. What the kernel does not offer (Landlock
// since 5.13, of networks 6.7, of signals 6.12; seccomp) is left out: libav's code is then held by the limits and by
// being a process of its own.
void dropPrivileges(const media::Limits& limits);

}  // namespace framepath::reader
