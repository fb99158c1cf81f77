// Text as the plan of a run, as it crosses from TypeScript.
#include "binding/json.h"
#include "binding/spec_from_json.h"
#include "fuzz.h"

using namespace framepath;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::counts().inputs++;
  fuzz::answered([&] {
    const binding::Json json = binding::parseJson(std::string(reinterpret_cast<const char*>(data), size));
    const graph::PipelineSpec spec = binding::pipelineFrom(json);
    FUZZ_CHECK(spec.inFlight >= 1 && spec.resultQueue >= 1);
    fuzz::counts().useful++;
  });
  return 0;
}
