// Structs of the schema out of JSON, and taken apart without forgetting a field.
#pragma once
#include <type_traits>

#include "binding/json.h"
#include "generated/read_specs.h"

// Takes a struct of the schema apart into all of its fields, which are named in its order. One that is added, renamed
// or moved there does not compile here until somebody decides what becomes of it.
#define FIELDS_OF(from, ...)                                                                           \
  static_assert(std::decay_t<decltype(from)>::kFields == #__VA_ARGS__, "the schema has other fields"); \
  const auto& [__VA_ARGS__] = from

namespace framepath::binding {

// Throws INVALID_ARGUMENT for whatever does not fit, and names it.
template <typename T>
T read(const Json& json) {
  T value;
  take(Value{json}, value);
  return value;
}

}  // namespace framepath::binding
