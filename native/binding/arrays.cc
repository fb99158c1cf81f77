#include "binding/arrays.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace framepath::binding {

std::string text(const Napi::Value& value) {
  if (!value.IsString()) throw Error(ErrorCode::INVALID_ARGUMENT, "Expected a string.");
  return value.As<Napi::String>().Utf8Value();
}
int64_t whole(const Napi::Value& value) {
  if (!value.IsNumber()) throw Error(ErrorCode::INVALID_ARGUMENT, "Expected a number.");
  return value.As<Napi::Number>().Int64Value();
}
namespace {

// A typed array of another kind has the same class in Node-API: its elements would be read as what they are not.
template <typename Array>
Array typed(const Napi::Value& value, napi_typedarray_type type, const char* expected) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type)
    throw Error(ErrorCode::INVALID_ARGUMENT, std::string("Expected a ") + expected + ".");
  return value.As<Array>();
}

}  // namespace

// A Buffer is a Uint8Array too.
Napi::Uint8Array bytesOf(const Napi::Value& value) {
  return typed<Napi::Uint8Array>(value, napi_uint8_array, "Uint8Array");
}
Napi::Float64Array wordsOf(const Napi::Value& value) {
  return typed<Napi::Float64Array>(value, napi_float64_array, "Float64Array");
}

double decimal(float value) {
  char text[32];
  const auto written = std::to_chars(text, text + sizeof text, value);
  double result = value;
  std::from_chars(text, written.ptr, result);
  return result;
}

Napi::Value jsonText(Napi::Env env, const Json& json) {
  return Napi::String::New(env, textOf(json));
}

Napi::Value wordsArray(Napi::Env env, const std::vector<double>& words) {
  Napi::Float64Array array = Napi::Float64Array::New(env, words.size());
  std::copy(words.begin(), words.end(), array.Data());
  return array;
}

namespace {

std::vector<double> windowWords(const graph::Input& input) {
  std::vector<double> words{0, 0};
  for (const graph::TrackWindow& window : input.windows) {
    const graph::Picture& picture = window.frames.front()->pictures.front();
    words.insert(words.end(),
                 {static_cast<double>(window.track), static_cast<double>(window.item), decimal(window.box.x1),
                  decimal(window.box.y1), decimal(window.box.x2), decimal(window.box.y2), window.fresh ? 1.0 : 0.0,
                  static_cast<double>(picture.width), static_cast<double>(picture.height),
                  static_cast<double>(picture.bytes), static_cast<double>(window.frames.size())});
    for (const graph::InputRef& frame : window.frames)
      words.insert(words.end(), {static_cast<double>(frame->slot->offset), static_cast<double>(frame->slot->capacity)});
  }
  return words;
}

}  // namespace

Napi::Value inputArray(Napi::Env env, const graph::InputRef& input) {
  if (!input) return env.Undefined();
  if (!input->windows.empty()) return wordsArray(env, windowWords(*input));
  std::vector<double> words{0, 0};
  const auto lies = [&](const auto& slot) {
    if (slot) words = {static_cast<double>(slot->offset), static_cast<double>(slot->capacity)};
  };
  lies(input->slot);
  lies(input->onDevice);
  for (const graph::Picture& picture : input->pictures)
    words.insert(words.end(), {static_cast<double>(picture.offset), static_cast<double>(picture.bytes),
                               static_cast<double>(picture.width), static_cast<double>(picture.height),
                               decimal(picture.box.x1), decimal(picture.box.y1), decimal(picture.box.x2),
                               decimal(picture.box.y2), static_cast<double>(picture.item)});
  return wordsArray(env, words);
}

namespace {

// Throws INVALID_ARGUMENT unless it is a whole number that every double of its size can tell from its neighbours.
int64_t wholeWord(double word, double most) {
  if (!(std::abs(word) <= most) || std::trunc(word) != word)
    throw Error(ErrorCode::INVALID_ARGUMENT, "A box has a track or an id that is no whole number.");
  return static_cast<int64_t>(word);
}

// Throws INVALID_ARGUMENT for what is no number.
float finiteWord(double word, double most) {
  if (!std::isfinite(word))
    throw Error(ErrorCode::INVALID_ARGUMENT, "A box has a coordinate or score that is no number.");
  return static_cast<float>(std::clamp(word, -most, most));
}

constexpr size_t kBoxWords = 7;
constexpr double kMostTrack = 9007199254740991;  // 2^53 - 1
constexpr double kMostId = std::numeric_limits<int32_t>::max();
constexpr double kFarOut = 1e6;  // further than any frame goes, and safe to count with in 32 bits

}  // namespace

std::shared_ptr<const People> peopleFrom(const Napi::Float64Array& words) {
  const size_t count = words.ElementLength() / kBoxWords;
  if (words.ElementLength() % kBoxWords != 0)
    throw Error(ErrorCode::INVALID_ARGUMENT, "Boxes have " + std::to_string(kBoxWords) + " numbers each.");
  auto people = std::make_shared<People>();
  people->items.reserve(count);
  const double* word = words.Data();
  for (size_t i = 0; i < count; i++, word += kBoxWords) {
    Person person;
    person.track = wholeWord(word[0], kMostTrack);
    person.id = static_cast<int32_t>(wholeWord(word[1], kMostId));
    const auto coordinate = [&](size_t at) { return finiteWord(word[at], kFarOut); };
    person.box = {coordinate(2), coordinate(3), coordinate(4), coordinate(5)};
    person.score = finiteWord(word[6], std::numeric_limits<float>::max());
    person.detection = static_cast<int32_t>(i);  // it was seen
    people->items.push_back(person);
  }
  return people;
}

Napi::Value bytesArray(Napi::Env env, const uint8_t* bytes, size_t size) {
  Napi::Uint8Array array = Napi::Uint8Array::New(env, size);
  std::copy(bytes, bytes + size, array.Data());
  return array;
}

Napi::Value blockObject(Napi::Env env, const graph::InputRef& input, bool exported) {
  if (!input || !input->onDevice) return env.Undefined();
  const graph::DeviceSlots::Slot& slot = *input->onDevice;
  Napi::Object block = Napi::Object::New(env);
  block["device"] = Napi::Number::New(env, slot.slots->gpu());
  block["pid"] = Napi::Number::New(env, getpid());
  if (exported) {
    const ExportHandle handle = slot.slots->handle(slot);
    block["handle"] = bytesArray(env, handle.data(), handle.size());
  } else {
    block["pointer"] = Napi::BigInt::New(env, reinterpret_cast<uint64_t>(slot.block.memory->data));
  }
  return block;
}

}  // namespace framepath::binding
