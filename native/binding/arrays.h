// Numbers, text and bytes on their way to JavaScript and from there.
#pragma once
#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "binding/record.h"
#include "graph/input.h"

namespace framepath::binding {

// These throw INVALID_ARGUMENT for another kind of value.
std::string text(const Napi::Value& value);
int64_t whole(const Napi::Value& value);
Napi::Uint8Array bytesOf(const Napi::Value& value);
Napi::Float64Array packedOf(const Napi::Value& value);

Napi::Value packedArray(Napi::Env env, const std::vector<double>& numbers);
// A ResultBlock of src/native.ts.
Napi::Value blockOf(Napi::Env env, const Packed& packed);
Napi::Value bytesArray(Napi::Env env, const uint8_t* bytes, size_t size);
// The forms are described at RunCallbacks in src/native.ts; undefined without an input.
Napi::Value inputArray(Napi::Env env, const graph::InputRef& input);
// CudaBlock in src/native.ts: the block of the device in which the slot lies; undefined where it lies on the host.
Napi::Value blockObject(Napi::Env env, const graph::InputRef& input, bool exported);
// Boxes that an analyzer gave, rows of BoxRow. Coordinates far outside of any frame are
// brought nearer. Throws INVALID_ARGUMENT for what is no number, and an id or track that is none.
std::shared_ptr<const People> peopleFrom(const Napi::Float64Array& packed);

}  // namespace framepath::binding
