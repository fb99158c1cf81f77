// Enqueues work on memory that goes away when enqueueing throws: what was enqueued by then is waited for first.
#pragma once
#include "core/error.h"
#include "device/device.h"

namespace framepath::media {

template <typename Work>
void enqueue(Queue& queue, Work&& work) {
  try {
    work();
  } catch (...) {
    try {
      queue.synchronize();
    } catch (const Error&) {
      // The device is lost, and with it all work. The first failure reports it.
    }
    throw;
  }
}

}  // namespace framepath::media
