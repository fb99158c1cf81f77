// libav's side of a GPU: a hardware context over our CUDA context and the stream of one of our queues.
#pragma once
#include <memory>

#include "device/device.h"
#include "media/av.h"

namespace framepath::media {

using AvBuffer = std::unique_ptr<AVBufferRef, AvFree<av_buffer_unref>>;

// One a codec instance. libav enqueues on the queue's stream: the queue belongs to the thread that calls the codec.
// What libav made with it (surfaces, encoders) keeps context, queue and device alive.
class HardwareContext {
 public:
  // Throws DEVICE_UNAVAILABLE where libav knows no CUDA.
  explicit HardwareContext(const std::shared_ptr<Device>& device);
  Queue& queue() const { return *queue_; }
  AVBufferRef* get() const { return context_.get(); }  // an AVHWDeviceContext

 private:
  Queue* queue_;  // the context's own
  AvBuffer context_;
};

}  // namespace framepath::media
