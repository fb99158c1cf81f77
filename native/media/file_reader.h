// Reads a file, a URL or a single image.
#pragma once
#include <optional>

#include "media/describe.h"
#include "media/frame_maker.h"
#include "media/frame_selection.h"
#include "media/frame_times.h"
#include "media/live_counters.h"
#include "media/picture_stream.h"
#include "media/source_reader.h"
#include "media/time_gaps.h"

namespace framepath::media {

class FileReader final : public SourceReader {
 public:
  // `stop` may be set from any thread, and be shared.
  FileReader(const SourceOptions& options, std::shared_ptr<Device> device, std::shared_ptr<Stop> stop);

  const SourceInfo& info() const override { return info_; }
  FrameRef next() override;
  std::optional<Error> emptyCut() const override;
  ReaderCounters counters() const override { return counters_.now(); }
  void interrupt() override { stop_->now(); }
  bool fellBack() const { return pictures_->fellBack(); }  // software decodes what the GPU refused or failed at
  bool atCut() const { return atCut_; }                    // ended by endMs, not by the source

 private:
  void open();
  void tap();
  void requireStartInside() const;
  AvFrame firstPicture();
  AvFrame seekToStart();
  void setBack(const FrameStamp& stamp);

  const std::shared_ptr<Stop> stop_;
  SourceOptions options_;
  const std::shared_ptr<Device> device_;
  std::optional<Input> input_;
  std::optional<PictureStream> pictures_;
  SourceInfo info_;
  std::optional<FrameTimes> times_;
  std::optional<TimeGaps> gaps_;
  FrameSelection selection_;
  FrameMaker maker_;
  AvFrame waiting_;  // decoded early: an image's only picture, the first after a seek
  bool started_ = false;
  bool ended_ = false;
  bool atCut_ = false;
  bool anyInside_ = false;
  int64_t reachedUs_ = 0;     // by the pictures before the start
  int64_t errorsBefore_ = 0;  // of seeks that were tried in vain
  LiveCounters counters_;
};

}  // namespace framepath::media
