// Part of a frame as an 8-bit picture of another size and layout: pixels for JavaScript, inputs of modules.
#pragma once
#include "core/frame.h"
#include "core/results.h"
#include "device/device.h"

namespace framepath::graph {

// What is left 0 follows from the box: both its size, one its proportions. Throws INVALID_ARGUMENT past 16384.
void completeSize(const Box& box, int32_t& width, int32_t& height);

// Enqueues the conversion and leaves a read fence. `target` is on the device; its matrix and range are set to the
// frame's.
void convertFrame(Device& device, Queue& queue, const Frame& frame, const Box& box, ImageView& target);

}  // namespace framepath::graph
