// Reading options out of JSON.
#pragma once
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <type_traits>
#include <utility>

#include "binding/json.h"
#include "core/error.h"

namespace framepath::binding {

// A whole number that T holds; what follows a point is left out. nlohmann alone makes anything of 1e300.
template <typename T>
T wholeFrom(const Json& json, const char* key) {
  bool fits = true;
  if (json.is_number_float()) {
    // The largest value of T as a double may be one more than it: below the next power of two is what fits.
    const double value = std::trunc(json.get<double>()),
                 end = 2.0 * static_cast<double>(std::numeric_limits<T>::max() / 2 + 1);
    fits = value >= static_cast<double>(std::numeric_limits<T>::min()) && value < end;
  } else if (json.is_number_unsigned()) {
    fits = std::in_range<T>(json.get<uint64_t>());
  } else if (json.is_number_integer()) {
    fits = std::in_range<T>(json.get<int64_t>());
  }
  if (!fits)
    throw Error(ErrorCode::INVALID_ARGUMENT, std::string("Expected a whole number between ") +
                                                 std::to_string(std::numeric_limits<T>::min()) + " and " +
                                                 std::to_string(std::numeric_limits<T>::max()) + " for " + key +
                                                 " but received " + textOf(json) + ".");
  return json.get<T>();
}

template <typename T>
inline constexpr bool kIsWhole = std::is_integral_v<T> && !std::is_same_v<T, bool>;

template <typename T>
T valueFrom(const Json& json, const char* key) {
  if constexpr (kIsWhole<T>) {
    return wholeFrom<T>(json, key);
  } else if constexpr (requires {
                         requires kIsWhole<typename T::value_type> && !std::is_same_v<T, std::string> &&
                             !std::is_same_v<T, Json>;
                       }) {
    for (const Json& one : json) wholeFrom<typename T::value_type>(one, key);
    return json.get<T>();
  } else {
    return json.get<T>();
  }
}

template <typename T>
T get(const Json& json, const char* key, T fallback) {
  const auto it = json.find(key);
  return it == json.end() || it->is_null() ? fallback : valueFrom<T>(*it, key);
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
