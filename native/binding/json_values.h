// Reading options out of JSON.
#pragma once
#include <map>
#include <string>

#include "binding/json.h"
#include "core/error.h"

namespace framepath::binding {

template <typename T>
T get(const Json& json, const char* key, T fallback) {
  const auto it = json.find(key);
  return it == json.end() || it->is_null() ? fallback : it->get<T>();
}

template <typename E>
E named(const std::map<std::string, E>& names, const std::string& name, const char* what) {
  const auto it = names.find(name);
  if (it != names.end()) return it->second;
  std::string expected;
  for (const auto& [known, value] : names) expected += (expected.empty() ? "" : ", ") + known;
  throw Error(ErrorCode::INVALID_ARGUMENT,
              std::string("Expected one of ") + expected + " for " + what + " but received \"" + name + "\".");
}

}  // namespace framepath::binding
