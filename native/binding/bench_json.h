// What is asked of the native benchmarks.
#pragma once
#include <functional>

#include "bench/pattern.h"
#include "bench/stages.h"
#include "generated/read_specs.h"

namespace framepath::binding {

// What measures the stage that is asked for.
std::function<bench::Figures()> stageOf(const schema::StageRequest& request);
bench::PatternClip clipOf(const schema::ClipRequest& request);

}  // namespace framepath::binding
