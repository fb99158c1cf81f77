// Where a region of a frame lands in a model's input, and the way back.
#pragma once
#include "core/frame.h"
#include "core/results.h"
#include "infer/found_boxes.h"
#include "infer/model.h"
#include "infer/session.h"
#include "kernels/letterbox.h"

namespace framepath::infer {

// The kernel's arguments for `region` (frame pixels) resized into `slot` by the spec, and the way back.
LetterboxArgs place(const Frame& frame, const Box& region, const ModelSpec& spec, const TensorSlot& slot,
                    Placement& back);

Normalize normalizeOf(const ModelSpec& spec);
// Slot `item` of the session's input tensor.
TensorSlot slotOf(const Session& session, const ModelSpec& spec, int32_t item);

// Enqueues the above on the session's queue: waits for the frame there, leaves a read fence on it.
Placement launchPlaced(Session& session, const ModelSpec& spec, const Frame& frame, const Box& region, int32_t item);

}  // namespace framepath::infer
