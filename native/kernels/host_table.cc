// Compiled once per instruction set with FRAMEPATH_ISA_NAME = baseline, avx2 or avx512.
#include "kernels/compose_rows.h"
#include "kernels/convert_rows.h"
#include "kernels/crops_rows.h"
#include "kernels/deep_rows.h"
#include "kernels/deinterlace_rows.h"
#include "kernels/draw_rows.h"
#include "kernels/heads_rows.h"
#include "kernels/host_loop.h"
#include "kernels/letterbox_rows.h"
#include "kernels/masks_rows.h"
#include "kernels/plane_rows.h"
#include "kernels/redact_rows.h"
#include "kernels/tone_map_rows.h"

namespace framepath {
namespace {

template <>
struct HostLoop<ComposeArgs, composeTiles> {
  static void run(const void* args, const Grid&) { composeRows(*static_cast<const ComposeArgs*>(args)); }
};
template <>
struct HostLoop<BlurArgs, blur> {
  static void run(const void* args, const Grid&) { blurRows<uint8_t>(*static_cast<const BlurArgs*>(args)); }
};
template <>
struct HostLoop<DrawArgs, draw> {
  static void run(const void* args, const Grid&) { drawRows<uint8_t>(*static_cast<const DrawArgs*>(args)); }
};
template <>
struct HostLoop<DeepComposeArgs, composeTilesDeep> {
  static void run(const void* args, const Grid&) { deepRows(static_cast<const DeepComposeArgs*>(args)->args); }
};
template <>
struct HostLoop<DeepBlurArgs, blurDeep> {
  static void run(const void* args, const Grid&) { blurRows<uint16_t>(static_cast<const DeepBlurArgs*>(args)->args); }
};
template <>
struct HostLoop<DeepDrawArgs, drawDeep> {
  static void run(const void* args, const Grid&) { drawRows<uint16_t>(static_cast<const DeepDrawArgs*>(args)->args); }
};

}  // namespace

#define FRAMEPATH_TABLE_NAME(isa) FRAMEPATH_TABLE_NAME_(isa)
#define FRAMEPATH_TABLE_NAME_(isa) hostKernels_##isa
extern const HostKernelTable FRAMEPATH_TABLE_NAME(FRAMEPATH_ISA_NAME);
const HostKernelTable FRAMEPATH_TABLE_NAME(FRAMEPATH_ISA_NAME) = {
#define FRAMEPATH_KERNEL_ENTRY(name, Args) &HostLoop<Args, name>::run,
    FRAMEPATH_KERNELS(FRAMEPATH_KERNEL_ENTRY)
#undef FRAMEPATH_KERNEL_ENTRY
};

}  // namespace framepath
