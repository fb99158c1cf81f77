// The plan of a run as JSON: every option as {value, by, why}. As json_reader.h, it knows nlohmann's declarations only:
// the generated writers (generated/write_plan.h) are quick to compile.
#pragma once
#include <array>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/decision.h"
#include "core/enum_names.h"
#include "graph/decisions.h"

namespace framepath::binding {

using Json = nlohmann::json;

// What was asked for, with what the run decided: native/generated and src/generated have its shape (Plan).
Json planJson(schema::PipelineSpec asked, const graph::Decisions& decisions);

// Where a value goes; of this namespace, so that the writers of structs that come later are found too.
struct Out {
  Json& json;
};
Out under(Out to, const char* key);
Out appended(Out to);
void emptyList(Out to);
void emptyObject(Out to);
void write(Out to, bool value);
void write(Out to, int32_t value);
void write(Out to, int64_t value);
void write(Out to, double value);
void write(Out to, float value);  // 0.1 and not 0.10000000149
void write(Out to, const std::string& value);
void writeNull(Out to);

template <NamedEnum E>
void write(Out to, E value) {
  write(to, std::string(nameOf(value)));
}

template <typename T>
void writeList(Out to, const T& values) {
  emptyList(to);
  for (const auto& value : values) write(appended(to), value);
}

template <typename T>
void write(Out to, const std::vector<T>& values) {
  writeList(to, values);
}

template <typename T, size_t N>
void write(Out to, const std::array<T, N>& values) {
  writeList(to, values);
}

template <NamedEnum E>
void write(Out to, const std::map<E, std::string>& texts) {
  emptyObject(to);
  for (const auto& [name, text] : texts) write(under(to, nameOf(name)), text);
}

template <typename T>
void write(Out to, const std::optional<T>& value) {
  if (value)
    write(to, *value);
  else
    writeNull(to);
}

template <typename T>
void write(Out to, const Decision<T>& decision) {
  write(under(to, "value"), decision.value);
  write(under(to, "by"), decision.by);
  write(under(to, "why"), decision.why);
}

template <typename T>
void put(Out to, const char* key, const T& value) {
  write(under(to, key), value);
}

// What is not there is left out.
template <typename T>
void put(Out to, const char* key, const std::optional<T>& value) {
  if (value) write(under(to, key), *value);
}

}  // namespace framepath::binding
