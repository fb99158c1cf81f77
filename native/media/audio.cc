#include "media/audio.h"

#include "media/audio_copy.h"
#include "media/audio_encode.h"
#include "media/audio_source.h"

namespace framepath::media {
namespace {

int audioStream(const Input& input) {
  return av_find_best_stream(input.format(), AVMEDIA_TYPE_AUDIO, -1, input.videoStream(), nullptr, 0);
}

// Only the sound is read; a playlist or MP4 then skips the rest without parsing it.
void readOnly(const Input& input, int stream) {
  for (unsigned i = 0; i < input.format()->nb_streams; i++) {
    input.format()->streams[i]->discard = static_cast<int>(i) == stream ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
  }
}

}  // namespace

std::unique_ptr<AudioTrack> openAudio(const std::vector<AudioInput>& inputs, const Container& container) {
  std::vector<std::unique_ptr<AudioSource>> sources;
  for (const AudioInput& cut : inputs) {
    auto input = std::make_unique<Input>(cut.uri, cut.limits);
    int stream = audioStream(*input);
    if (stream < 0) continue;
    readOnly(*input, stream);
    if (inputs.size() == 1) {
      if (auto copied = tryCopyAudio(input, stream, cut, container)) return copied;
      input = std::make_unique<Input>(cut.uri, cut.limits);  // from the start again, also where it cannot be sought
      readOnly(*input, stream);
    }
    sources.push_back(std::make_unique<AudioSource>(std::move(input), stream, cut));
  }
  if (sources.empty()) return nullptr;
  return encodeAudio(AudioMixer(std::move(sources)));
}

}  // namespace framepath::media
