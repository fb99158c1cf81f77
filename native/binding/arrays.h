// Numbers, text and bytes on their way to JavaScript and from there.
#pragma once
#include <napi.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "graph/input.h"

namespace framepath::binding {

// These throw INVALID_ARGUMENT for another kind of value.
std::string text(const Napi::Value& value);
int64_t whole(const Napi::Value& value);
std::string dumped(const nlohmann::json& json);  // any thread; what is no UTF-8 is replaced
Napi::Value jsonText(Napi::Env env, const nlohmann::json& json);

Napi::Value wordsArray(Napi::Env env, const std::vector<double>& words);
Napi::Value bytesArray(Napi::Env env, const uint8_t* bytes, size_t size);
// The forms are described at RunCallbacks in src/native.ts; undefined without an input.
Napi::Value inputArray(Napi::Env env, const graph::InputRef& input);
// CudaBlock in src/native.ts: the block of the device in which the slot lies; undefined where it lies on the host.
Napi::Value blockObject(Napi::Env env, const graph::InputRef& input, bool exported);
// Rows of track, id, x1, y1, x2, y2, score: boxes that an analyzer gave.
std::shared_ptr<const People> peopleFrom(const Napi::Float64Array& words);

}  // namespace framepath::binding
