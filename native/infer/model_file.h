// The bytes of a model file before any runtime sees them: what it is, and its hash.
#pragma once
#include <string>

namespace framepath::infer {

// Reads the file once and returns its SHA-256. Throws MODEL_NOT_FOUND, or MODEL_INVALID with what the file looks like
// when it cannot be ONNX.
std::string checkModelFile(const std::string& file);

}  // namespace framepath::infer
