// Demux and decode of one source on the caller's thread: upright frames in display order.
#pragma once
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/frame.h"
#include "core/stop.h"
#include "device/device.h"
#include "generated/media_enums.h"
#include "generated/source_defaults.h"
#include "media/source_info.h"
#include "media/source_link.h"
#include "media/time_gaps.h"

namespace framepath::media {

class LiveAudio;
class PacketTap;
class PictureMemory;

struct SourceOptions {
  std::string uri;                                   // a file, URL or image
  std::vector<std::string> images;                   // an image list instead of a uri
  double imageFps = defaults::SourceSpec::imageFps;  // images per second of composition time
  int64_t startMs = defaults::SourceSpec::startMs;   // first frame at or after; times start from here
  int64_t endMs = -1;                                // -1 = to the end
  int32_t stride = defaults::SourceSpec::stride;     // every Nth decoded frame
  double maxFps = 0;                                 // 0 = all
  int64_t maxGapMs = kUsualMaxGapMs;  // a longer gap between pictures is cut out of their times; kNoMaxGap = none is
  int32_t threads = 1;                // of software decoders; of live sources they share a picture's slices
  int32_t extraFrames = 8;            // surfaces the graph may hold (leases + holds) beyond the decoder's own
  // consecutive damaged packets before DECODE_FAILED; counted, not fatal, below it
  int32_t maxDecodeErrors = defaults::SourceSpec::maxDecodeErrors;
  Limits limits;
  SkipLoopFilter skipLoopFilter = defaults::SourceSpec::skipLoopFilter;
  DecoderChoice decoder = defaults::SourceSpec::decoder;
  Deinterlace deinterlace = defaults::SourceSpec::deinterlace;
  StopRef stop = nullptr;  // opening then throws CANCELLED, reading ends; null = only interrupt() does
  std::shared_ptr<PictureMemory> memory = nullptr;  // where software decodes to; null = libav's own memory

  bool live = false;  // stated: a stream without an end of its own, so that its end is a loss
  // attempts in a row at a lost live stream before SOURCE_FAILED; 0 = a loss is final, -1 = as many as it takes
  int32_t reconnects = defaults::SourceSpec::reconnect;
  bool required = defaults::SourceSpec::required;  // a live stream that is down when it is opened throws
  // Called, on the thread that opens or reads, when a lost stream has come back, when times were mended, and when
  // software decodes what the GPU refused or failed at.
  Recovered recovered = nullptr;
  std::shared_ptr<SourceLink> link = nullptr;  // how a live source fares is noted here; null = not needed
  std::shared_ptr<TimeCuts> cuts = nullptr;    // what is cut out of the times is added here; null = not needed
  // Of a live source that is read in this process: these get its packets too (packet_tap.h).
  std::vector<std::shared_ptr<PacketTap>> taps = {};
  std::shared_ptr<LiveAudio> audio = nullptr;  // of a live source: its audio goes here; null = not needed
  // Frames of PQ and HLG pictures have those in Frame::hdr from when it is set on; null = never, as isolated readers.
  std::shared_ptr<const std::atomic<bool>> keepHdr = nullptr;
};

// A picture's time on the source's own clock, and what the reader adds to such times.
struct OwnTime {
  int64_t us = 0;
  int64_t offsetUs = 0;
};

struct ReaderCounters {
  int64_t decoded = 0;         // frames that came out of the decoder inside [start, end)
  int64_t decodeErrors = 0;    // packets or frames that could not be decoded, or lie beyond the end of a cut file
  int64_t skipped = 0;         // left out by stride or maxFps
  int64_t decodedOnGpu = 0;    // of `decoded`
  int64_t reconnects = 0;      // times a lost live stream came back
  int32_t reconnectsLeft = 0;  // attempts that the current outage may still take
};

class SourceReader {
 public:
  virtual ~SourceReader() = default;
  virtual const SourceInfo& info() const = 0;
  // The next frame, or null at the end. Frames are on `device`, in a format kernels take (PixelFormat), upright.
  // ptsUs never decreases (missing or broken times are filled in from the frame rate, gaps cut out). A source that ends
  // without a single frame throws DECODE_FAILED. Throws SOURCE_FAILED when reading breaks off; a live stream is opened
  // again first (next() waits for it), and its times go on by the clock on the wall.
  virtual FrameRef next() = 0;
  // Of the last frame; none where the source has no clock. For audio, which has the same one.
  virtual std::optional<OwnTime> ownTime() const { return std::nullopt; }
  // After the end, when nothing came: why the cut has no pictures (INVALID_ARGUMENT); none where that is no mistake.
  virtual std::optional<Error> emptyCut() const { return std::nullopt; }
  virtual ReaderCounters counters() const = 0;  // from any thread
  // From any thread: a blocked or later next() returns null soon.
  virtual void interrupt() = 0;
};

// Throws what probe() throws, at once; a live stream of the network that is down, or does not answer within seconds, is
// returned with what is known of it, and opened by its first next(). Where the limits ask for it a process of its own
// does all of this (isolated_reader.h), for which software decodes always.
std::unique_ptr<SourceReader> openSource(const SourceOptions& options, std::shared_ptr<Device> device);

}  // namespace framepath::media
