// Every failure a user can cause: a stable code, a sentence, a hint (the next thing to do) and where it happened.
#pragma once
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace framepath {

// The closed table. src/errors.ts holds the same codes with their documentation; a test compares the two.
#define FRAMEPATH_ERROR_CODES(X) \
  X(INVALID_ARGUMENT)            \
  X(GRAPH_INVALID)               \
  X(CONFIG_INVALID)              \
  X(SOURCE_NOT_FOUND)            \
  X(SOURCE_UNREADABLE)           \
  X(SOURCE_UNSUPPORTED)          \
  X(SOURCE_TOO_LARGE)            \
  X(SOURCE_REFUSED)              \
  X(SOURCE_FAILED)               \
  X(SOURCE_CRASHED)              \
  X(DECODE_FAILED)               \
  X(ENCODER_UNAVAILABLE)         \
  X(ENCODE_FAILED)               \
  X(OUTPUT_UNWRITABLE)           \
  X(OUTPUT_FAILED)               \
  X(OUTPUT_DISK_FULL)            \
  X(RUNTIME_MISSING)             \
  X(RUNTIME_UNUSABLE)            \
  X(MODEL_NOT_FOUND)             \
  X(MODEL_INVALID)               \
  X(MODEL_UNSUPPORTED)           \
  X(MODEL_SPEC_NEEDED)           \
  X(INFERENCE_FAILED)            \
  X(MODULE_FAILED)               \
  X(MODULE_TIMEOUT)              \
  X(MODULE_CRASHED)              \
  X(MODULE_UNUSABLE)             \
  X(MODULE_CONFLICT)             \
  X(DEVICE_UNAVAILABLE)          \
  X(DEVICE_OUT_OF_MEMORY)        \
  X(DEVICE_LOST)                 \
  X(FRAME_RELEASED)              \
  X(BUSY)                        \
  X(RUN_CLOSED)                  \
  X(ABORTED)                     \
  X(CANCELLED)                   \
  X(PLATFORM_UNSUPPORTED)        \
  X(ADDON_MISSING)               \
  X(INTERNAL)

enum class ErrorCode : uint8_t {
#define FRAMEPATH_ERROR_ENUM(name) name,
  FRAMEPATH_ERROR_CODES(FRAMEPATH_ERROR_ENUM)
#undef FRAMEPATH_ERROR_ENUM
};

std::string_view errorCodeName(ErrorCode code);

// The one exception type of the native side. Caught in three places only: a lane's loop, the Node-API call wrapper, a
// test main. `source` and `module` are filled in by whoever knows them (empty = unknown).
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
