#include "media/isolated_audio.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "media/access.h"
#include "media/audio_source.h"
#include "media/reader_process.h"

namespace framepath::media {
namespace {

// Requests a few thousand samples at a time and waits for them: each read is of what the encoder needs next.
class IsolatedAudio final : public AudioSource {
 public:
  IsolatedAudio(std::unique_ptr<ReaderProcess> process, const AudioInput& cut)
      : AudioSource(cut.source, cut.gain), process_(std::move(process)), cuts_(cut.cuts) {}

  void joinAt(int64_t begin, int64_t position) override {
    process_->ask(ReaderAsks::place, AudioPlace{begin, position});
  }

  void read(float* left, float* right, int count) override {
    for (int done = 0; done < count;) {
      const int some = std::min(count - done, kSamplesAtOnce);
      if (!process_ || !readSome(left + done, right + done, some)) {
        std::fill_n(left + done, count - done, 0.0f);
        std::fill_n(right + done, count - done, 0.0f);
        return;
      }
      done += some;
    }
  }

 private:
  bool readSome(float* left, float* right, int count) {
    try {
      if (cuts_)
        for (const TimeChange& change : cuts_->changesAfter(changes_)) {
          process_->ask(ReaderAsks::times, change);
          changes_++;
        }
      process_->ask(ReaderAsks::samples, Samples{count});
      const std::optional<ReaderProcess::Message> message = process_->receive();
      if (message && message->kind == ReaderMessage::ended) {  // silence from here
        process_.reset();
        return false;
      }
      if (message) {
        const auto audio = process_->read<AudioSamples>(*message);
        if (message->kind != ReaderMessage::samples || static_cast<int>(audio.left.size()) != count)
          process_->throwBroken("its process sent other audio than was requested");
        // An encoder may take anything but these.
        const auto finite = [](float sample) { return std::isfinite(sample) ? sample : 0.0f; };
        std::transform(audio.left.begin(), audio.left.end(), left, finite);
        std::transform(audio.right.begin(), audio.right.end(), right, finite);
        loss_ = audio.loss;
        return true;
      }
    } catch (const Error& error) {
      // The video of this source reports the failure; the output's audio goes on.
      loss_ = error.sentence;
    }
    process_.reset();
    return false;
  }

  std::unique_ptr<ReaderProcess> process_;  // null: silence
  const std::shared_ptr<const TimeCuts> cuts_;
  size_t changes_ = 0;  // it knows of
};

}  // namespace

AudioRef openIsolatedAudio(const AudioInput& cut) {
  ReaderJob job;
  job.kind = ReaderJob::Kind::audio;
  job.options.uri = cut.uri;
  job.options.startMs = cut.startMs;
  job.options.endMs = cut.endMs;
  job.options.limits = cut.limits;
  job.offsetMs = cut.offsetMs;
  // As in this process: the audio of a local file is read to the last picture even when time is up, if it comes at
  // once.
  const int64_t graceMs = localPath(cut.uri) ? 300 : 0;
  auto process = std::make_unique<ReaderProcess>(job, cut.stop, graceMs);
  if (!process->openedAudio()) return nullptr;
  return std::make_shared<IsolatedAudio>(std::move(process), cut);
}

}  // namespace framepath::media
