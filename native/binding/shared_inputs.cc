#include "binding/shared_inputs.h"

#include <algorithm>

#include "binding/arrays.h"
#include "binding/js_error.h"

namespace framepath::binding {
namespace {

constexpr napi_type_tag kTag = {0x6b1f0c59d2ae4e0bULL, 0x9d83fa7c1e5547a2ULL};

}  // namespace

Napi::Function SharedInputs::define(Napi::Env env) {
  return DefineClass(
      env, "SharedInputs",
      {InstanceAccessor<&SharedInputs::fd>("fd"), InstanceMethod<&SharedInputs::view>("view"),
       InstanceMethod<&SharedInputs::download>("download"), InstanceMethod<&SharedInputs::close>("close")});
}

SharedInputs::SharedInputs(const Napi::CallbackInfo& info) : Napi::ObjectWrap<SharedInputs>(info) {
  guarded(info.Env(), [&] {
    if (info[0].IsNumber()) {
      mapping_ = graph::SharedMemory::mapped(info[0].As<Napi::Number>().Int32Value());
    } else {
      memory_ = graph::SharedMemory::open();
      mapping_ = memory_->mapping();
    }
    info.This().As<Napi::Object>().TypeTag(&kTag);
  });
}

std::shared_ptr<graph::SharedMemory> SharedInputs::of(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTag)) return nullptr;
  return Unwrap(value.As<Napi::Object>())->memory_;
}

Napi::Value SharedInputs::fd(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), memory_ ? memory_->fd() : -1);
}

// (offset, capacity) of a slot: an ArrayBuffer of its pages, not of the gigabytes around them, which V8 would count.
Napi::Value SharedInputs::view(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    if (!info[0].IsNumber() || !info[1].IsNumber())
      throw Error(ErrorCode::INVALID_ARGUMENT, "Expected an offset and a capacity.");
    if (!mapping_) throw Error(ErrorCode::RUN_CLOSED, "The run is closed, and its pixels are gone.");
    const int64_t offset = info[0].As<Napi::Number>().Int64Value();
    const int64_t capacity = info[1].As<Napi::Number>().Int64Value();
    const auto bytes = static_cast<int64_t>(mapping_->bytes());
    if (offset < 0 || capacity < 1 || capacity > bytes || offset > bytes - capacity)
      throw Error(ErrorCode::INVALID_ARGUMENT, "The slot lies outside the shared memory.");
    using Owner = std::shared_ptr<const graph::Mapping>;
    return Napi::ArrayBuffer::New(
        info.Env(), mapping_->data() + offset, static_cast<size_t>(capacity),
        [](Napi::Env, void*, Owner* owner) { delete owner; }, new Owner(mapping_));
  });
}

// (device, bytes, address or handle, offset in the handle's block): a copy.
Napi::Value SharedInputs::download(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const bool byHandle = info[2].IsTypedArray();
    if (!info[0].IsNumber() || !info[1].IsNumber() || !(byHandle || info[2].IsBigInt()) || !info[3].IsNumber())
      throw Error(ErrorCode::INVALID_ARGUMENT, "Expected a device, a size, an address or a handle, and an offset.");
    if (!mapping_) throw Error(ErrorCode::RUN_CLOSED, "The run is closed, and its pixels are gone.");
    if (!peers_) peers_ = std::make_unique<PeerMemory>();
    const int32_t gpu = info[0].As<Napi::Number>().Int32Value();
    const auto size = static_cast<size_t>(std::max<int64_t>(0, info[1].As<Napi::Number>().Int64Value()));
    const auto offset = static_cast<size_t>(std::max<int64_t>(0, info[3].As<Napi::Number>().Int64Value()));
    std::vector<uint8_t> bytes;
    if (byHandle) {
      const Napi::Uint8Array given = bytesOf(info[2]);
      ExportHandle handle{};
      if (given.ByteLength() != handle.size()) throw Error(ErrorCode::INVALID_ARGUMENT, "A handle has 64 bytes.");
      std::copy_n(given.Data(), handle.size(), handle.begin());
      bytes = peers_->read(gpu, handle, offset, size);
    } else {
      bool lossless = false;
      bytes = peers_->read(gpu, info[2].As<Napi::BigInt>().Uint64Value(&lossless), size);
    }
    return bytesArray(info.Env(), bytes.data(), bytes.size());
  });
}

// Hosts have ended. The pages go with the run, not when the garbage collector comes by.
void SharedInputs::close(const Napi::CallbackInfo&) {
  if (memory_) memory_->mappedByNobody();
  memory_.reset();
  mapping_.reset();
  peers_.reset();
}

}  // namespace framepath::binding
