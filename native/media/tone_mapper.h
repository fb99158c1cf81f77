// PQ and HLG pictures as SDR ones on a device.
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

  // Enqueues the work. The result has 8 bits, and layout, chroma subsampling and range of `from`. Throws
  // DEVICE_OUT_OF_MEMORY.
  Image map(Queue& queue, const ImageView& from, double peakNits);

 private:
  void prepare(Queue& queue, const ToneSource& source);

  const std::shared_ptr<Device> device_;
  std::optional<ToneSource> prepared_;
  std::shared_ptr<Memory> curves_, staged_;
  Fence used_;
};

}  // namespace framepath::media
