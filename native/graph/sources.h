// Where frames come from, as the engine reads them: files and image lists through media, pixels pushed by the caller.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "core/pool.h"
#include "device/image.h"
#include "graph/engine.h"
#include "graph/pipeline_spec.h"
#include "media/live_audio.h"
#include "media/source_reader.h"
#include "media/time_gaps.h"

namespace framepath::graph {

// A cut without a picture was not meant: it fails the source.
class ReaderSource : public FrameSource {
 public:
  // `audio`: of a live source, null where it is not heard.
  ReaderSource(std::unique_ptr<media::SourceReader> reader, std::shared_ptr<media::SourceLink> link,
               std::shared_ptr<media::LiveAudio> audio)
      : reader_(std::move(reader)), link_(std::move(link)), audio_(std::move(audio)) {}
  ~ReaderSource() override { link_->end(); }
  FrameRef next() override {
    FrameRef frame = reader_->next();
    link_->pictureCame();
    if (const auto own = audio_ && frame ? reader_->ownTime() : std::nullopt) audio_->place(*own);
    any_ = any_ || frame;
    if (const std::optional<Error> empty = any_ ? std::nullopt : reader_->emptyCut()) throw Error(*empty);
    return frame;
  }
  void interrupt() override { reader_->interrupt(); }
  media::ReaderCounters counters() const override { return reader_->counters(); }

 private:
  const std::unique_ptr<media::SourceReader> reader_;
  const std::shared_ptr<media::SourceLink> link_;
  const std::shared_ptr<media::LiveAudio> audio_;
  bool any_ = false;
};

// Pushed pixels wait here, a few at most; a callback is called when there is room again.
class PushedSource : public FrameSource {
 public:
  using Taken = std::function<void(bool taken)>;

  PushedSource(std::shared_ptr<Device> device, const SourceSpec& spec, media::Recovered recovered,
               std::shared_ptr<media::SourceLink> link);
  ~PushedSource() override { link_->end(); }
  FrameRef next() override;
  void interrupt() override;
  std::shared_ptr<media::SourceLink> link() const { return link_; }

  // Copies `bytes` (planes one after the other, rows without padding), on the caller's thread, before it returns.
  // `taken` is called once: true when the next one may come, false when the source is gone. One push at a time. Throws
  // INVALID_ARGUMENT for a wrong size.
  void push(const uint8_t* bytes, size_t size, int64_t ptsUs, Taken taken);
  // No more comes; with `error` the source failed, after what it gave before.
  void end(std::optional<Error> error = std::nullopt);

 private:
  std::shared_ptr<Device> device_;
  std::unique_ptr<Queue> queue_;
  const PixelFormat format_;
  const int32_t width_, height_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<FrameRef> frames_;
  std::deque<Taken> waiting_;
  int64_t placeUs(int64_t ptsUs);

  media::TimeGaps gaps_;
  const media::Recovered recovered_;
  const std::shared_ptr<media::SourceLink> link_;
  const int64_t intervalUs_;
  int64_t index_ = 0, lastUs_ = -1, shiftUs_ = 0;
  bool ended_ = false, gone_ = false;
  std::optional<Error> error_;
};

// A picture from caller's bytes on `device`.
FrameRef frameFromBytes(Device& device, Queue& queue, PixelFormat format, int32_t width, int32_t height,
                        const uint8_t* bytes, size_t size);

}  // namespace framepath::graph
