// Taking structs of the schema apart, to fill the engine's own.
#pragma once
#include <optional>
#include <string>
#include <type_traits>

#include "core/enum_names.h"
#include "generated/specs.h"
#include "graph/pipeline_spec.h"

namespace framepath::binding {

// Takes a struct of the schema apart into all of its fields, which are named in its order. One that is added, renamed
// or moved there does not compile here until somebody decides what becomes of it.
#define FIELDS_OF(from, ...)                                                                           \
  static_assert(std::decay_t<decltype(from)>::kFields == #__VA_ARGS__, "the schema has other fields"); \
  const auto& [__VA_ARGS__] = from

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
graph::OutputSpec outputOf(const schema::OutputSpec& from);

}  // namespace framepath::binding
