// JSON as the binding uses it. Its class is compiled once, in json.cc: instantiated again in every file that includes
// it, it took most of their time to compile.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

extern template class nlohmann::basic_json<>;

namespace framepath::binding {

using Json = nlohmann::json;

// In one line; bytes that are not UTF-8 are replaced.
std::string textOf(const Json& json);

// Parses what TypeScript sent; throws INVALID_ARGUMENT.
Json parseJson(const std::string& text);

}  // namespace framepath::binding
