// Reads a list of still images as a video of constant rate.
#pragma once

#include "media/frame_maker.h"
#include "media/frame_selection.h"
#include "media/live_counters.h"
#include "media/source_reader.h"

namespace framepath::media {

class ImageListReader final : public SourceReader {
 public:
  ImageListReader(const SourceOptions& options, std::shared_ptr<Device> device);

  const SourceInfo& info() const override { return info_; }
  FrameRef next() override;
  ReaderCounters counters() const override { return counters_.now(); }
  void interrupt() override { stop_->now(); }

 private:
  std::shared_ptr<Frame> decode(const std::string& uri, const FrameStamp& stamp);
  void countDamaged(const Error& error);

  const std::shared_ptr<Stop> stop_;
  SourceOptions options_;
  SourceInfo info_;
  FrameSelection selection_;
  FrameMaker maker_;
  size_t position_ = 0;
  int32_t consecutiveErrors_ = 0;
  bool anyPicture_ = false;
  LiveCounters counters_;
};

}  // namespace framepath::media
