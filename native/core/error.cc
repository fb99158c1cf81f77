#include "core/error.h"

namespace framepath {

std::string_view errorCodeName(ErrorCode code) {
  switch (code) {
#define FRAMEPATH_ERROR_NAME(name) \
  case ErrorCode::name: return #name;
    FRAMEPATH_ERROR_CODES(FRAMEPATH_ERROR_NAME)
#undef FRAMEPATH_ERROR_NAME
  }
  return "INTERNAL";
}

}  // namespace framepath
