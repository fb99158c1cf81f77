// Audio taken over packet by packet.
#pragma once
#include <memory>

#include "media/audio.h"
#include "media/input.h"

namespace framepath::media {

// Takes the input over and returns the track, or leaves `input` (anywhere in the file) and returns null: the codec does
// not fit, or the composition's start or a late start would fall inside a packet.
std::unique_ptr<AudioTrack> tryCopyAudio(std::unique_ptr<Input>& input, int stream, const AudioInput& cut,
                                         const Container& container);

}  // namespace framepath::media
