#include "media/reader_wire.h"

#include <algorithm>
#include <cmath>
#include <concepts>

#include "device/image.h"
#include "media/audio_decoder.h"

namespace framepath::media {
namespace {

constexpr size_t kLongestText = 4096;
constexpr int32_t kLongestSide = 1 << 20;
constexpr int64_t kMostPixels = int64_t{1} << 28;  // as Decoder
constexpr int64_t kMostTimeUs = int64_t{1} << 57;  // sums of a few times of containers, which are within 2^54
constexpr int64_t kMostCount = int64_t{1} << 53;   // 285 years, and exact in JavaScript

[[noreturn]] void refuse(const char* what) {
  throw Error(ErrorCode::SOURCE_CRASHED, std::string("its process sent ") + what);
}
void require(bool good, const char* what) {
  if (!good) refuse(what);
}

// What is not UTF-8, and control characters, as '?': sentences end in JSON, logs and terminals.
std::string mended(std::string_view text) {
  std::string good;
  good.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80                   ? 1
                          : lead >= 0xc2 && lead < 0xe0 ? 2
                          : (lead & 0xf0) == 0xe0       ? 3
                          : lead >= 0xf0 && lead < 0xf5 ? 4
                                                        : 0;
    bool whole = length > 0 && i + length <= text.size() && lead >= 0x20 && lead != 0x7f;
    for (size_t k = 1; whole && k < length; k++) whole = (static_cast<unsigned char>(text[i + k]) & 0xc0) == 0x80;
    if (whole && length > 2) {  // too long a form, a surrogate, past the last character
      const auto second = static_cast<unsigned char>(text[i + 1]);
      whole = !(lead == 0xe0 && second < 0xa0) && !(lead == 0xed && second > 0x9f) &&
              !(lead == 0xf0 && second < 0x90) && !(lead == 0xf4 && second > 0x8f);
    }
    if (whole) {
      good.append(text, i, length);
      i += length;
    } else {
      good += lead == '\n' || lead == '\t' ? ' ' : '?';
      i++;
    }
  }
  return good;
}

template <typename T>
concept Plain = std::integral<T> || std::floating_point<T> || std::is_enum_v<T>;

class Writer {
 public:
  template <typename... Fields>
  void operator()(const Fields&... fields) {
    (put(fields), ...);
  }
  std::vector<uint8_t> bytes;

 private:
  void raw(const void* data, size_t size) {
    const auto* from = static_cast<const uint8_t*>(data);
    bytes.insert(bytes.end(), from, from + size);
  }
  template <Plain T>
  void put(const T& value) {
    raw(&value, sizeof value);
  }
  void put(const bool& value) { put(static_cast<uint8_t>(value)); }
  void put(const std::string& text) {
    put(static_cast<uint32_t>(text.size()));
    raw(text.data(), text.size());
  }
  template <typename T>
  void put(const std::vector<T>& list) {
    put(static_cast<uint32_t>(list.size()));
    for (const T& item : list) put(item);
  }
  template <typename T>
  void put(const T& record) {
    fields(*this, const_cast<T&>(record));
  }
};

class Reader {
 public:
  // What this process wrote itself may be long.
  Reader(std::span<const uint8_t> bytes, bool trusted) : bytes_(bytes), trusted_(trusted) {}
  template <typename... Fields>
  void operator()(Fields&... fields) {
    (get(fields), ...);
  }
  void finish() const { require(bytes_.empty(), "a message that is too long"); }

