// Options of a spec as the engine's own structs take them.
#pragma once
#include <optional>
#include <string>

#include "binding/read.h"
#include "core/enum_names.h"
#include "generated/specs.h"
#include "graph/pipeline_spec.h"

namespace framepath::binding {

// What is open is for the engine to decide.
template <typename T>
T valueOr(const std::optional<Decision<T>>& decided, T open) {
  return decided ? decided->value : std::move(open);
}

template <typename T>
std::optional<T> valueOf(const std::optional<Decision<T>>& decided) {
  return decided ? std::optional<T>(decided->value) : std::nullopt;
}

template <NamedEnum E>
std::string nameOr(const std::optional<Decision<E>>& decided) {
  return decided ? framepath::nameOf(decided->value) : "";
}

compose::LayoutSpec layoutOf(const schema::LayoutSpec& from);
graph::CompositionSpec compositionOf(const schema::CompositionSpec& from);

}  // namespace framepath::binding
