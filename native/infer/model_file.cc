#include "infer/model_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "infer/sha256.h"

namespace framepath::infer {
namespace {

constexpr const char* kOnnxHint = "Give the path of an .onnx file, or a registry name (framepath models lists them).";

bool startsWith(std::string_view head, std::string_view magic) {
  return head.substr(0, magic.size()) == magic;
}

bool isText(std::string_view head) {
  for (const char c : head)
    if (static_cast<unsigned char>(c) < 9 || (c > 13 && c < 32 && c != 27)) return false;
  return true;
}

// What a file that is not ONNX looks like; empty = may be ONNX. An ONNX file is a protobuf message whose first field is
// almost always ir_version (tag 0x08, a small number) and which has no magic number of its own.
std::string otherKind(std::string_view head) {
  if (startsWith(head, "version https://git-lfs")) return "a Git LFS pointer (the model itself was not fetched)";
  if (startsWith(head, "<!DOCTYPE") || startsWith(head, "<!doctype") || startsWith(head, "<html") ||
      startsWith(head, "<HTML"))
    return "an HTML page (a download that went wrong?)";
  if (startsWith(head, "PK\x03\x04")) return "a zip archive (or a PyTorch file)";
  if (startsWith(head, "\x1f\x8b")) return "a gzip archive";
  if (startsWith(head, "\x89HDF")) return "an HDF5 file (Keras)";
  if (startsWith(head, "\x80\x02") || startsWith(head, "\x80\x04")) return "a Python pickle (PyTorch)";
  if (startsWith(head,
                 "\x7f"
                 "ELF"))
    return "a program or library (ELF)";
  if (startsWith(head, "\x89PNG") || startsWith(head, "\xff\xd8\xff")) return "a picture";
  if (head.size() > 8 && head.substr(4, 4) == "TFL3") return "a TensorFlow Lite model";
  if (head.size() > 8 && head.substr(4, 4) == "ORTM") return {};  // ONNX Runtime's own format: the runtime reads it
  if (head.size() > 8 && head.substr(4, 4) == "ftyp") return "an MP4 file";
  if (startsWith(head, "{") && isText(head)) return "JSON text (a TensorFlow.js model?)";
  if (isText(head)) return "text";
  return {};
}

struct CloseFile {
  void operator()(FILE* file) const { std::fclose(file); }
};

}  // namespace

std::string checkModelFile(const std::string& file) {
  struct stat info;
  if (file.empty() || stat(file.c_str(), &info) != 0)
    throw Error(ErrorCode::MODEL_NOT_FOUND, "The model file \"" + file + "\" does not exist.", kOnnxHint);
  if (S_ISDIR(info.st_mode))
    throw Error(ErrorCode::MODEL_INVALID, "The model \"" + file + "\" is a directory.", kOnnxHint);
  if (!S_ISREG(info.st_mode))
    throw Error(ErrorCode::MODEL_INVALID, "The model \"" + file + "\" is not a regular file.", kOnnxHint);
  const std::unique_ptr<FILE, CloseFile> handle(std::fopen(file.c_str(), "rb"));
  if (!handle)
    throw Error(ErrorCode::MODEL_NOT_FOUND,
                "The model file \"" + file + "\" cannot be read: " + std::strerror(errno) + ".",
                "Check the file's permissions.");
  Sha256 hash;
  std::vector<char> buffer(size_t{1} << 18);
  size_t total = 0;
  while (const size_t count = std::fread(buffer.data(), 1, buffer.size(), handle.get())) {
    if (total == 0) {
      const std::string kind = otherKind({buffer.data(), count < 512 ? count : 512});
      if (!kind.empty())
        throw Error(ErrorCode::MODEL_INVALID, "The model \"" + file + "\" is not ONNX: it looks like " + kind + ".",
                    kOnnxHint);
    }
    total += count;
    hash.add(buffer.data(), count);
  }
  if (std::ferror(handle.get()))
    throw Error(ErrorCode::MODEL_INVALID, "Reading the model \"" + file + "\" failed.", "Check the disk.");
  if (total == 0) throw Error(ErrorCode::MODEL_INVALID, "The model \"" + file + "\" is an empty file.", kOnnxHint);
  return hash.finish();
}

}  // namespace framepath::infer
