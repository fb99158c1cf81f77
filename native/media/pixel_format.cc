#include "media/pixel_format.h"

#include <algorithm>

namespace framepath::media {
namespace {

constexpr uint64_t kNeverExpressed = AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_HWACCEL |
                                     AV_PIX_FMT_FLAG_FLOAT | AV_PIX_FMT_FLAG_BAYER;

std::optional<PixelFormat> packedRgb(const AVPixFmtDescriptor& d, PixelFormat base, int bytes) {
  const AVComponentDescriptor* c = d.comp;
  const int components = c[0].step / bytes;
  if (d.flags & AV_PIX_FMT_FLAG_PLANAR || (components != 3 && components != 4)) return {};
  for (int i = 0; i < 3; i++)
    if (c[i].step != components * bytes || c[i].shift != 0) return {};
  const bool rgb = c[0].offset == 0 && c[1].offset == bytes && c[2].offset == 2 * bytes;
  const bool bgr = c[2].offset == 0 && c[1].offset == bytes && c[0].offset == 2 * bytes;
  if (!rgb && !bgr) return {};
  base.layout = PixelLayout::rgb;
  base.chromaShiftX = base.chromaShiftY = 0;
  base.components = static_cast<uint8_t>(components);
  base.bgr = bgr;
  return base;
}

std::optional<PixelFormat> planarOrInterleavedYuv(const AVPixFmtDescriptor& d, PixelFormat base, int bytes) {
  const AVComponentDescriptor* c = d.comp;
  if (!(d.flags & AV_PIX_FMT_FLAG_PLANAR) || c[0].step != bytes || c[0].plane != 0) return {};
  if (c[1].plane == 1 && c[2].plane == 2 && c[1].step == bytes && c[2].step == bytes && c[0].shift == 0) {
    base.layout = PixelLayout::planarYuv;
    return base;
  }
  const bool interleaved = c[1].plane == 1 && c[2].plane == 1 && c[1].step == 2 * bytes;
  if (!interleaved || c[1].offset != 0 || c[2].offset != bytes) return {};
  if (c[0].shift != 0 && c[0].shift != 16 - c[0].depth) return {};
  base.layout = PixelLayout::semiPlanarYuv;
  base.msbAligned = c[0].shift != 0;
  return base;
}

bool isXyz(AVPixelFormat format) {
  return format == AV_PIX_FMT_XYZ12LE || format == AV_PIX_FMT_XYZ12BE;
}

AVPixelFormat yuvOf(int depth, int shiftX, int shiftY) {
  using Row = struct {
    int depth;
    AVPixelFormat p420, p422, p444;
  };
  static constexpr Row rows[] = {
      {8, AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUV444P},
      {10, AV_PIX_FMT_YUV420P10LE, AV_PIX_FMT_YUV422P10LE, AV_PIX_FMT_YUV444P10LE},
      {12, AV_PIX_FMT_YUV420P12LE, AV_PIX_FMT_YUV422P12LE, AV_PIX_FMT_YUV444P12LE},
      {16, AV_PIX_FMT_YUV420P16LE, AV_PIX_FMT_YUV422P16LE, AV_PIX_FMT_YUV444P16LE},
  };
  for (const Row& row : rows) {
    if (depth > row.depth) continue;
    if (shiftX == 0) return row.p444;  // 4:4:0 becomes 4:4:4: nothing is lost
    return shiftY == 0 ? row.p422 : row.p420;
  }
  return AV_PIX_FMT_YUV420P16LE;
}

}  // namespace

std::optional<PixelFormat> expressed(AVPixelFormat format) {
  const AVPixFmtDescriptor* d = av_pix_fmt_desc_get(format);
  if (!d || d->flags & kNeverExpressed || isXyz(format)) return {};
  const int depth = d->comp[0].depth;
  if (depth < 8 || depth > 16 || (depth > 8 && d->flags & AV_PIX_FMT_FLAG_BE)) return {};
  const int colors = d->nb_components - (d->flags & AV_PIX_FMT_FLAG_ALPHA ? 1 : 0);
  for (int i = 1; i < colors; i++)
    if (d->comp[i].depth != depth) return {};

  const int bytes = depth > 8 ? 2 : 1;
  PixelFormat base;
  base.depth = static_cast<uint8_t>(depth);
  base.chromaShiftX = d->log2_chroma_w;
  base.chromaShiftY = d->log2_chroma_h;
  if (d->flags & AV_PIX_FMT_FLAG_RGB) return colors == 3 ? packedRgb(*d, base, bytes) : std::nullopt;
  if (d->flags & AV_PIX_FMT_FLAG_ALPHA) return {};
  if (colors == 3) return planarOrInterleavedYuv(*d, base, bytes);
  if (colors != 1 || d->comp[0].step != bytes || d->comp[0].shift != 0) return {};
  base.layout = PixelLayout::gray;
  base.components = 1;
  base.chromaShiftX = base.chromaShiftY = 0;
  return base;
}

AVPixelFormat nearestExpressible(AVPixelFormat format) {
  if (expressed(format)) return format;
  const AVPixFmtDescriptor* d = av_pix_fmt_desc_get(format);
  if (!d) return AV_PIX_FMT_YUV420P;
  int depth = 0;
  for (int i = 0; i < d->nb_components; i++) depth = std::max(depth, d->comp[i].depth);
  if (d->flags & AV_PIX_FMT_FLAG_FLOAT) depth = 16;
  const bool rgb = d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BAYER);
  if (rgb || isXyz(format)) return depth > 8 ? AV_PIX_FMT_RGB48LE : AV_PIX_FMT_RGB24;
  if (d->nb_components <= 2) {
    if (depth <= 8) return AV_PIX_FMT_GRAY8;
    return depth <= 10 ? AV_PIX_FMT_GRAY10LE : depth <= 12 ? AV_PIX_FMT_GRAY12LE : AV_PIX_FMT_GRAY16LE;
  }
  return yuvOf(depth, d->log2_chroma_w, d->log2_chroma_h);
}

