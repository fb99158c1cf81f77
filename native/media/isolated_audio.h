// The audio of a source that is read in a process of its own.
#pragma once
#include "media/output.h"

namespace framepath::media {

// As openAudioSource.
AudioRef openIsolatedAudio(const AudioInput& cut);

}  // namespace framepath::media
