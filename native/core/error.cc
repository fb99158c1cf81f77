#include "core/error.h"

#include "core/enum_names.h"

namespace framepath {

std::string_view errorCodeName(ErrorCode code) {
  return nameOf(code);
}

}  // namespace framepath
