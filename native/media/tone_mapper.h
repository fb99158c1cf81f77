// PQ and HLG pictures, and SDR ones of BT.2020, as SDR ones of BT.709 on a device; and SDR ones as PQ and HLG.
#pragma once
#include <memory>
#include <optional>

#include "device/image.h"
#include "media/tone_curves.h"

namespace framepath::media {

// One thread uses it.
class ToneMapper {
 public:
  explicit ToneMapper(std::shared_ptr<Device> device) : device_(std::move(device)) {}
  ~ToneMapper();
  ToneMapper(const ToneMapper&) = delete;
  ToneMapper& operator=(const ToneMapper&) = delete;

  // Enqueue the work. The result has layout and chroma subsampling of `from`. Throw DEVICE_OUT_OF_MEMORY.
  // 8 bits, range of `from`.
  Image map(Queue& queue, const ImageView& from, double peakNits);
  // An SDR picture in 10 bits, limited range.
  Image raise(Queue& queue, const ImageView& from, ColorTransfer to);

 private:
  void prepare(Queue& queue, const ToneSource& source);

  const std::shared_ptr<Device> device_;
  std::optional<ToneSource> prepared_;
  std::shared_ptr<Memory> curves_, staged_;
  Fence used_;
};

}  // namespace framepath::media
