// The outputs' side of a run: which sources each composition shows, whose audio goes into which output, and what
// composes and encodes them.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/stop.h"
#include "graph/compositions.h"
#include "graph/pipeline_spec.h"
#include "graph/recoveries.h"
#include "graph/source_table.h"

namespace framepath::graph {

// What `layout` leaves open is decided by the sources that it shows. Throws INVALID_ARGUMENT.
compose::LayoutSpec resolveLayout(compose::LayoutSpec layout, const std::vector<OpenedSource>& sources,
                                  const std::vector<int32_t>& shown, const std::vector<ModuleSpec>& modules);

// The module whose identities label the boxes that `layout` draws; empty: none.
std::string peopleDrawn(const compose::LayoutSpec& layout, const std::vector<ModuleSpec>& modules);

// Thread-safe.
class OutputSide {
 public:
  OutputSide(const PipelineSpec& spec, const CompositionStops& stops, Recoveries& recoveries)
      : spec_(spec), stops_(stops), recoveries_(recoveries) {}

  // Opens encoders and outputs; null where nothing is composed. `failed` is called once, from a thread of an output,
  // with what ends the run.
  std::shared_ptr<Compositions> open(const std::vector<OpenedSource>& sources, std::shared_ptr<Device> device,
                                     std::shared_ptr<Trace> trace, std::function<void(const Error&)> failed);
  // Whether any output has audio.
  bool hears() const;
  // The audio of a source that joins, for each output of each composition; null where it is not heard.
  std::vector<JoiningAudio> openJoiningAudio(const OpenedSource& source, int32_t number,
                                             const Compositions& compositions);
  // What the run lacked in the end: audio, and sources that tiles were kept for.
  void reportLosses(std::vector<OutputReport>& outputs, const SourceTable& sources);

 private:
  CompositionOptions optionsOf(const CompositionSpec& spec, const std::vector<OpenedSource>& sources,
                               const std::vector<int32_t>& shown);
  using Places = std::map<int32_t, std::shared_ptr<media::LivePlace>>;  // of live sources, by number
  std::vector<media::AudioInput> audioInputs(const OutputSpec& output, const std::vector<OpenedSource>& sources,
                                             const std::vector<int32_t>& shown, const Places& places);
  media::AudioInput audioInput(const OutputSpec& output, const OpenedSource& source, int32_t number,
                               std::shared_ptr<const media::LivePlace> place) const;
  media::AudioRef openJoiningAudio(const OutputSpec& output, const OpenedSource& source, int32_t number,
                                   const std::shared_ptr<media::LivePlace>& place, bool takes);

  const PipelineSpec& spec_;
  const CompositionStops& stops_;
  Recoveries& recoveries_;
};

}  // namespace framepath::graph
