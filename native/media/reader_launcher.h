// Starts the processes that read untrusted sources. One program, framepath-reader, is started when the first is wanted
// and stays: it has loaded libav's libraries (60 ms), and forks itself for each source (2 ms). It reads nothing itself.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "media/file_descriptor.h"
#include "media/source_info.h"

namespace framepath::media {

struct LaunchedReader {
  FileDescriptor messages;  // SOCK_SEQPACKET to the reader
  // The reader's life: closed here, it is signalled to end and killed half a second later; its end comes as one
  // message, the status of waitpid(), then end of file. End of file alone: the program that forked it has ended, and
  // the reader with it.
  FileDescriptor life;
  // What the reader writes pictures to: sealed, so that it cannot be shrunk under a mapping.
  FileDescriptor memory;
};

// `job` is what the reader reads first; `memoryBytes` 0: it needs none. Thread-safe. Throws ADDON_MISSING when the
// program is not beside the addon, SOURCE_FAILED when the system gives no process, descriptor or memory.
LaunchedReader launchReader(std::span<const uint8_t> job, size_t memoryBytes);

// Starts the program, so that it loads its libraries while the caller does something else first. Does not wait.
void prepareReaders();

// Whether a source must be read by such a process: because an option sets it, or because what it may connect to is only
// enforced there. Not in that process itself.
bool needsReader(const Limits& limits);
void becomeReader();  // this process is one

// Descriptors of a process that is launched, in this order, from this number on; the program's own socket is the first.
inline constexpr int kFirstReaderDescriptor = 3;
enum ReaderDescriptor { readerMessages, readerMemory, readerJob, readerDescriptors };

}  // namespace framepath::media
