// Fields that have to be stated.
#pragma once
#include <concepts>
#include <type_traits>
#include <utility>

namespace framepath::binding {

// Without a default, so that a field that is left out does not compile. Takes whatever makes a T, but for a fraction
// where a whole number is written.
template <typename T>
struct Required {
  T value;

  Required() = delete;
  template <typename From>
  requires(!std::same_as<std::remove_cvref_t<From>, Required> && std::is_constructible_v<T, From&&> &&
           !(std::is_integral_v<T> && std::is_floating_point_v<std::remove_cvref_t<From>>)) Required(From&& from)
      : value(static_cast<T>(std::forward<From>(from))) {}
};

}  // namespace framepath::binding
