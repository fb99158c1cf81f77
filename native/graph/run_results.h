// What a run has found, while it goes and afterwards: who was seen when, merged over its sources, with rows, best shots
// and embeddings.
#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "core/stop.h"
#include "graph/native_modules.h"
#include "graph/pipeline_spec.h"
#include "graph/recoveries.h"
#include "graph/shots.h"
#include "graph/source_table.h"

namespace framepath::graph {

// What the modules of a run write down.
struct FoundPeople {
  IdentityState state;                 // empty without identify and recorded tracks
  std::optional<ModuleSpec> identify;  // the first identify module; none where only tracks are recorded
  std::shared_ptr<Shots> shots;        // null: no contact sheet
  bool onlyTracks() const { return state.identities && !identify; }
};

// Thread-safe. What relinking found is shared by all who ask while nothing new was seen.
class RunResults {
 public:
  RunResults(const SourceTable& sources, Recoveries& recoveries) : sources_(sources), recoveries_(recoveries) {}

  void open(FoundPeople people);
  void closeShots();

  bool onlyTracks() const;  // rows and shots are of tracks, without identify
  // These four block, for minutes at worst.
  track::RelinkRef relink();                               // empty where nothing identifies
  std::unique_ptr<track::FinalRows> rows(int32_t source);  // null where none are kept
  std::vector<uint8_t> contactSheet();                     // empty without people, and after closeShots()
  std::vector<uint8_t> bank();
  // Merging and writing of rows end by this time (nowNs()), as far as they are; INT64_MAX: take their time again.
  void endLinkingAt(int64_t ns);
  bool linkingEnded() const;
  void addTo(Report& report) const;

 private:
  FoundPeople people() const;
  track::RelinkRef relinked();

  const SourceTable& sources_;
  Recoveries& recoveries_;
  mutable std::mutex mutex_;
  FoundPeople people_;
  std::shared_ptr<Stop> linking_ = std::make_shared<Stop>();  // relinking, and what is written from it
  track::RelinkRef linked_, withShots_;  // what relinking found, and the same with the best shots chosen
};

}  // namespace framepath::graph
