// The plan of a run as JSON: every option as {value, by, why}.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "binding/json_writer.h"
#include "core/decision.h"
#include "graph/decisions.h"

namespace framepath::binding {

// What was asked for, with what the run decided: native/generated and src/generated have its shape (Plan).
std::string planJson(schema::PipelineSpec asked, const graph::Decisions& decisions);

template <typename T>
void put(JsonWriter& to, const Decision<T>& decision, Decimals = {}) {
  to.open('{');
  putField(to, "value", decision.value);
  putField(to, "by", decision.by);
  putField(to, "why", decision.why);
  to.close('}');
}

template <NamedEnum E>
void put(JsonWriter& to, const std::map<E, std::string>& texts, Decimals = {}) {
  to.open('{');
  for (const auto& [name, text] : texts) putField(to, nameOf(name), text);
  to.close('}');
}

// What is not there is left out.
template <typename T>
void putPlanned(JsonWriter& to, const char* name, const T& value) {
  putField(to, name, value);
}
template <typename T>
void putPlanned(JsonWriter& to, const char* name, const std::optional<T>& value) {
  putOptional(to, name, value);
}

}  // namespace framepath::binding
