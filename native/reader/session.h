// Reads one source for another process.
#pragma once

namespace framepath::reader {

// Serves the job behind the descriptors (media/reader_launcher.h) until it is done or the other process has ended.
void serve(int messages, int memory, int job);

}  // namespace framepath::reader
