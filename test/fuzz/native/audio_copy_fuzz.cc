// Bytes as a file with audio, cut anywhere: copied packet by packet where that fits, decoded otherwise.
#include <cmath>

#include "confined.h"
#include "media/audio_copy.h"
#include "media/audio_source.h"
#include "media_mutator.h"

using namespace framepath;

namespace {

int audioOf(const media::Input& input) {
  return av_find_best_stream(input.format(), AVMEDIA_TYPE_AUDIO, -1, -1, nullptr, 0);
}

void checkCopy(media::AudioTrack& track, int64_t endMs) {
  int64_t packets = 0, last = INT64_MIN;
  const auto emit = [&](media::AvPacket packet) {
    FUZZ_CHECK(packet && packet->pts != AV_NOPTS_VALUE && packet->pts > last && packet->dts == packet->pts);
    last = packet->pts;
    packets++;
  };
  for (int64_t us = 0; us <= 1'000'000 && track.nextUs() != INT64_MAX; us += 50'000) {
    track.advance(us, emit);
    FUZZ_CHECK(track.nextUs() >= us);
  }
  track.finish(endMs < 0 ? 2'000'000 : endMs * 1000, emit);
  if (packets > 0) fuzz::counts().useful++;
}

void checkSamples(media::AudioSource& source, int64_t endMs, int64_t offsetMs) {
  constexpr int kSamples = 2048;
  float left[kSamples], right[kSamples];
  for (int64_t at = 0; at < media::kAudioRate; at += kSamples) {
    source.read(left, right, kSamples);
    for (int i = 0; i < kSamples; i++) {
      FUZZ_CHECK(std::isfinite(left[i]) && std::isfinite(right[i]));
      const int64_t position = at + i;
      if (position < offsetMs * 48 || (endMs >= 0 && position > (endMs + offsetMs) * 48 + 48))
        FUZZ_CHECK(left[i] == 0 && right[i] == 0);
    }
  }
  fuzz::counts().useful++;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fuzz::Folder folder;
  fuzz::boundMemory();
  fuzz::counts().inputs++;
  uint32_t ways = fuzz::waysOf(data, size);
  const fuzz::Deadline deadline(4000);
  media::AudioInput cut;
  cut.uri = folder.write("input", data, size);
  cut.limits.jail = folder.path();
  cut.limits.maxBytes = 1 << 20;
  cut.stop = deadline.stop;
  const media::Container container =
      media::containerOf(fuzz::pick(ways, std::array<std::string, 3>{"o.mp4", "o.mkv", "o.ts"}));
  cut.startMs = fuzz::pick<int64_t>(ways, std::array<int64_t, 4>{0, 0, 46, 100});
  const auto lengthMs = fuzz::pick<int64_t>(ways, std::array<int64_t, 3>{-1, -1, 150});
  if (lengthMs >= 0) cut.endMs = cut.startMs + lengthMs;
  fuzz::jail() = folder.path() + "/";
  fuzz::answered([&] {
    auto input = std::make_unique<media::Input>(cut.uri, cut.limits, cut.stop);
    const int stream = audioOf(*input);
    if (stream < 0) return;
    if (const auto track = media::tryCopyAudio(input, stream, cut, container)) return checkCopy(*track, lengthMs);
  });
  cut.offsetMs = fuzz::pick<int64_t>(ways, std::array<int64_t, 3>{0, 0, 70});
  fuzz::answered([&] {
    auto input = std::make_unique<media::Input>(cut.uri, cut.limits, cut.stop);
    const int stream = audioOf(*input);
    if (stream < 0) return;
    media::DecodedAudio source(std::move(input), stream, cut);
    checkSamples(source, lengthMs, cut.offsetMs);
  });
  fuzz::jail().clear();
  return 0;
}
