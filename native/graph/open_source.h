// Opening one source of a run.
#pragma once
#include <memory>

#include "core/stop.h"
#include "device/device.h"
#include "generated/run_defaults.h"
#include "graph/recoveries.h"
#include "graph/source_table.h"

namespace framepath::graph {

struct OpeningOptions {
  std::shared_ptr<Device> device;
  StopRef stop;                                        // opening and reading end then
  int32_t inFlight = defaults::RunSettings::inFlight;  // frames that the run holds
  int32_t sources = 1;                                 // that share the cores
  Recoveries& recoveries;                              // outlives the source
  bool heard = false;                                  // its audio goes into an output
};

// Throws what media::openSource() throws, with the source named.
OpenedSource openSource(const SourceSpec& spec, const OpeningOptions& options);

}  // namespace framepath::graph
