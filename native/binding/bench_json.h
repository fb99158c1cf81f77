// Measurements of single stages: what is asked, and what came out.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>

#include "bench/pattern.h"
#include "bench/stages.h"

namespace framepath::binding {

// What measures the stage that `json` describes (StageRequest in src/native.ts). Throws INVALID_ARGUMENT.
std::function<bench::Figures()> stageFrom(const nlohmann::json& json);
bench::PatternClip patternFrom(const nlohmann::json& json);
nlohmann::json toJson(const bench::Figures& figures);

}  // namespace framepath::binding
