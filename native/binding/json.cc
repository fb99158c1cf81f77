#include "binding/json.h"

#include "core/error.h"

template class nlohmann::basic_json<>;

namespace framepath::binding {

std::string textOf(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json parseJson(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) throw Error(ErrorCode::INVALID_ARGUMENT, "The options are not JSON.");
  return json;
}

}  // namespace framepath::binding