 private:
  void raw(void* data, size_t size) {
    require(size <= bytes_.size(), "a message that is too short");
    if (size) std::memcpy(data, bytes_.data(), size);
    bytes_ = bytes_.subspan(size);
  }
  size_t length(size_t itemBytes) {
    uint32_t count = 0;
    get(count);
    require(count <= bytes_.size() / itemBytes, "a list that is longer than its message");
    return count;
  }
  template <Plain T>
  void get(T& value) {
    raw(&value, sizeof value);
  }
  void get(bool& value) {
    uint8_t byte = 0;
    get(byte);
    value = byte != 0;
  }
  void get(std::string& text) {
    const size_t size = length(1);
    require(trusted_ || size <= kLongestText, "a text that is too long");
    const std::string_view view(reinterpret_cast<const char*>(bytes_.data()), size);
    text = trusted_ ? std::string(view) : mended(view);
    bytes_ = bytes_.subspan(size);
  }
  template <typename T>
  void get(std::vector<T>& list) {
    list.resize(length(Plain<T> ? sizeof(T) : 1));
    for (T& item : list) get(item);
  }
  template <typename T>
  void get(T& record) {
    fields(*this, record);
  }

  std::span<const uint8_t> bytes_;
  const bool trusted_;
};

template <typename A>
void fields(A& a, Rational& r) {
  a(r.num, r.den);
}
template <typename A>
void fields(A& a, AudioStreamInfo& s) {
  a(s.codec, s.sampleRate, s.channels);
}
template <typename A>
void fields(A& a, SourceInfo& i) {
  a(i.kind, i.container, i.codec, i.pixelFormat, i.width, i.height, i.codedWidth, i.codedHeight, i.rotation,
    i.sampleAspect, i.fps, i.durationMs, i.frames, i.bytes, i.bitrate, i.depth, i.interlaced, i.hdr, i.primaries,
    i.live, i.colorMatrix, i.colorRange, i.colorTransfer, i.audio);
}
template <typename A>
void fields(A& a, Limits& l) {
  a(l.maxBytes, l.maxPixels, l.maxDurationMs, l.jail, l.protocols, l.hosts, l.privateNetworks, l.isolated);
}
template <typename A>
void fields(A& a, SourceOptions& o) {
  a(o.uri, o.images, o.imageFps, o.startMs, o.endMs, o.stride, o.maxFps, o.maxGapMs, o.threads, o.maxDecodeErrors,
    o.limits, o.skipLoopFilter, o.deinterlace, o.live, o.reconnects, o.required);
}
template <typename A>
void fields(A& a, ReaderJob& j) {
  a(j.kind, j.folder, j.options, j.offsetMs, j.heard);
}
template <typename A>
void fields(A& a, ReaderCounters& c) {
  a(c.decoded, c.decodeErrors, c.skipped, c.decodedOnGpu, c.reconnects, c.reconnectsLeft);
}
template <typename A>
void fields(A& a, Release& r) {
  a(r.number);
}
template <typename A>
void fields(A& a, AudioPlace& p) {
  a(p.begin, p.position);
}
template <typename A>
void fields(A& a, TimeChange& t) {
  a(t.setBack, t.fromUs, t.toUs);
}
template <typename A>
void fields(A& a, Samples& s) {
  a(s.count);
}
template <typename A>
void fields(A& a, RecoveryNote& r) {
  a(r.what, r.reason);
}
template <typename A>
void fields(A& a, Failure& f) {
  a(f.code, f.sentence, f.hint);
}
template <typename A>
void fields(A& a, Ended& e) {
  a(e.counters, e.isEmptyCut, e.emptyCut);
}
template <typename A>
void fields(A& a, AudioSamples& s) {
  a(s.left, s.right, s.loss);
}
template <typename A>
void fields(A& a, LiveSamples& s) {
  a(s.timed, s.us, s.left, s.right);
}
template <typename A>
void fields(A& a, PixelFormat& f) {
  a(f.layout, f.chromaShiftX, f.chromaShiftY, f.depth, f.components, f.bgr, f.msbAligned);
}
template <typename A>
void fields(A& a, Picture& p) {
  a(p.number, p.view.width, p.view.height, p.view.format, p.view.matrix, p.view.range, p.width, p.height, p.ptsUs,
    p.durationUs, p.index, p.hasOwnTime, p.own.us, p.own.offsetUs, p.counters);
  for (int i = 0; i < 3; i++) a(p.offsets[i], p.view.planes[i].pitchBytes);
}

bool isSide(int32_t value) {
  return value >= 1 && value <= kLongestSide;
}
bool isCount(int64_t value) {
  return value >= 0 && value <= kMostCount;
}

bool isTime(int64_t us) {
  return us >= -kMostTimeUs && us <= kMostTimeUs;
}

void validate(const ReaderCounters& c) {
  require(isCount(c.decoded) && isCount(c.decodeErrors) && isCount(c.skipped) && isCount(c.decodedOnGpu) &&
              isCount(c.reconnects) && c.reconnectsLeft >= -1,
          "counts that cannot be");
}
void validate(const SourceInfo& i) {
  require(i.kind == "video" || i.kind == "image" || i.kind == "audio", "an unknown kind of source");
  const bool sized = isSide(i.width) && isSide(i.height) && isSide(i.codedWidth) && isSide(i.codedHeight);
  const bool sizeless = i.kind == "audio" && !i.width && !i.height && !i.codedWidth && !i.codedHeight;
  require(sized || sizeless, "a size that cannot be");
  require(i.rotation >= 0 && i.rotation < 360 && i.rotation % 90 == 0, "a rotation that cannot be");
  require(i.sampleAspect.num > 0 && i.sampleAspect.den > 0, "a shape of pixels that cannot be");
  require(i.fps.num >= 0 && i.fps.den > 0 && i.fps.value() <= 1000, "a frame rate that cannot be");
  for (const int64_t value : {i.durationMs, i.frames, i.bytes, i.bitrate})
    require(value == -1 || isCount(value), "a length that cannot be");
  require(i.depth >= 0 && i.depth <= 64, "a depth that cannot be");
  require(i.primaries <= ColorPrimaries::bt2020, "primaries that cannot be");
  for (const AudioStreamInfo& audio : i.audio)
    require(audio.sampleRate >= 0 && audio.channels >= 0, "a audio that cannot be");
}
void validate(const Picture& p) {
  const PixelFormat& f = p.view.format;
  require(isSide(p.view.width) && isSide(p.view.height) && isSide(p.width) && isSide(p.height) &&
              int64_t{p.view.width} * p.view.height <= kMostPixels,
          "a picture whose size cannot be");
  require(f.layout <= PixelLayout::gray && f.depth >= 8 && f.depth <= 16 && f.chromaShiftX <= 2 && f.chromaShiftY <= 2,
          "a pixel format that cannot be");
  const bool yuv = f.layout == PixelLayout::planarYuv || f.layout == PixelLayout::semiPlanarYuv;
  const bool components =
      f.layout == PixelLayout::rgb ? f.components == 3 || f.components == 4 : f.components == (yuv ? 3 : 1);
  const bool whole = yuv || (f.chromaShiftX == 0 && f.chromaShiftY == 0);
  require(components && whole && (!f.bgr || f.layout == PixelLayout::rgb) &&
              (!f.msbAligned || (f.layout == PixelLayout::semiPlanarYuv && f.depth > 8)),
          "a pixel format that cannot be");
  require(p.view.matrix <= ColorMatrix::bt2020 && p.view.range <= ColorRange::full, "colours that cannot be");
  require(isCount(p.ptsUs) && isCount(p.durationUs) && isCount(p.index), "a time that cannot be");
  require(isTime(p.own.us) && isTime(p.own.offsetUs), "a time that cannot be");
  validate(p.counters);
}
void validate(const Failure& f) {
  switch (f.code) {
    case ErrorCode::INVALID_ARGUMENT:
    case ErrorCode::SOURCE_NOT_FOUND:
    case ErrorCode::SOURCE_UNREADABLE:
    case ErrorCode::SOURCE_UNSUPPORTED:
    case ErrorCode::SOURCE_TOO_LARGE:
    case ErrorCode::SOURCE_REFUSED:
    case ErrorCode::SOURCE_FAILED:
    case ErrorCode::DECODE_FAILED:
    case ErrorCode::DEVICE_OUT_OF_MEMORY:
    case ErrorCode::OUTPUT_FAILED:
    case ErrorCode::CANCELLED: return;
    default: refuse("an error that is none of a source's");
  }
}
void validate(const Ended& e) {
  validate(e.counters);
  if (e.isEmptyCut) validate(e.emptyCut);
}
void validate(const TimeChange& t) {
  require(isCount(t.fromUs) && isCount(t.toUs) && (t.setBack || t.fromUs <= t.toUs), "a gap that cannot be");
}
void validate(const AudioSamples& s) {
  require(s.left.size() == s.right.size() && s.left.size() <= static_cast<size_t>(kSamplesAtOnce),
          "audio of a wrong length");
}
void validate(const LiveSamples& s) {
  require(s.left.size() == s.right.size() && !s.left.empty() && s.left.size() <= static_cast<size_t>(kSamplesAtOnce),
          "audio of a wrong length");
  require(isTime(s.us), "a time that cannot be");
  const auto loud = [](float sample) { return !(std::abs(sample) <= kLoudest); };
  require(std::ranges::none_of(s.left, loud) && std::ranges::none_of(s.right, loud), "audio that cannot be");
}
template <typename T>
void validate(const T&) {}

}  // namespace

