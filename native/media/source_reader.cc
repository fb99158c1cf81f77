#include "media/source_reader.h"

#include "core/error.h"
#include "media/image_list_reader.h"
#include "media/isolated_reader.h"
#include "media/live_audio.h"
#include "media/live_audio_tap.h"
#include "media/live_reader.h"
#include "media/reader_launcher.h"

namespace framepath::media {

std::unique_ptr<SourceReader> openSource(const SourceOptions& options, std::shared_ptr<Device> device) {
  if (options.endMs >= 0 && options.endMs <= options.startMs)
    throw Error(ErrorCode::INVALID_ARGUMENT, "Expected endMs after startMs (" + std::to_string(options.startMs) +
                                                 ") but received " + std::to_string(options.endMs) + ".");
  if (needsReader(options.limits)) return openIsolated(options, std::move(device));
  if (!options.images.empty()) return std::make_unique<ImageListReader>(options, std::move(device));
  if (!options.audio) return LiveReader::open(options, std::move(device));
  SourceOptions heard = options;
  heard.taps.push_back(std::make_shared<LiveAudioTap>(
      LiveAudioSink{[audio = options.audio] { return audio->wanted(); }, [audio = options.audio] { audio->begin(); },
                    [audio = options.audio](std::optional<int64_t> us, const float* left, const float* right,
                                            int count) { audio->add(us, left, right, count); }},
      options.uri, options.recovered));
  return LiveReader::open(heard, std::move(device));
}

}  // namespace framepath::media
