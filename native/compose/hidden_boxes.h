// What redaction hides in one tile: the boxes said last, and those that went missing a moment ago.
//
// A detector loses a face for a few frames now and then. Its box stays hidden, moves on as it moved and grows, until it
// is found again near by or has been missing for a while: rather too much is hidden than a face shown.
#pragma once
#include <cstdint>
#include <vector>

#include "core/results.h"

namespace framepath::compose {

class HiddenBoxes {
 public:
  // The module spoke about a new picture.
  void spoke(int64_t nowUs, const std::vector<Box>& boxes);
  // It had nothing to say about a new picture: what it said stays hidden.
  void silent(int64_t nowUs);

  const std::vector<Box>& boxes() const { return shown_; }
  // The module never spoke, not for so long that nobody knows who is where, or of more boxes than can be kept: the
  // whole picture is hidden.
  bool blind() const { return blind_; }

  static constexpr int64_t kHoldUs = 1'200'000;
  static constexpr int kHoldPictures = 3;  // at least, whatever their rate
  static constexpr int64_t kBlindUs = 500'000;
  static constexpr size_t kMostBoxes = 1000;    // of a picture
  static constexpr size_t kMostEntries = 4000;  // with those that went missing

 private:
  struct Entry {
    Box box;
    int64_t seenUs = 0;
    int missed = 0;
    float speedX = 0, speedY = 0;  // of the centre, pixels a second
  };
  static Box at(const Entry& entry, int64_t nowUs);
  void refresh(int64_t nowUs);

  std::vector<Entry> entries_;
  std::vector<Box> shown_;
  int64_t spokeUs_ = -1;
  bool blind_ = true;
};

}  // namespace framepath::compose
