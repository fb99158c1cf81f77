// Reading what crosses as JSON into the structs of native/generated/specs.h, value by value. It knows nlohmann's
// declarations only: what is instantiated of its templates is in json_reader.cc, so that the generated readers are
// quick to compile.
#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/decision.h"
#include "core/enum_names.h"

namespace framepath::binding {

using Json = nlohmann::json;

// By the path of an option: the level of the configuration that decided it. Others were decided by the call.
struct Level {
  DecidedBy by;
  std::string why;
};
using Levels = std::map<std::string, Level>;

// A value and where it is, for messages: "modules[1].policy.workers".
struct Value {
  const Json& json;
  const Value* parent = nullptr;
  const char* key = nullptr;
  size_t index = 0;                // in a list, where there is no key
  const Levels* levels = nullptr;  // of the outermost one

  std::string path() const;
  Level level() const;
};

struct Range {
  double min = 0, max = 0;
};
struct Size {
  size_t min = 0, max = 0;
};
inline constexpr double kMostNumber = 1e12;
inline constexpr size_t kAnySize = SIZE_MAX;

// What is there under a key; null counts as absent.
const Json* find(const Value& from, const char* key);
// The same, or INVALID_ARGUMENT.
const Json& need(const Value& from, const char* key);
// INVALID_ARGUMENT for anything but an object with keys of these.
void only(const Value& from, std::initializer_list<const char*> keys);
// The position among these of what the object has under `key`.
size_t kindOf(const Value& from, const char* key, std::span<const char* const> kinds);
size_t indexOfName(const Value& from, std::span<const char* const> names);
size_t sizeOf(const Value& from, Size size);
Value itemOf(const Value& list, size_t index);
std::map<std::string, std::string> textsOf(const Value& from, std::span<const char* const> keys);

void take(const Value& from, bool& to);
void take(const Value& from, std::string& to);
void take(const Value& from, int32_t& to, Range range);
void take(const Value& from, int64_t& to, Range range);
void take(const Value& from, double& to, Range range);
void take(const Value& from, float& to, Range range);

template <NamedEnum E>
void take(const Value& from, E& to) {
  to = static_cast<E>(indexOfName(from, EnumNames<E>::values));
}

template <NamedEnum E>
void take(const Value& from, std::map<E, std::string>& to) {
  for (auto& [name, text] : textsOf(from, EnumNames<E>::values)) to[*valueNamed<E>(name)] = std::move(text);
}

template <typename T, size_t N, typename... Limits>
void take(const Value& from, std::array<T, N>& to, Limits... limits) {
  sizeOf(from, {N, N});
  for (size_t i = 0; i < N; i++) take(itemOf(from, i), to[i], limits...);
}

template <typename T, typename... Limits>
void take(const Value& from, std::vector<T>& to, Size size, Limits... limits) {
  to.resize(sizeOf(from, size));
  for (size_t i = 0; i < to.size(); i++) take(itemOf(from, i), to[i], limits...);
}

template <typename T, typename... Limits>
void take(const Value& from, std::optional<T>& to, Limits... limits) {
  take(from, to.emplace(), limits...);
}

template <typename T, typename... Limits>
void take(const Value& from, std::optional<Decision<T>>& to, Limits... limits) {
  take(from, to.emplace(T{}), limits...);
}

// What is there was decided by somebody.
template <typename T, typename... Limits>
void take(const Value& from, Decision<T>& to, Limits... limits) {
  take(from, to.value, limits...);
  Level level = from.level();
  to.by = level.by;
  to.why = std::move(level.why);
}

template <typename T, typename... Limits>
void field(const Value& from, const char* key, T& to, Limits... limits) {
  if (const Json* json = find(from, key)) take(Value{*json, &from, key}, to, limits...);
}

template <typename T, typename... Limits>
void required(const Value& from, const char* key, T& to, Limits... limits) {
  take(Value{need(from, key), &from, key}, to, limits...);
}

}  // namespace framepath::binding
