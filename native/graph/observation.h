// The result of a module for one frame: a value, one carried from an earlier frame (stride), or none with a reason.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/enum_names.h"
#include "core/results.h"
#include "generated/graph_enums.h"

namespace framepath::graph {

enum class ObservationState : uint8_t { pending, value, carried, nothing };
enum class Reason : uint8_t { none, error, dependency, cancelled, unordered };

// Kinds of results, for counting.
inline constexpr auto& kObservationNames = EnumNames<ObservationKind>::values;
inline constexpr size_t kObservationKinds = kValuesOf<ObservationKind>;
inline size_t observationKind(ObservationState state, Reason reason) {
  return state == ObservationState::nothing   ? 2 + static_cast<size_t>(reason)
         : state == ObservationState::carried ? 1
                                              : 0;
}

// A value kept by JavaScript under its origin; its boxes where a native module, the layout or an input reads them.
struct External {
  std::shared_ptr<const People> boxes = nullptr;
};

using Value =
    std::variant<std::monostate, std::shared_ptr<const Detections>, std::shared_ptr<const Tracks>,
                 std::shared_ptr<const Crops>, std::shared_ptr<const Embeddings>, std::shared_ptr<const People>,
                 std::shared_ptr<const Classes>, std::shared_ptr<const ClassScores>, std::shared_ptr<const BoxClasses>,
                 std::shared_ptr<const std::vector<RawTensor>>, External>;

// Where a value comes from: also one that is carried, or stands in for that of another module. -1: no value.
struct Origin {
  int32_t module = -1;  // of the graph
  int64_t task = -1;
};

struct Observation {
  ObservationState state = ObservationState::pending;
  Reason reason = Reason::none;
  Value value;
  Origin origin = {};

  static Observation of(Value value) { return {ObservationState::value, Reason::none, std::move(value)}; }
  static Observation nothing(Reason reason) { return {ObservationState::nothing, reason, {}}; }
  Observation carriedOn() const {
    return state == ObservationState::nothing ? *this : Observation{ObservationState::carried, reason, value, origin};
  }

  // The value if there is one of this kind, computed or carried; else null.
  template <typename T>
  const T* as() const {
    if constexpr (std::is_same_v<T, People>)
      if (const auto* external = std::get_if<External>(&value)) return external->boxes.get();
    const auto* pointer = std::get_if<std::shared_ptr<const T>>(&value);
    return pointer ? pointer->get() : nullptr;
  }
};

template <typename T>
Observation observe(T value) {
  return Observation::of(std::shared_ptr<const T>(std::make_shared<T>(std::move(value))));
}
// Of a module that carries its value on itself: the task it was computed for.
template <typename T>
Observation observe(T value, int64_t task) {
  Observation result = observe(std::move(value));
  result.origin.task = task;
  return result;
}

}  // namespace framepath::graph