ColorMatrix colorMatrix(AVColorSpace space, int32_t height) {
  switch (space) {
    case AVCOL_SPC_BT709:
    case AVCOL_SPC_SMPTE240M: return ColorMatrix::bt709;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL: return ColorMatrix::bt2020;
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
    case AVCOL_SPC_FCC: return ColorMatrix::bt601;
    default: return height >= 720 ? ColorMatrix::bt709 : ColorMatrix::bt601;
  }
}

ColorRange colorRange(AVColorRange range, AVPixelFormat format) {
  if (range == AVCOL_RANGE_JPEG) return ColorRange::full;
  const AVPixFmtDescriptor* d = av_pix_fmt_desc_get(format);
  if (d && d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)) return ColorRange::full;
  if (range == AVCOL_RANGE_MPEG) return ColorRange::limited;
  switch (format) {
    case AV_PIX_FMT_YUVJ420P:
    case AV_PIX_FMT_YUVJ422P:
    case AV_PIX_FMT_YUVJ444P:
    case AV_PIX_FMT_YUVJ440P:
    case AV_PIX_FMT_YUVJ411P: return ColorRange::full;
    default: return d && d->nb_components <= 2 ? ColorRange::full : ColorRange::limited;
  }
}

ColorTransfer colorTransfer(AVColorTransferCharacteristic transfer) {
  if (transfer == AVCOL_TRC_SMPTE2084) return ColorTransfer::pq;
  return transfer == AVCOL_TRC_ARIB_STD_B67 ? ColorTransfer::hlg : ColorTransfer::sdr;
}

ColorPrimaries colorPrimaries(AVColorPrimaries primaries, ColorTransfer transfer) {
  const bool unknown = primaries == AVCOL_PRI_UNSPECIFIED || primaries == AVCOL_PRI_RESERVED;
  if (primaries == AVCOL_PRI_BT2020) return ColorPrimaries::bt2020;
  return unknown && transfer != ColorTransfer::sdr ? ColorPrimaries::bt2020 : ColorPrimaries::bt709;
}

void setColors(ImageView& view, const AVFrame& picture, AVPixelFormat format) {
  view.transfer = colorTransfer(picture.color_trc);
  view.primaries = colorPrimaries(picture.color_primaries, view.transfer);
  view.matrix = picture.colorspace == AVCOL_SPC_UNSPECIFIED && view.transfer != ColorTransfer::sdr
                    ? ColorMatrix::bt2020
                    : colorMatrix(picture.colorspace, view.height);
  view.range = colorRange(picture.color_range, format);
}

}  // namespace framepath::media
