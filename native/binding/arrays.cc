#include "binding/arrays.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "binding/packed_rows.h"
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
Napi::Float64Array packedOf(const Napi::Value& value) {
  return typed<Napi::Float64Array>(value, napi_float64_array, "Float64Array");
}

Napi::Value packedArray(Napi::Env env, const std::vector<double>& numbers) {
  Napi::Float64Array array = Napi::Float64Array::New(env, numbers.size());
  std::copy(numbers.begin(), numbers.end(), array.Data());
  return array;
}

namespace {

std::vector<double> packedWindows(const graph::Input& input) {
  std::vector<double> numbers;
  append(numbers, schema::SlotRow{.slot = 0, .capacity = 0});
  for (const graph::TrackWindow& window : input.windows) {
    const graph::Picture& picture = window.frames.front()->pictures.front();
    append(numbers, schema::WindowRow{.track = window.track,
                                      .index = window.item,
                                      .x1 = decimal(window.box.x1),
                                      .y1 = decimal(window.box.y1),
                                      .x2 = decimal(window.box.x2),
                                      .y2 = decimal(window.box.y2),
                                      .fresh = window.fresh ? 1 : 0,
                                      .width = picture.width,
                                      .height = picture.height,
                                      .bytes = picture.bytes,
                                      .count = window.frames.size()});
    for (const graph::InputRef& frame : window.frames)
      append(numbers, schema::SlotRow{.slot = frame->slot->offset, .capacity = frame->slot->capacity});
  }
  return numbers;
}

std::vector<double> packedPictures(const graph::Input& input) {
  std::vector<double> numbers;
  const auto slot = [&](const auto& found) {
    append(numbers, schema::SlotRow{.slot = found->offset, .capacity = found->capacity});
  };
  if (input.onDevice)
    slot(input.onDevice);
  else if (input.slot)
    slot(input.slot);
  else
    append(numbers, schema::SlotRow{.slot = 0, .capacity = 0});
  for (const graph::Picture& picture : input.pictures)
    append(numbers, schema::PictureRow{.offset = picture.offset,
                                       .bytes = picture.bytes,
                                       .width = picture.width,
                                       .height = picture.height,
                                       .x1 = decimal(picture.box.x1),
                                       .y1 = decimal(picture.box.y1),
                                       .x2 = decimal(picture.box.x2),
                                       .y2 = decimal(picture.box.y2),
                                       .index = picture.item});
  return numbers;
}

}  // namespace

Napi::Value inputArray(Napi::Env env, const graph::InputRef& input) {
  if (!input) return env.Undefined();
  return packedArray(env, input->windows.empty() ? packedPictures(*input) : packedWindows(*input));
}

namespace {

// Throws INVALID_ARGUMENT unless it is a whole number that a double holds exactly, and its neighbours too.
int64_t wholeNumber(double number, double most) {
  if (!(std::abs(number) <= most) || std::trunc(number) != number)
    throw Error(ErrorCode::INVALID_ARGUMENT, "A box has a track or an id that is no whole number.");
  return static_cast<int64_t>(number);
}

// Throws INVALID_ARGUMENT for what is no number.
float finiteNumber(double number, double most) {
  if (!std::isfinite(number))
    throw Error(ErrorCode::INVALID_ARGUMENT, "A box has a coordinate or score that is no number.");
  return static_cast<float>(std::clamp(number, -most, most));
}

constexpr double kMostTrack = 9007199254740991;  // 2^53 - 1
constexpr double kMostId = std::numeric_limits<int32_t>::max();
constexpr double kFarOut = 1e6;  // further than any frame goes, and safe to count with in 32 bits

}  // namespace

std::shared_ptr<const People> peopleFrom(const Napi::Float64Array& packed) {
  constexpr size_t kNumbers = schema::BoxRow::kSize;
  const size_t count = packed.ElementLength() / kNumbers;
  if (packed.ElementLength() % kNumbers != 0)
    throw Error(ErrorCode::INVALID_ARGUMENT, "Boxes have " + std::to_string(kNumbers) + " numbers each.");
  auto people = std::make_shared<People>();
  people->items.reserve(count);
  const auto coordinate = [](const Required<double>& given) { return finiteNumber(given.value, kFarOut); };
  for (size_t i = 0; i < count; i++) {
    const auto row = rowAt<schema::BoxRow>(packed.Data() + i * kNumbers);
    Person person;
    person.track = wholeNumber(row.track.value, kMostTrack);
    person.id = static_cast<int32_t>(wholeNumber(row.id.value, kMostId));
    person.box = {coordinate(row.x1), coordinate(row.y1), coordinate(row.x2), coordinate(row.y2)};
    person.score = finiteNumber(row.score.value, std::numeric_limits<float>::max());
    person.detection = static_cast<int32_t>(i);  // it was seen
    people->items.push_back(person);
  }
  return people;
}

Napi::Value blockOf(Napi::Env env, const Packed& packed) {
  Napi::Object block = Napi::Object::New(env);
  block["packed"] = packedArray(env, packed.numbers);
  if (!packed.text.empty())
    block["text"] = bytesArray(env, reinterpret_cast<const uint8_t*>(packed.text.data()), packed.text.size());
  return block;
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
