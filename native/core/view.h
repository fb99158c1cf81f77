// What pixels and tensors look like in memory. Plain data without STL: kernels take these by value on every device.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "generated/core_enums.h"

namespace framepath {

enum class PixelLayout : uint8_t { planarYuv, semiPlanarYuv, rgb, gray };

// One description instead of a list of formats.
//   planarYuv     planes Y, U, V            semiPlanarYuv  planes Y, interleaved UV (NV12, P010)
//   rgb           one packed plane          gray           one plane
// Samples are 1 byte at depth 8, else 2 bytes little endian; `msbAligned`: the value sits in the high bits (P010).
struct PixelFormat {
  PixelLayout layout = PixelLayout::planarYuv;
  uint8_t chromaShiftX = 1;  // log2 of the horizontal chroma subsampling
  uint8_t chromaShiftY = 1;
  uint8_t depth = 8;       // significant bits, 8..16
  uint8_t components = 3;  // rgb: 3 or 4 samples a pixel (the 4th is ignored)
  bool bgr = false;        // rgb: order B, G, R
  bool msbAligned = false;

  friend constexpr bool operator==(const PixelFormat&, const PixelFormat&) = default;
};

namespace pixelFormat {
inline constexpr PixelFormat yuv420p{PixelLayout::planarYuv, 1, 1, 8, 3, false, false};
inline constexpr PixelFormat yuv422p{PixelLayout::planarYuv, 1, 0, 8, 3, false, false};
inline constexpr PixelFormat yuv444p{PixelLayout::planarYuv, 0, 0, 8, 3, false, false};
inline constexpr PixelFormat nv12{PixelLayout::semiPlanarYuv, 1, 1, 8, 3, false, false};
inline constexpr PixelFormat yuv420p10{PixelLayout::planarYuv, 1, 1, 10, 3, false, false};
inline constexpr PixelFormat p010{PixelLayout::semiPlanarYuv, 1, 1, 10, 3, false, true};
inline constexpr PixelFormat rgb24{PixelLayout::rgb, 0, 0, 8, 3, false, false};
inline constexpr PixelFormat bgr24{PixelLayout::rgb, 0, 0, 8, 3, true, false};
inline constexpr PixelFormat rgba{PixelLayout::rgb, 0, 0, 8, 4, false, false};
inline constexpr PixelFormat gray8{PixelLayout::gray, 0, 0, 8, 1, false, false};
}  // namespace pixelFormat

enum class ColorMatrix : uint8_t { bt601, bt709, bt2020 };
enum class ColorRange : uint8_t { limited, full };
// SDR stands for every curve of a display of limited range (BT.1886, sRGB, ...); pq: SMPTE ST 2084, hlg: ARIB STD-B67.
enum class ColorTransfer : uint8_t { sdr, pq, hlg };
enum class ColorPrimaries : uint8_t { bt709, bt2020 };

struct Plane {
  uint8_t* data = nullptr;
  int32_t pitchBytes = 0;
};

// Pixels on one device; does not own. Width and height are stored samples of plane 0.
struct ImageView {
  Plane planes[3];
  int32_t width = 0;
  int32_t height = 0;
  PixelFormat format;
  ColorMatrix matrix = ColorMatrix::bt709;
  ColorRange range = ColorRange::limited;
  ColorTransfer transfer = ColorTransfer::sdr;  // of frames always sdr, others are in Frame::hdr
  ColorPrimaries primaries = ColorPrimaries::bt709;
};

enum class ElementType : uint8_t { float32, float16, uint8, int32, int64 };

// A dense tensor on one device; does not own. dims[0] is the batch.
struct TensorView {
  void* data = nullptr;
  ElementType type = ElementType::float32;
  int32_t rank = 0;
  int64_t dims[8] = {};
};

}  // namespace framepath
