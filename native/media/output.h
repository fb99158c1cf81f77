// Where packets go: a file (MP4, MKV, MPEG-TS, HLS) or a URL, with its audio.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/packet.h"
#include "core/stop.h"
#include "generated/run_defaults.h"
#include "media/encoder.h"
#include "media/output_link.h"
#include "media/source_info.h"
#include "media/time_gaps.h"

namespace framepath::media {

class LiveAudio;
struct LivePlace;

// Audio of one source on the composition's clock.
struct AudioInput {
  std::string uri;
  int64_t startMs = 0, endMs = -1;  // the cut of the source, as in SourceOptions
  int64_t offsetMs = 0;             // composition time at which the source starts (late starts are padded with silence)
  Limits limits;
  std::shared_ptr<const TimeCuts> cuts = nullptr;  // out of the times of its pictures, and so of its audio; null = none
  int32_t source = 0;                              // its number, for Output::endAudio
  StopRef stop = nullptr;                          // of a connection: opening throws CANCELLED, reading ends
  float gain = 1;                                  // at first
  bool copied = true;                              // its packets may be copied: the gain stays 1
  // Of a live source, instead of a connection of its own: what its one connection gives, and where its pictures lie on
  // the composition's clock.
  std::shared_ptr<LiveAudio> live = nullptr;
  std::shared_ptr<const LivePlace> place = nullptr;
};

// Opened audio that joins an output later.
class AudioSource;
using AudioRef = std::shared_ptr<AudioSource>;

// Null: the source has no audio. Throws what opening a source throws. Blocks on a slow connection.
AudioRef openAudioSource(const AudioInput& input);

// How a file or stream is cut into pieces.
struct Pieces {
  int32_t fragmentMs = defaults::OutputSpec::fragmentMs;          // of MP4, at most
  int32_t segmentMs = defaults::OutputSpec::segmentMs;            // of HLS; they begin at keyframes
  int32_t windowSegments = defaults::OutputSpec::windowSegments;  // of HLS, older ones are deleted; 0 = all are kept
};

struct OutputOptions {
  std::string path;               // by extension: .mp4 .mov .mkv .ts .m3u8; by scheme: rtmp:// rtsp:// udp:// srt://
  std::vector<AudioInput> audio;  // none, one (copied when it can be, else transcoded to AAC), or several (mixed, AAC)
  Rational fps{25, 1};
  Rational ticks{0, 1};     // a second, of the times of its pictures; 0 = as fps
  bool joining = false;     // sources may join: there is a track (AAC) from the start, silence while none plays
  StopRef stop = nullptr;   // of a connection: opening and writing end soon after it has passed
  StopRef endBy = nullptr;  // then the output is left as it is, where it plays as it is
  bool lowLatency = false;  // pictures are written as they come, not in order with audio that comes later
  Pieces pieces = {};
  HdrMetadata hdrMetadata = {};                       // of the pictures
  std::function<void(Packet)> audioPacket = nullptr;  // each packet of audio, as write() and finish() write it
  // Of a URL: attempts in a row to connect again when the connection was lost; 0 = a loss is final, -1 = no limit.
  int32_t reconnects = defaults::OutputSpec::reconnect;
  // Packets come by the clock on the wall: while a connection is away they are left out, and one that is down at the
  // start is tried again. Else write() and finish() wait for the connection, and opening throws.
  bool byClock = false;
  bool required = defaults::OutputSpec::required;  // opening throws in any case
  std::shared_ptr<OutputLink> link = nullptr;      // how a connection fares is noted here; null = not needed
  Recovered recovered = nullptr;                   // a connection came back, or is down at the start
};

// How long a live source gave no audio, where it was to be heard.
struct SilentAudio {
  int32_t source = 0;
  int64_t ms = 0;
};

struct OutputResult {
  std::string path;
  std::string codec;
  int64_t frames = 0;
  int64_t durationMs = 0;
  bool complete = false;
  bool hasAudio = false;
  bool finalised = false;  // MP4: the index is at the front; false = still in fragments, which play too
  int64_t bytes = 0;       // of its pictures, audio aside
  int64_t bitrate = 0;     // bits per second of its pictures, audio aside
  RateFigures rate;        // how that came about
  std::vector<SilentAudio> silent;
  std::vector<std::string> audioLosses;  // sources whose audio broke off (silence from there), one sentence each
};

// A file is written beside `path` as ".NAME.RANDOM.part.EXT" and renamed to `path` by finish(): nobody finds half a
// file there, and what was there stays until then. A killed process leaves that file. MP4 is written in fragments
// (Pieces), flushed, so that it plays; finish() remuxes it (faststart). Where there is no room for two files, or the
// run was broken off and the file is large, it stays in fragments. After a failed write the file ends with its last
// whole fragment. A file that does not play (no picture) is removed, and what was at `path` stays. The same holds for
// each segment and playlist of HLS.
class Output {
 public:
  virtual ~Output() = default;  // without finish(): what is written is at `path`, not complete
  // Video packets in decode order; audio is read and interleaved up to the packet's time.
  virtual void write(const Packet& packet) = 0;
  // A canvas goes to the encoder: where a source is live, the audio of its time is made now, because it is kept for
  // seconds only.
  virtual void drawn(int64_t) {}
  // Once true: what is written next is of use from a keyframe on.
  virtual bool takeKeyframeWish() { return false; }
  // Audio of a source joins or ends, at a composition time that no written picture has passed. Joining is for
  // outputs opened for it; of a source without audio there is nothing to end.
  virtual void addAudio(AudioRef audio, int64_t fromUs) = 0;
  virtual void endAudio(int32_t source, int64_t atUs) = 0;
  virtual bool hasAudio() const = 0;
  // Whether audio is mixed here, so that gains can be set; copied packets cannot be turned down.
  virtual bool adjustsAudio() const { return false; }
  // The gain of a source: 1 as it is, 0 muted, from the next audio on that is made.
  virtual void setGain(int32_t, float) {}
  // Trailer, the rest of the audio (up to the video's end), remux. `complete` false: the run was broken off.
  virtual OutputResult finish(bool complete) = 0;
};

// Throws INVALID_ARGUMENT where openOutput would for path and codec; opens nothing.
void requireFit(const std::string& path, VideoCodec codec);
// What a path or URL is. Throws INVALID_ARGUMENT as openOutput().
struct OutputPlace {
  bool local = false;      // a file of this machine
  bool segmented = false;  // HLS
};
OutputPlace placeOf(const std::string& path);

// Only the audio, for OutputOptions::audioPacket; there is no path. Null: there is no audio. Throws what opening the
// audio's sources throws.
std::unique_ptr<Output> openPacketOutput(const OutputOptions& options);

// Throws OUTPUT_UNWRITABLE, INVALID_ARGUMENT (unknown container), and what opening the audio's sources throws. A source
// without audio gives silence when mixed with others; alone it gives an output without audio. write/finish throw
// OUTPUT_DISK_FULL, OUTPUT_FAILED.
std::unique_ptr<Output> openOutput(const OutputOptions& options, const Encoder& encoder);

}  // namespace framepath::media
