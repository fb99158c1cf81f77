// The memory of a run's inputs as JavaScript holds it: made for a run, or mapped from a descriptor that another made.
#pragma once
#include <napi.h>

#include <memory>

#include "device/peer_memory.h"
#include "graph/shared_memory.h"

namespace framepath::binding {

class SharedInputs : public Napi::ObjectWrap<SharedInputs> {
 public:
  static Napi::Function define(Napi::Env env);
  // (fd?): without one the memory is made.
  explicit SharedInputs(const Napi::CallbackInfo& info);
  // Null unless `value` is one that was made here.
  static std::shared_ptr<graph::SharedMemory> of(const Napi::Value& value);

 private:
  Napi::Value fd(const Napi::CallbackInfo& info);
  Napi::Value view(const Napi::CallbackInfo& info);
  Napi::Value download(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  std::shared_ptr<graph::SharedMemory> memory_;  // null where only mapped
  std::shared_ptr<const graph::Mapping> mapping_;
  std::unique_ptr<PeerMemory> peers_;  // once somebody downloads
};

}  // namespace framepath::binding
