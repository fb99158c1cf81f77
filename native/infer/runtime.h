// ONNX Runtime, opened at run time: never linked.
#pragma once
#include <memory>
#include <string>
#include <vector>

namespace framepath::infer {

struct RuntimeInfo {
  std::string path;
  std::string version;
  std::vector<std::string> tried;  // "path: why not", for the report and doctor
};

class Runtime {
 public:
  virtual ~Runtime() = default;
  virtual const RuntimeInfo& info() const = 0;
};

// Opens the first of `libraries` that works (paths or sonames). One library per process: later calls with the library
// that is already open return it; with another, RUNTIME_UNUSABLE. Throws RUNTIME_MISSING (names all that was tried).
std::shared_ptr<Runtime> openRuntime(const std::vector<std::string>& libraries);

}  // namespace framepath::infer
