// Masks as COCO writes them (cocoapi, common/maskApi.c: rleToString).
#pragma once
#include <cstdint>
#include <string>

namespace framepath::infer {

// A mask read column by column, each from top to bottom: how many pixels without the object, with, without ... The text
// has six bits a character ('0' to 'o'); from the third run on it holds the difference from the run two before.
class RunLengths {
 public:
  void add(bool inside, int64_t pixels);
  // 32 pixels or fewer, the first in bit 0.
  void addBits(uint32_t bits, int32_t count);
  // Ends the mask.
  std::string text();

 private:
  void close();

  std::string text_;
  bool inside_ = false;
  int64_t run_ = 0, last_ = 0, before_ = 0;
  int64_t runs_ = 0;
};

}  // namespace framepath::infer
