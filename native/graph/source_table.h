// The sources of a run by number, in the order in which they came: what is known of them before, while and after they
// run. What they read with, and their counts, are their sessions' (source_session.h).
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "graph/native_modules.h"
#include "graph/pipeline_spec.h"
#include "graph/report.h"
#include "graph/sources.h"
#include "media/packet_ring.h"

namespace framepath::graph {

struct SourceFile {
  SourceSpec spec;
  media::SourceInfo info;
  std::weak_ptr<PushedSource> pushed;  // until it has ended
  std::shared_ptr<media::SourceLink> link;
  std::weak_ptr<media::PacketRing> ring = {};  // what recordings are made of, until it has ended; null: nothing is kept

  bool live() const { return spec.live.value_or(false); }  // once open
};

// What opening a source gives.
struct OpenedSource {
  SourceFile file;
  std::shared_ptr<FrameSource> frames;
  std::shared_ptr<media::TimeCuts> cuts;      // shared with the reader of its audio
  std::shared_ptr<media::LiveAudio> audio{};  // of a live one; null: it is not heard
  std::shared_ptr<std::atomic<bool>> keepHdr = std::make_shared<std::atomic<bool>>(false);  // shared with its reader
};

// Thread-safe.
class SourceTable {
 public:
  int32_t size() const;
  int32_t add(SourceFile file);  // its number
  void removeLast();             // it could not join

  std::string idOf(int32_t source) const;  // empty: no such source
  SourceFacts factsOf(int32_t source) const;
  std::vector<int32_t> numbersOf(const std::string& id) const;  // an id may be used again once its source has ended
  // Null when it has ended. Throws SOURCE_NOT_FOUND.
  std::shared_ptr<PushedSource> pushedOf(const std::string& id) const;

  // The latest of that id. Throws INVALID_ARGUMENT.
  SourceFile fileOf(const std::string& id) const;

  std::vector<SourceReport> report(const std::vector<SourceCounts>& counts) const;
  // Fills in how far the sources are.
  void addTo(Progress& progress, const std::vector<SourceCounts>& counts, double seconds) const;

 private:
  mutable std::mutex mutex_;
  std::vector<SourceFile> files_;
};

}  // namespace framepath::graph
