// Sessions of a GPU's video encoder (NVENC), counted over the whole process: some drivers allow a few at a time only.
#pragma once
#include <cstdint>
#include <memory>

#include "core/stop.h"
#include "media/encoder.h"

namespace framepath::media {

using EncoderSession = std::shared_ptr<void>;  // given back when released

// `most` at a time, 0 = as many as the driver allows, as far as that is known. Null: there is none, and it was not to
// be waited for, or there is nothing to wait for, or `stop` passed. Thread-safe.
EncoderSession takeEncoderSession(int32_t most, SessionPolicy policy, const StopRef& stop);

// The driver refused this one: as many as are open beside it is the most that it allows. False: none is, so others hold
// them, and waiting for ours would not help.
bool encoderSessionRefused(EncoderSession session);

struct EncoderSessionCounts {
  int32_t open = 0;
  int32_t learnt = 0;  // the most that the driver allows; 0 = it never refused
};
EncoderSessionCounts encoderSessions();

}  // namespace framepath::media
