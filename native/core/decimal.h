#pragma once

namespace framepath {

// The double that is written as the float is: 0.8, not 0.800000011920929.
double decimal(float value);

}  // namespace framepath
