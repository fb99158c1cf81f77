// Errors on their way to JavaScript: an Error with code, hint, source and module, made a FramepathError by
// src/errors.ts.
#pragma once
#include <napi.h>

#include "core/enum_names.h"
#include "core/error.h"

namespace framepath::binding {

inline Napi::Error toJsError(Napi::Env env, const std::exception& error) {
  Napi::Error js = Napi::Error::New(env, error.what());
  const auto* known = dynamic_cast<const Error*>(&error);
  const auto set = [&](const char* key, std::string_view value) {
    if (!value.empty()) js.Set(key, Napi::String::New(env, value.data(), value.size()));
  };
  set("code", known ? errorCodeName(known->code) : errorCodeName(ErrorCode::INTERNAL));
  if (known) {
    set("hint", known->hint);
    set("source", known->source);
    set("module", known->module);
  }
  return js;
}

// INTERNAL for a name that is not in the table.
inline ErrorCode errorCodeNamed(std::string_view name) {
  return valueNamed<ErrorCode>(name).value_or(ErrorCode::INTERNAL);
}

// The Node-API call wrapper: native exceptions become JS ones.
template <typename Body>
auto guarded(Napi::Env env, Body body) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& e) {
    throw toJsError(env, e);
  }
}

}  // namespace framepath::binding
