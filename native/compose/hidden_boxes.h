// What redaction hides in one tile: the boxes found last, and those that went missing a moment ago.
//
// A detector loses a face for a few frames now and then. Its box stays hidden, moves on as it moved and grows, until it
// is found again near by or has been missing for a while: better too much is hidden than a face visible.
#pragma once
#include <cstdint>
#include <vector>

#include "core/results.h"

namespace framepath::compose {

class HiddenBoxes {
 public:
  // A box that goes missing stays hidden for `holdUs`.
  explicit HiddenBoxes(int64_t holdUs = kHoldUs) : holdUs_(holdUs) {}

  // The module's result for a new picture.
  void found(int64_t nowUs, const std::vector<Box>& boxes);
  // It has none for a new picture (failed, skipped, too late): people may be anywhere.
  void noResult(int64_t nowUs);

  const std::vector<Box>& boxes() const { return boxes_; }
  // Those of them that were not found in the latest picture.
  std::vector<Box> missing() const;
  // There is no result for the picture, or it has more boxes than can be kept: all of it is hidden.
  bool blind() const { return blind_; }

  static constexpr int64_t kHoldUs = 1'200'000;
  static constexpr int kHoldPictures = 3;       // at least, whatever their rate
  static constexpr size_t kMostBoxes = 1000;    // of a picture: each is compared with each
  static constexpr size_t kMostEntries = 4000;  // with those that went missing

 private:
  struct Entry {
    Box box;
    int64_t seenUs = 0;
    int missed = 0;
    float speedX = 0, speedY = 0;  // of the centre, pixels a second
  };
  Box at(const Entry& entry, int64_t nowUs) const;
  void refresh(int64_t nowUs);

  std::vector<Entry> entries_;
  std::vector<Box> boxes_;
  int64_t holdUs_;
  int64_t nowUs_ = 0;
  bool blind_ = true;
};

}  // namespace framepath::compose
