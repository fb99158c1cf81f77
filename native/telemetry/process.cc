#include "telemetry/process.h"

#include <sys/resource.h>

namespace framepath::telemetry {

int64_t peakRssBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

}  // namespace framepath::telemetry
