// A network output, whose connection is opened again when it was lost.
//
//   open --a write fails--> away --connected--> joining --keyframe--> open
//                            |
//                            +--no attempt is left--> failed: write() throws OUTPUT_FAILED
//
// While it is away the audio goes on being read, so that both are in step afterwards; times go on too: a new connection
// begins with the time of its first picture.
#pragma once
#include <memory>

#include "media/audio.h"
#include "media/output.h"

namespace framepath::media {

// `container` is that of a URL. Throws as openOutput().
std::unique_ptr<Output> openStreamOutput(const OutputOptions& options, const Container& container,
                                         const Encoder& encoder, std::unique_ptr<AudioTrack> audio);

}  // namespace framepath::media
