// Rows of one source in an unlinked file: a few bytes a row on disk instead of memory.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/error.h"

namespace framepath::track {

struct SpooledRow {
  int64_t track = 0;
  float values[5] = {};  // x1, y1, x2, y2, score
};
struct SpooledFrame {
  int64_t index = 0, ptsUs = 0;
  std::vector<SpooledRow> rows;
};

// Numbers as differences to the frame before, floats as the bits that changed since the track's last row there.
class RowCode {
 public:
  void write(const SpooledFrame& frame, std::vector<uint8_t>& to);
  // Moves `at` behind the frame.
  void read(const uint8_t*& at, const uint8_t* end, SpooledFrame& frame);

 private:
  void follow(const SpooledFrame& frame);
  SpooledFrame before_;
  int64_t stepUs_ = 0;
};

// An unlinked file of this process. One thread writes; readers may be opened any time and see what was there then.
class RowSpool {
 public:
  // In `folder`, else in TMPDIR, /var/tmp or /tmp. Throws OUTPUT_UNWRITABLE.
  explicit RowSpool(const std::string& folder);
  ~RowSpool();
  RowSpool(const RowSpool&) = delete;
  RowSpool& operator=(const RowSpool&) = delete;

  // False once, when rows are lost from here on: error() has the reason.
  bool write(const SpooledFrame& frame);
  const std::optional<Error>& error() const { return error_; }

  class Reader {
   public:
    Reader() = default;              // of nothing
    bool next(SpooledFrame& frame);  // throws OUTPUT_FAILED

   private:
    friend class RowSpool;
    Reader(std::shared_ptr<const int> file, int64_t bytes, std::optional<Error> error)
        : file_(std::move(file)), left_(bytes), error_(std::move(error)) {}
    std::shared_ptr<const int> file_;
    int64_t offset_ = 0, left_ = 0;
    std::optional<Error> error_;
    std::vector<uint8_t> bytes_;
    size_t at_ = 0;
    RowCode code_;
  };
  Reader read();  // at the end throws error(), if there is one

 private:
  void flush();
  std::shared_ptr<const int> file_;
  std::string folder_;
  std::vector<uint8_t> bytes_;
  int64_t written_ = 0;
  RowCode code_;
  std::optional<Error> error_;
};

}  // namespace framepath::track
