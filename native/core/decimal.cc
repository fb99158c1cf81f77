#include "core/decimal.h"

#include <charconv>

namespace framepath {

double decimal(float value) {
  char text[32];
  const auto written = std::to_chars(text, text + sizeof text, value);
  double result = value;
  std::from_chars(text, written.ptr, result);
  return result;
}

}  // namespace framepath
