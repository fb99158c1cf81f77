// A value of a run's plan: what it is, who decided it, and why.
#pragma once
#include <optional>
#include <string>
#include <utility>

#include "generated/plan_enums.h"

namespace framepath {

template <typename T>
struct Decision {
  Decision() = delete;  // a decision that is forgotten does not compile
  Decision(T value, DecidedBy by = DecidedBy::byDefault, std::string why = "default")
      : value(std::move(value)), by(by), why(std::move(why)) {}
  operator const T&() const { return value; }

  T value;
  DecidedBy by;
  std::string why;  // for people: "4 cores", "FRAMEPATH_DEVICE", "default"
};

// Fills in what nobody has decided before.
template <typename T>
void fillIn(std::optional<Decision<T>>& decided, Decision<T> open) {
  if (!decided) decided = std::move(open);
}

}  // namespace framepath
