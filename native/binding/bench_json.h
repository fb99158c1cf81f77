// Measurements of single stages: what is asked, and what came out.
#pragma once
#include <functional>

#include "bench/pattern.h"
#include "bench/stages.h"
#include "binding/json.h"

namespace framepath::binding {

// What measures the stage that `json` describes (StageRequest in src/native.ts). Throws INVALID_ARGUMENT.
std::function<bench::Figures()> stageFrom(const Json& json);
bench::PatternClip patternFrom(const Json& json);
Json toJson(const bench::Figures& figures);

}  // namespace framepath::binding
