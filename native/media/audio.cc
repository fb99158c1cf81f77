#include "media/audio.h"

#include "media/audio_copy.h"
#include "media/audio_encode.h"
#include "media/audio_source.h"
#include "media/isolated_audio.h"
#include "media/reader_launcher.h"

namespace framepath::media {
namespace {

// Only the audio is read; a playlist or MP4 then skips the rest without parsing it.
void readOnly(const Input& input, int stream) {
  for (unsigned i = 0; i < input.format()->nb_streams; i++) {
    input.format()->streams[i]->discard = static_cast<int>(i) == stream ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
  }
}

// A local file never keeps anybody waiting, and its audio is read to the last picture even when time is up.
std::unique_ptr<Input> openInput(const AudioInput& cut) {
  return std::make_unique<Input>(cut.uri, cut.limits, localPath(cut.uri) ? nullptr : cut.stop);
}

}  // namespace

AudioRef openAudioSource(const AudioInput& cut) {
  if (needsReader(cut.limits)) return openIsolatedAudio(cut);
  auto input = openInput(cut);
  const int stream = input->audioStream();
  if (stream < 0) return nullptr;
  readOnly(*input, stream);
  return std::make_shared<DecodedAudio>(std::move(input), stream, cut);
}

std::unique_ptr<AudioTrack> openAudio(const std::vector<AudioInput>& inputs, bool joining, const Container& container) {
  // Packets of an untrusted source stay in its process: samples come from there.
  if (inputs.size() == 1 && !joining && !needsReader(inputs[0].limits)) {
    auto input = openInput(inputs[0]);
    const int stream = input->audioStream();
    if (stream < 0) return nullptr;
    readOnly(*input, stream);
    if (auto copied = tryCopyAudio(input, stream, inputs[0], container)) return copied;
  }
  std::vector<AudioRef> sources;
  for (const AudioInput& cut : inputs)  // from the start again, also where it cannot be sought
    if (AudioRef audio = openAudioSource(cut)) sources.push_back(std::move(audio));
  if (sources.empty() && !joining) return nullptr;
  return encodeAudio(AudioMixer(std::move(sources)));
}

}  // namespace framepath::media
