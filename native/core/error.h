// Every failure a user can cause: a stable code (schema/errors.mjs), a sentence, a hint (the next thing to do) and
// where it happened.
#pragma once
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

#include "generated/error_codes.h"

namespace framepath {

std::string_view errorCodeName(ErrorCode code);

// A name as sentences show it.
inline std::string quoted(const std::string& name) {
  return '"' + name + '"';
}

// The one exception type of the native side. Caught in three places only: a lane's loop, the Node-API call wrapper, a
// test main. `source` and `module` are filled in where they are known (empty = unknown).
class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string sentence, std::string hint = {})
      : code(code), sentence(std::move(sentence)), hint(std::move(hint)) {}

  const char* what() const noexcept override { return sentence.c_str(); }

  ErrorCode code;
  std::string sentence;
  std::string hint;
  std::string source;
  std::string module;
};

}  // namespace framepath
