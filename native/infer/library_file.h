// Whether a file can be handed to dlopen without risk: the loader maps what a header claims, and a file that is cut off
// then ends the process by SIGBUS.
#pragma once
#include <optional>
#include <string>

namespace framepath::infer {

// Why the file is no whole library of this machine that defines `symbol`; nothing where it is. Runs none of its code.
// System V ABI, chapters 4 and 5.
std::optional<std::string> whyNoLibrary(const std::string& path, const std::string& symbol);

}  // namespace framepath::infer
