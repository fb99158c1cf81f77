#include "media/hardware.h"

// hwcontext_cuda.h includes NVIDIA's cuda.h for these two types alone.
#define CUDA_VERSION 0
using CUcontext = struct CUctx_st*;
using CUstream = struct CUstream_st*;
extern "C" {
#include <libavutil/hwcontext_cuda.h>
}

namespace framepath::media {
namespace {

struct Held {
  std::shared_ptr<Device> device;
  std::unique_ptr<Queue> queue;
};

}  // namespace

HardwareContext::HardwareContext(const std::shared_ptr<Device>& device) {
  quietLog();
  context_.reset(av_hwdevice_ctx_alloc(AV_HWDEVICE_TYPE_CUDA));
  if (!context_)
    throw Error(ErrorCode::DEVICE_UNAVAILABLE, "This libavutil was built without CUDA.",
                "Use an FFmpeg built with ffnvcodec, as Debian's is.");
  auto held = std::make_unique<Held>(Held{device, device->openQueue()});
  queue_ = held->queue.get();
  auto& context = *reinterpret_cast<AVHWDeviceContext*>(context_->data);
  auto& cuda = *static_cast<AVCUDADeviceContext*>(context.hwctx);
  cuda.cuda_ctx = static_cast<CUcontext>(device->native());
  cuda.stream = static_cast<CUstream>(queue_->native());
  context.user_opaque = held.release();
  context.free = [](AVHWDeviceContext* c) { delete static_cast<Held*>(c->user_opaque); };
  av(av_hwdevice_ctx_init(context_.get()), "av_hwdevice_ctx_init", ErrorCode::DEVICE_UNAVAILABLE);
}

}  // namespace framepath::media
