// The list of kernels: X(name, Args). `name` is the HD function, `Args` its parameters (plain data, by value, <= 4
// KiB). Every CPU instruction set and CUDA compile this same list.
#pragma once
#include "kernels/complexity.h"
#include "kernels/compose.h"
#include "kernels/convert.h"
#include "kernels/crops.h"
#include "kernels/deinterlace.h"
#include "kernels/draw.h"
#include "kernels/fill.h"
#include "kernels/heads.h"
#include "kernels/letterbox.h"
#include "kernels/masks.h"
#include "kernels/nms.h"
#include "kernels/normalize.h"
#include "kernels/redact.h"
#include "kernels/rotate.h"
#include "kernels/similarity.h"
#include "kernels/tone_map.h"

namespace framepath {

#define FRAMEPATH_KERNELS(X)           \
  X(fill, FillArgs)                    \
  X(letterbox, LetterboxArgs)          \
  X(crops, CropsArgs)                  \
  X(convert, ConvertArgs)              \
  X(rotate, RotateArgs)                \
  X(deinterlace, DeinterlaceArgs)      \
  X(toneMap, ToneMapArgs)              \
  X(toneMapDeep, DeepToneMapArgs)      \
  X(normalize, NormalizeArgs)          \
  X(similarity, SimilarityArgs)        \
  X(complexity, ComplexityArgs)        \
  X(composeTiles, ComposeArgs)         \
  X(pixelate, PixelateArgs)            \
  X(blur, BlurArgs)                    \
  X(draw, DrawArgs)                    \
  X(composeTilesDeep, DeepComposeArgs) \
  X(pixelateDeep, DeepPixelateArgs)    \
  X(blurDeep, DeepBlurArgs)            \
  X(drawDeep, DeepDrawArgs)            \
  X(scoreAnchors, ScoreAnchorsArgs)    \
  X(rankAnchors, RankAnchorsArgs)      \
  X(decodeBoxes, DecodeBoxesArgs)      \
  X(overlapBoxes, OverlapBoxesArgs)    \
  X(selectBoxes, SelectBoxesArgs)      \
  X(emitBoxes, EmitBoxesArgs)          \
  X(maskLogits, MaskLogitsArgs)        \
  X(maskBits, MaskBitsArgs)

enum class KernelId : int32_t {
#define FRAMEPATH_KERNEL_ENUM(name, Args) name,
  FRAMEPATH_KERNELS(FRAMEPATH_KERNEL_ENUM)
#undef FRAMEPATH_KERNEL_ENUM
      count
};

template <typename Args>
struct KernelOf;
#define FRAMEPATH_KERNEL_OF(name, Args)            \
  template <>                                      \
  struct KernelOf<Args> {                          \
    static constexpr KernelId id = KernelId::name; \
  };                                               \
  static_assert(sizeof(Args) <= 4096);
FRAMEPATH_KERNELS(FRAMEPATH_KERNEL_OF)
#undef FRAMEPATH_KERNEL_OF

}  // namespace framepath
