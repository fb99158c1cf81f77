// The MOT file of a source, in parts: a day of it is longer than a string may be.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "graph/pipeline.h"

namespace framepath::binding {

// Thread-safe; a source's parts come one call after the other.
class MotText {
 public:
  // The next lines of a source, about a megabyte; empty at the end, after which it begins again. Blocks: it relinks
  // first, and reads a file. Throws what FinalRows does, after the lines that are there.
  std::string next(graph::Pipeline& pipeline, int32_t source);

 private:
  struct Source {
    bool begun = false;
    std::shared_ptr<track::FinalRows> rows;  // null at the end
  };
  std::mutex mutex_;
  std::map<int32_t, Source> sources_;
};

}  // namespace framepath::binding
