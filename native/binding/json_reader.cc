#include "binding/json_reader.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "binding/json.h"
#include "core/error.h"

namespace framepath::binding {
namespace {

[[noreturn]] void unfit(const std::string& expected, const Value& value) {
  const std::string path = value.path();
  throw Error(ErrorCode::INVALID_ARGUMENT, "Expected " + expected + " for " + (path.empty() ? "the options" : path) +
                                               " but received " + textOf(value.json).substr(0, 80) + ".");
}

std::string listed(std::span<const char* const> names) {
  std::string all;
  for (const char* name : names) all += (all.empty() ? "" : ", ") + std::string(name);
  return all;
}

// As TypeScript has it: 5, 0.5
std::string numberText(double value) {
  return textOf(value == std::trunc(value) ? Json(static_cast<int64_t>(value)) : Json(value));
}

// `most`: what bounds every number; a range up to there has no end worth mentioning.
template <typename T>
void takeNumber(const Value& from, T& to, Range range, double most) {
  constexpr bool kWhole = std::is_integral_v<T>;
  const bool fits = kWhole ? from.json.is_number_integer() : from.json.is_number();
  const double number = from.json.is_number() ? from.json.get<double>() : NAN;
  if (fits || (kWhole && number == std::trunc(number))) {
    if (number >= range.min && number <= range.max) {
      to = static_cast<T>(number);
      return;
    }
  }
  const bool open = range.max >= most && !(number > range.max);
  unfit(std::string(kWhole ? "an integer " : "a number ") +
            (open ? "of at least " + numberText(range.min)
                  : "between " + numberText(range.min) + " and " + numberText(range.max)),
        from);
}

constexpr double kMostInteger = std::numeric_limits<int32_t>::max();

}  // namespace

std::string Value::path() const {
  const std::string before = parent ? parent->path() : "";
  if (!key) return parent ? before + "[" + std::to_string(index) + "]" : "";
  return before.empty() ? key : before + "." + key;
}

Level Value::level() const {
  const Value* outermost = this;
  while (outermost->parent) outermost = outermost->parent;
  if (outermost->levels && !outermost->levels->empty())
    if (const auto level = outermost->levels->find(path()); level != outermost->levels->end()) return level->second;
  return {DecidedBy::call, "call"};
}

const Json* find(const Value& from, const char* key) {
  const auto it = from.json.find(key);
  return it == from.json.end() || it->is_null() ? nullptr : &*it;
}

const Json& need(const Value& from, const char* key) {
  if (const Json* json = find(from, key)) return *json;
  const std::string path = from.path();
  throw Error(ErrorCode::INVALID_ARGUMENT,
              "Expected " + (path.empty() ? "" : path + ".") + key + ", which is missing.");
}

void only(const Value& from, std::initializer_list<const char*> keys) {
  if (!from.json.is_object()) unfit("an object", from);
  for (const auto& item : from.json.items()) {
    const std::string& key = item.key();
    const auto same = [&](const char* known) { return key == known; };
    if (std::any_of(keys.begin(), keys.end(), same)) continue;
    const Json unknown = key;
    unfit("one of the options " + listed({keys.begin(), keys.size()}),
          Value{unknown, from.parent, from.key, from.index});
  }
}

size_t indexOfName(const Value& from, std::span<const char* const> names) {
  if (from.json.is_string()) {
    const std::string& name = from.json.get_ref<const std::string&>();
    for (size_t i = 0; i < names.size(); i++)
      if (name == names[i]) return i;
  }
  unfit("one of " + listed(names), from);
}

size_t kindOf(const Value& from, const char* key, std::span<const char* const> kinds) {
  if (!from.json.is_object()) unfit("an object", from);
  return indexOfName(Value{need(from, key), &from, key}, kinds);
}

size_t sizeOf(const Value& from, Size size) {
  if (from.json.is_array() && from.json.size() >= size.min && from.json.size() <= size.max) return from.json.size();
  const std::string least = std::to_string(size.min), most = std::to_string(size.max);
  unfit("an array" + (size.min == size.max   ? " of " + least
                      : size.max != kAnySize ? " of " + least + " to " + most
                      : size.min > 0         ? " of at least " + least
                                             : std::string()),
        from);
}

Value itemOf(const Value& list, size_t index) {
  return {list.json[index], &list, nullptr, index};
}

std::map<std::string, std::string> textsOf(const Value& from, std::span<const char* const> keys) {
  if (!from.json.is_object()) unfit("an object", from);
  std::map<std::string, std::string> texts;
  for (const auto& [key, value] : from.json.items()) {
    const Json name = key;
    indexOfName(Value{name, &from, "a name"}, keys);
    take(Value{value, &from, key.c_str()}, texts[key]);
  }
  return texts;
}

void take(const Value& from, bool& to) {
  if (!from.json.is_boolean()) unfit("a boolean", from);
  to = from.json.get<bool>();
}

void take(const Value& from, std::string& to) {
  if (!from.json.is_string()) unfit("a string", from);
  to = from.json.get<std::string>();
}

void take(const Value& from, int32_t& to, Range range) {
  takeNumber(from, to, range, kMostInteger);
}
void take(const Value& from, int64_t& to, Range range) {
  takeNumber(from, to, range, kMostInteger);
}
void take(const Value& from, double& to, Range range) {
  takeNumber(from, to, range, kMostNumber);
}
void take(const Value& from, float& to, Range range) {
  takeNumber(from, to, range, kMostNumber);
}

}  // namespace framepath::binding