template <typename T>
std::vector<uint8_t> toWire(const T& message) {
  Writer writer;
  writer(message);
  return std::move(writer.bytes);
}

template <typename T>
T fromWire(std::span<const uint8_t> bytes) {
  T message;
  Reader reader(bytes, std::is_same_v<T, ReaderJob>);
  reader(message);
  reader.finish();
  validate(message);
  return message;
}

#define FRAMEPATH_ON_THE_WIRE(T)                     \
  template std::vector<uint8_t> toWire<T>(const T&); \
  template T fromWire<T>(std::span<const uint8_t> bytes);
FRAMEPATH_ON_THE_WIRE(ReaderJob)
FRAMEPATH_ON_THE_WIRE(SourceInfo)
FRAMEPATH_ON_THE_WIRE(ReaderCounters)
FRAMEPATH_ON_THE_WIRE(Release)
FRAMEPATH_ON_THE_WIRE(AudioPlace)
FRAMEPATH_ON_THE_WIRE(Samples)
FRAMEPATH_ON_THE_WIRE(TimeChange)
FRAMEPATH_ON_THE_WIRE(RecoveryNote)
FRAMEPATH_ON_THE_WIRE(Failure)
FRAMEPATH_ON_THE_WIRE(Ended)
FRAMEPATH_ON_THE_WIRE(AudioSamples)
FRAMEPATH_ON_THE_WIRE(LiveSamples)
FRAMEPATH_ON_THE_WIRE(Picture)
#undef FRAMEPATH_ON_THE_WIRE

ImageView viewIn(const Picture& picture, std::span<uint8_t> memory) {
  // Kernels may read a vector past a row (device/image.h).
  constexpr uint64_t kVector = 64;
  ImageView view = picture.view;
  for (int p = 0; p < planeCount(view.format); p++) {
    const int64_t row = int64_t{planeWidth(view, p)} * sampleBytes(view, p), pitch = view.planes[p].pitchBytes;
    require(pitch >= row && pitch <= (1 << 24), "rows that overlap");
    require(view.format.depth == 8 || ((pitch | static_cast<int64_t>(picture.offsets[p])) & 1) == 0,
            "samples at odd addresses");
    const uint64_t extent = static_cast<uint64_t>(pitch) * static_cast<uint64_t>(planeHeight(view, p) - 1) +
                            static_cast<uint64_t>(row) + kVector;
    require(extent <= memory.size() && picture.offsets[p] <= memory.size() - extent, "a picture outside its memory");
    view.planes[p].data = memory.data() + picture.offsets[p];
  }
  return view;
}

}  // namespace framepath::media
