// Requests to a process that reads untrusted sources, and its answers, as bytes. Both run the same build: no
// versions, native byte order. Answers are input: every length, range and string is checked before anybody uses it.
#pragma once
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "core/error.h"
#include "core/frame.h"
#include "media/source_reader.h"

namespace framepath::media {

struct ReaderJob {
  enum class Kind : uint8_t { probe, pictures, audio };
  Kind kind = Kind::probe;
  std::string folder;     // to which relative paths refer
  SourceOptions options;  // of a probe its uri and limits, of audio also the cut
  int64_t offsetMs = 0;   // of audio
  bool heard = false;     // of pictures: the audio of a live source too
};

enum class ReaderAsks : uint8_t {
  picture,  // one more may come
  release,  // Release: the memory of a picture is free
  place,    // AudioPlace: where audio begins, see AudioSource::joinAt
  samples,  // Samples
  times,    // TimeChange of the pictures, which the audio follows
};

enum class ReaderMessage : uint8_t {
  opened,     // SourceInfo, of audio nothing
  noAudio,    // instead
  picture,    // Picture
  ended,      // Ended
  failed,     // Failure
  recovered,  // RecoveryNote
  alive,      // ReaderCounters: it works on, or waits for its peer
  samples,    // AudioSamples
  times,      // TimeChange, before the picture that comes after it
  connected,  // of a live source with audio: what is heard from here on is of another connection
  heard,      // LiveSamples
};

struct Release {
  uint64_t number = 0;
};
struct AudioPlace {
  int64_t begin = 0, position = 0;
};
struct Samples {
  int32_t count = 0;
};
struct RecoveryNote {
  std::string what, reason;
};
struct Failure {
  ErrorCode code = ErrorCode::INTERNAL;
  std::string sentence, hint;
};
struct Ended {
  ReaderCounters counters;
  bool isEmptyCut = false;  // SourceReader::emptyCut, and why
  Failure emptyCut;
};
struct AudioSamples {
  std::vector<float> left, right;
  std::string loss;
};
// Audio of a live source, as it is read beside its pictures.
struct LiveSamples {
  bool timed = false;
  int64_t us = 0;  // of the source's own clock, where it is timed
  std::vector<float> left, right;
};
// A Frame whose planes lie in the memory both processes map.
struct Picture {
  uint64_t number = 0;  // of its release
  uint64_t offsets[3] = {};
  ImageView view;  // without addresses
  int32_t width = 0, height = 0;
  int64_t ptsUs = 0, durationUs = 0, index = 0;
  bool hasOwnTime = false;
  OwnTime own;
  ReaderCounters counters;
};

constexpr size_t kLongestAnswer = 64 << 10;  // bytes, one datagram
constexpr int32_t kSamplesAtOnce = 4096;

template <typename T>
std::vector<uint8_t> toWire(const T& message);

// Throws Error{SOURCE_CRASHED} when the bytes are not a message of this kind, or have impossible values. Text that is
// no UTF-8 is mended.
template <typename T>
T fromWire(std::span<const uint8_t> bytes);

// The picture's view in `memory`. Throws as fromWire.
ImageView viewIn(const Picture& picture, std::span<uint8_t> memory);

}  // namespace framepath::media
