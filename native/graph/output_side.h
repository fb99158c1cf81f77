// The output's side of a run: the canvas that the spec and the sources give, whose audio goes in, and what composes and
// encodes it.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/stop.h"
#include "graph/composition.h"
#include "graph/pipeline_spec.h"
#include "graph/recoveries.h"
#include "graph/source_table.h"

namespace framepath::graph {

struct OutputStops {
  std::shared_ptr<Stop> deadline = std::make_shared<Stop>();   // opening, draining and connections end then
  std::shared_ptr<Stop> rewriteBy = std::make_shared<Stop>();  // rewriting files that play as they are
};

// What `layout` leaves open is decided by the sources. Throws INVALID_ARGUMENT.
compose::LayoutSpec resolveLayout(compose::LayoutSpec layout, const std::vector<OpenedSource>& sources,
                                  const std::vector<ModuleSpec>& modules);

// The module whose identities label the boxes that `layout` draws; empty: none.
std::string peopleDrawn(const compose::LayoutSpec& layout, const std::vector<ModuleSpec>& modules);

// Thread-safe.
class OutputSide {
 public:
  OutputSide(const PipelineSpec& spec, const OutputStops& stops, Recoveries& recoveries)
      : spec_(spec), stops_(stops), recoveries_(recoveries) {}

  // Opens encoder and output; null where nothing is composed. `failed` is called once, from a thread of the output.
  std::shared_ptr<Composition> open(const std::vector<OpenedSource>& sources, std::shared_ptr<Device> device,
                                    std::shared_ptr<Trace> trace, std::function<void(const Error&)> failed);
  // The audio of a source that joins; null where it is not heard.
  media::AudioRef openJoiningAudio(const OpenedSource& source, int32_t number);
  // What the run lacked in the end, of audio.
  void reportLosses(const std::vector<media::OutputResult>& outputs, const SourceTable& sources);

 private:
  bool audioJoins() const;
  std::string name() const;
  std::vector<media::AudioInput> audioInputs(const std::vector<OpenedSource>& sources);
  media::AudioInput audioInput(const OpenedSource& source, int32_t number) const;

  const PipelineSpec& spec_;
  const OutputStops& stops_;
  Recoveries& recoveries_;
};

}  // namespace framepath::graph
