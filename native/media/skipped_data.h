// Damage that a demuxer skips without a return code or a packet flag. Two do, in FFmpeg 5.1 to 9: Matroska's looks for
// the next whole cluster, FLV's for the next whole tag. Only their log has it, at AV_LOG_ERROR, on the thread that
// reads. All others return AVERROR_INVALIDDATA or mark packets AV_PKT_FLAG_CORRUPT; decoders have return codes and
// frame flags.
#pragma once
#include <utility>

#include "media/av.h"

namespace framepath::media {

class SkippedData {
 public:
  // Around one call that reads from `format`, on one thread.
  class Reading {
   public:
    Reading(SkippedData& skipped, const AVFormatContext& format);
    ~Reading();
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

   private:
    friend class SkippedData;
    SkippedData& skipped_;
    const AVFormatContext& format_;
  };

  // Whether something was skipped since the last call.
  bool take() { return std::exchange(any_, false); }

  // Called for every error that libav logs, on any thread.
  static void notice(const void* source);

 private:
  bool any_ = false;
};

}  // namespace framepath::media
