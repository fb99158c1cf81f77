#include "binding/arrays.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

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
Napi::Value jsonText(Napi::Env env, const nlohmann::json& json) {
  return Napi::String::New(env, json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
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
    words.insert(words.end(), {static_cast<double>(window.track), static_cast<double>(window.item), window.box.x1,
                               window.box.y1, window.box.x2, window.box.y2, window.fresh ? 1.0 : 0.0,
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
                               static_cast<double>(picture.width), static_cast<double>(picture.height), picture.box.x1,
                               picture.box.y1, picture.box.x2, picture.box.y2, static_cast<double>(picture.item)});
  return wordsArray(env, words);
}

namespace {

template <typename T>
T number(double value, const char* what) {
  constexpr double kMost = std::is_integral_v<T> ? 9007199254740992 : 1e30;
  if (!(std::abs(value) <= std::min(kMost, static_cast<double>(std::numeric_limits<T>::max()))))
    throw Error(ErrorCode::INVALID_ARGUMENT, std::string("A number of ") + what + " is out of range.");
  return static_cast<T>(value);
}

}  // namespace

std::shared_ptr<const People> peopleFrom(const Napi::Float64Array& words) {
  auto people = std::make_shared<People>();
  for (size_t at = 0; at + 7 <= words.ElementLength(); at += 7) {
    Person person;
    person.track = number<int64_t>(words[at], "a track");
    person.id = number<int32_t>(words[at + 1], "an id");
    const auto coordinate = [&](size_t i) { return number<float>(words[at + i], "a box"); };
    person.box = {coordinate(2), coordinate(3), coordinate(4), coordinate(5)};
    person.score = coordinate(6);
    person.detection = static_cast<int32_t>(people->items.size());  // it was seen
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
