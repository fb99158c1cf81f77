// Mixed samples as AAC.
#pragma once
#include <memory>

#include "media/audio.h"
#include "media/audio_mixer.h"

namespace framepath::media {

// Throws ENCODER_UNAVAILABLE.
std::unique_ptr<AudioTrack> encodeAudio(AudioMixer mixer);

}  // namespace framepath::media
