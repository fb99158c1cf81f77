// Names of the enums of schema/enums.mjs, by which they cross to JavaScript; native/generated has them, in the order of
// the values.
#pragma once
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace framepath {

template <typename E>
struct EnumNames;

template <typename E>
concept NamedEnum = requires {
  EnumNames<E>::values;
};

template <NamedEnum E>
inline constexpr size_t kValuesOf = std::size(EnumNames<E>::values);

template <NamedEnum E>
constexpr const char* nameOf(E value) {
  return EnumNames<E>::values[static_cast<size_t>(value)];
}

template <NamedEnum E>
constexpr std::optional<E> valueNamed(std::string_view name) {
  for (size_t i = 0; i < kValuesOf<E>; i++)
    if (name == EnumNames<E>::values[i]) return static_cast<E>(i);
  return std::nullopt;
}

// All of them, for messages: "a, b, c".
template <NamedEnum E>
std::string namesOf() {
  std::string all;
  for (const char* name : EnumNames<E>::values) all += (all.empty() ? "" : ", ") + std::string(name);
  return all;
}

}  // namespace framepath
