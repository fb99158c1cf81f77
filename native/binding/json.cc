#include "binding/json.h"

template class nlohmann::basic_json<>;

namespace framepath::binding {

std::string textOf(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace framepath::binding
