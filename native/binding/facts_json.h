// What is found out about sources, models, the machine and its stages, as the structs that cross.
#pragma once
#include <string>
#include <vector>

#include "bench/stages.h"
#include "generated/write_results.h"
#include "infer/model.h"
#include "media/source_info.h"

namespace framepath::binding {

schema::SourceInfo toSchema(const media::SourceInfo& info);
schema::ModelFindings findingsOf(const infer::Model& model, const std::string& device);
schema::StageFigures toSchema(const bench::Figures& figures);
// libav, ONNX Runtime and every device of this machine. Opens each for a moment.
schema::MachineFindings machineFindings(const std::vector<std::string>& runtimeLibraries);

}  // namespace framepath::binding
