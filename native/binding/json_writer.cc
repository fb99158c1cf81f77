#include "binding/json_writer.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "binding/json.h"

namespace framepath::binding {

// A value follows another one unless a bracket or a key is before it; texts end with a quote.
void JsonWriter::separate() {
  if (!json_.empty() && json_.back() != '{' && json_.back() != '[' && json_.back() != ':') json_ += ',';
}

void JsonWriter::open(char bracket) {
  separate();
  json_ += bracket;
}

void JsonWriter::close(char bracket) {
  json_ += bracket;
}

void JsonWriter::key(const std::string& name) {
  text(name);
  json_ += ':';
}

void JsonWriter::null() {
  separate();
  json_ += "null";
}

void JsonWriter::number(double value, Decimals decimals) {
  if (!std::isfinite(value)) return null();
  if (decimals.count >= 0) {
    const double scale = std::pow(10, decimals.count);
    value = std::round(value * scale) / scale;
  }
  separate();
  char digits[32];
  json_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void JsonWriter::whole(int64_t value) {
  separate();
  char digits[24];
  json_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void JsonWriter::flag(bool value) {
  separate();
  json_ += value ? "true" : "false";
}

void JsonWriter::text(const std::string& value) {
  separate();
  const auto plain = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };
  if (std::all_of(value.begin(), value.end(), plain))
    json_ += '"' + value + '"';
  else
    json_ += textOf(Json(value));
}

}  // namespace framepath::binding
