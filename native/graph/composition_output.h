// One output of a composition: its encoder, its file or connection, its packets. When it fails it ends alone.
//
//   open --push, close--> ended     any --encoder or output fails--> failed: takes nothing more
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "compose/composer.h"
#include "core/stop.h"
#include "graph/audio_cues.h"
#include "graph/encoding.h"
#include "graph/pipeline_spec.h"
#include "graph/reader_queue.h"

namespace framepath::graph {

struct CompositionOutputOptions {
  OutputSpec spec;  // everything decided: size, rate, threads
  std::vector<media::AudioInput> audio;
  bool audioJoins = false;               // sources that join may have audio
  bool byClock = false;                  // the composition keeps to the clock on the wall
  std::string stage;                     // its name among the stages
  RecoveryListener::Listener recovered;  // from any thread; may be empty
};

struct CompositionStops {
  std::shared_ptr<Stop> deadline = std::make_shared<Stop>();  // opening, draining and connections end here
  std::shared_ptr<Stop> endBy = std::make_shared<Stop>();     // what may be left undone at the end is not waited for
};

class CompositionOutput {
 public:
  // Opens encoder and output; throws what they throw. `failed` is called from a thread of the output, once.
  CompositionOutput(CompositionOutputOptions options, const CompositionStops& stops, std::shared_ptr<Device> device,
                    std::shared_ptr<Trace> trace, std::function<void(const Error&)> failed);

  const OutputSpec& spec() const { return options_.spec; }
  // Canvases that the encoder takes as they are.
  PixelFormat inputFormat() const { return inputFormat_; }
  // Canvases of the composition that it may hold after push(): none where it scales them.
  int32_t heldCanvases() const { return scaled_ ? 0 : heldByEncoder_; }
  bool takes(const compose::LayoutSpec& canvas) const {
    return canvas.width == options_.spec.encoder.width && canvas.height == options_.spec.encoder.height;
  }

  int32_t heldByEncoder() const { return heldByEncoder_; }
  // Canvases come in this size and format: others than the encoder's are scaled, on the device; with `copied` all are
  // copied. Before start().
  void setCanvas(const compose::LayoutSpec& canvas, PixelFormat format, bool copied);
  void start() { encoding_->start(); }
  // Waits for room, or drops the canvas where there is none (`wait` false). False: the output takes nothing more.
  // `readNs`: see Encoding.
  bool push(const FrameRef& canvas, int64_t readNs, bool wait);
  void close() { encoding_->close(); }
  void goByClock() { link_->byClock = true; }  // from here on: a live source has joined
  void wake() { encoding_->wake(); }           // `endBy` was changed
  void stop();                                 // `deadline` was changed
  void abort();                                // what was pushed is dropped
  Encoding::End finishEncoding() { return encoding_->finish(); }
  // Trailer and remux. Throws what the output throws; the encoder is freed in any case.
  media::OutputResult finish(Encoding::End end, bool complete);
  media::OutputResult soFar() const;

  // Of the composition's lock: sources whose audio it has, or will have.
  void carry(int32_t source) { carried_.insert(source); }
  void drop(int32_t source) { carried_.erase(source); }
  bool carries(int32_t source) const { return carried_.contains(source); }
  bool adjustsAudio() const { return adjustsAudio_; }

  int64_t dropped() const { return dropped_; }
  const media::OutputLink& link() const { return *link_; }
  AudioCues& cues() { return *cues_; }
  PacketQueue& packets() { return *packets_; }
  media::RateFigures rate() const { return encoding_->rate(); }
  Histogram latency() const { return encoding_->latency(); }
  StageStats stats() const { return encoding_->stats(); }
  std::weak_ptr<const void> encoder() const { return encoding_->encoder(); }

 private:
  void addTo(media::OutputResult& result) const;

  const CompositionOutputOptions options_;
  const std::shared_ptr<Device> device_;
  const std::shared_ptr<AudioCues> cues_ = std::make_shared<AudioCues>();
  const std::shared_ptr<PacketQueue> packets_ = std::make_shared<PacketQueue>();
  std::shared_ptr<std::vector<Packet>> audio_;  // packets that are written and not in packets_; null: none are kept
  const std::shared_ptr<media::OutputLink> link_ = std::make_shared<media::OutputLink>();
  PixelFormat inputFormat_;
  int32_t heldByEncoder_ = 0;
  bool scaled_ = false;
  std::set<int32_t> carried_;
  bool adjustsAudio_ = false;
  std::atomic<int64_t> dropped_ = 0;
  std::unique_ptr<Encoding> encoding_;
};

}  // namespace framepath::graph
