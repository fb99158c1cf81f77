// Writing what crosses to TypeScript as JSON: the structs of generated/write_results.h, value by value.
#pragma once
#include <array>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "binding/required.h"
#include "core/decimal.h"
#include "core/enum_names.h"

namespace framepath::binding {

// To how many a number is rounded.
struct Decimals {
  int32_t count = -1;  // -1: as it is
};

class JsonWriter {
 public:
  void open(char bracket);
  void close(char bracket);
  void key(const std::string& name);
  void null();
  void number(double value, Decimals decimals = {});  // null for what is no number
  void whole(int64_t value);
  void flag(bool value);
  void text(const std::string& value);  // bytes that are not UTF-8 are replaced
  std::string take() { return std::move(json_); }

 private:
  void separate();

  std::string json_;
};

// Every put() takes Decimals, which reach the numbers inside. The templates are declared first: they call one another.
template <std::integral T>
void put(JsonWriter& to, T value, Decimals = {}) {
  if constexpr (std::same_as<T, bool>)
    to.flag(value);
  else
    to.whole(static_cast<int64_t>(value));
}
inline void put(JsonWriter& to, double value, Decimals decimals = {}) {
  to.number(value, decimals);
}
inline void put(JsonWriter& to, float value, Decimals decimals = {}) {
  to.number(decimal(value), decimals);
}
inline void put(JsonWriter& to, const std::string& value, Decimals = {}) {
  to.text(value);
}
template <NamedEnum E>
void put(JsonWriter& to, E value, Decimals = {}) {
  to.text(nameOf(value));
}
template <typename T>
void put(JsonWriter& to, const std::optional<T>& value, Decimals decimals = {});
template <typename T>
void put(JsonWriter& to, const std::vector<T>& values, Decimals decimals = {});
template <typename T, size_t N>
void put(JsonWriter& to, const std::array<T, N>& values, Decimals decimals = {});
template <typename... Parts>
void put(JsonWriter& to, const std::tuple<Parts...>& parts, Decimals decimals = {});
template <typename... Kinds>
void put(JsonWriter& to, const std::variant<Kinds...>& value, Decimals decimals = {});
template <typename T>
void put(JsonWriter& to, const std::map<std::string, T>& values, Decimals decimals = {});

// A struct has no numbers of its own.
template <typename T>
void putAny(JsonWriter& to, const T& value, Decimals decimals) {
  if constexpr (requires { put(to, value, decimals); })
    put(to, value, decimals);
  else
    put(to, value);
}

template <typename T>
void put(JsonWriter& to, const std::optional<T>& value, Decimals decimals) {
  if (value)
    putAny(to, *value, decimals);
  else
    to.null();
}

template <typename List>
void putAll(JsonWriter& to, const List& values, Decimals decimals) {
  to.open('[');
  for (const auto& value : values) putAny(to, value, decimals);
  to.close(']');
}
template <typename T>
void put(JsonWriter& to, const std::vector<T>& values, Decimals decimals) {
  putAll(to, values, decimals);
}
template <typename T, size_t N>
void put(JsonWriter& to, const std::array<T, N>& values, Decimals decimals) {
  putAll(to, values, decimals);
}
template <typename... Parts>
void put(JsonWriter& to, const std::tuple<Parts...>& parts, Decimals decimals) {
  to.open('[');
  std::apply([&](const auto&... part) { (putAny(to, part, decimals), ...); }, parts);
  to.close(']');
}
template <typename... Kinds>
void put(JsonWriter& to, const std::variant<Kinds...>& value, Decimals decimals) {
  std::visit([&](const auto& one) { putAny(to, one, decimals); }, value);
}

template <typename T>
void putField(JsonWriter& to, const std::string& name, const T& value, Decimals decimals = {}) {
  to.key(name);
  putAny(to, value, decimals);
}
// Left out where it is none.
template <typename T>
void putOptional(JsonWriter& to, const char* name, const std::optional<T>& value, Decimals decimals = {}) {
  if (value) putField(to, name, *value, decimals);
}
// In the object that is open.
template <typename T>
void putEntries(JsonWriter& to, const std::map<std::string, T>& values, Decimals decimals = {}) {
  for (const auto& [name, value] : values) putField(to, name, value, decimals);
}
template <typename T>
void put(JsonWriter& to, const std::map<std::string, T>& values, Decimals decimals) {
  to.open('{');
  putEntries(to, values, decimals);
  to.close('}');
}

template <typename T>
std::string jsonOf(const T& value) {
  JsonWriter to;
  put(to, value);
  return to.take();
}

}  // namespace framepath::binding
