// Reading options out of JSON. Numbers are checked: what does not fit its type is INVALID_ARGUMENT and names the
// option.
#pragma once
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "binding/json.h"
#include "core/enum_names.h"
#include "core/error.h"

namespace framepath::binding {

[[noreturn]] inline void throwUnfit(const std::string& expected, const std::string& key, const Json& value) {
  throw Error(ErrorCode::INVALID_ARGUMENT,
              "Expected " + expected + " for " + key + " but received " + textOf(value).substr(0, 80) + ".");
}

template <typename T>
struct NumberList : std::false_type {};
template <typename T, typename A>
struct NumberList<std::vector<T, A>> : std::is_arithmetic<T> {};
template <typename T, size_t N>
struct NumberList<std::array<T, N>> : std::is_arithmetic<T> {};

// A value as T; `key` is how the caller knows it.
template <typename T>
T valueOf(const Json& value, const std::string& key) {
  if constexpr (std::is_same_v<T, bool>) {
    if (!value.is_boolean()) throwUnfit("a boolean", key, value);
    return value.get<bool>();
  } else if constexpr (std::is_integral_v<T>) {
    using Bounds = std::numeric_limits<T>;
    const std::string expected =
        "an integer between " + std::to_string(Bounds::min()) + " and " + std::to_string(Bounds::max());
    if (value.is_number_unsigned()) {
      if (std::cmp_less_equal(value.get<uint64_t>(), Bounds::max())) return static_cast<T>(value.get<uint64_t>());
    } else if (value.is_number_integer()) {
      if (std::in_range<T>(value.get<int64_t>())) return static_cast<T>(value.get<int64_t>());
    } else if (value.is_number_float()) {  // 1e3 is an integer too
      const double number = value.get<double>();
      constexpr double kWhole = 9007199254740992;  // from here on doubles leave integers out
      if (std::trunc(number) == number && std::abs(number) <= kWhole && std::in_range<T>(static_cast<int64_t>(number)))
        return static_cast<T>(number);
    }
    throwUnfit(expected, key, value);
  } else if constexpr (std::is_floating_point_v<T>) {
    const double number = value.is_number() ? value.get<double>() : NAN;
    if (!(std::abs(number) <= static_cast<double>(std::numeric_limits<T>::max()))) throwUnfit("a number", key, value);
    return static_cast<T>(number);
  } else if constexpr (NumberList<T>::value) {
    T list{};
    if (!value.is_array()) throwUnfit("an array of numbers", key, value);
    if constexpr (requires { list.push_back({}); }) {
      for (const Json& item : value) list.push_back(valueOf<typename T::value_type>(item, key));
    } else {
      if (value.size() != list.size()) throwUnfit(std::to_string(list.size()) + " numbers", key, value);
      for (size_t i = 0; i < list.size(); i++) list[i] = valueOf<typename T::value_type>(value[i], key);
    }
    return list;
  } else {
    return value.get<T>();
  }
}

template <typename T>
T get(const Json& json, const char* key, T fallback) {
  const auto it = json.find(key);
  return it == json.end() || it->is_null() ? fallback : valueOf<T>(*it, key);
}

template <typename T>
T required(const Json& json, const char* key) {
  return valueOf<T>(json.at(key), key);
}

// Milliseconds, whole or not, that are microseconds later: some centuries fit. Rounded towards 0.
inline int64_t milliseconds(const Json& json, const char* key, int64_t fallback) {
  const auto it = json.find(key);
  if (it == json.end() || it->is_null()) return fallback;
  const double ms = valueOf<double>(*it, key);
  if (std::abs(ms) > 1e13) throwUnfit("at most 1e13 milliseconds", key, *it);
  return static_cast<int64_t>(ms);
}

template <NamedEnum E>
E named(const std::string& name, const char* what) {
  if (const std::optional<E> value = valueNamed<E>(name)) return *value;
  throw Error(ErrorCode::INVALID_ARGUMENT,
              "Expected one of " + namesOf<E>() + " for " + what + " but received \"" + name + "\".");
}

template <NamedEnum E>
E named(const Json& json, const char* key, E fallback) {
  return named<E>(get<std::string>(json, key, nameOf(fallback)), key);
}

}  // namespace framepath::binding
