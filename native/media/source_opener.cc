#include "media/source_opener.h"

extern "C" {
#include <libavutil/avstring.h>
}
#include <utility>

#include "core/clock.h"
#include "media/network_refusal.h"
#include "media/source_limits.h"

namespace framepath::media {
namespace {

std::string seconds(int64_t ns) {
  return std::to_string(ns / 1'000'000'000) + " s";
}

}  // namespace

SourceOpener::SourceOpener(std::string uri, const Limits& limits, StopRef stop, Patience patience)
    : uri_(std::move(uri)),
      access_(limits),
      stop_(std::move(stop)),
      patience_(patience),
      formats_(access_.formatWhitelist()),
      whitelist_(access_.protocolWhitelist()),
      restricted_(!whitelist_.empty()),
      openedNs_(nowNs()),
      aliveNs_(openedNs_) {}

AVIOContext* SourceOpener::open(int& result) {
  Place place = access_.open(uri_);
  if (place.url.empty()) {
    // libav's own default for files.
    if (whitelist_.empty()) whitelist_ = "file,crypto,data";
    return keep(uri_, std::move(place.file), nullptr);
  }
  requireGuard(place);
  AvDictionary options;
  if (!whitelist_.empty()) options.set("protocol_whitelist", whitelist_);
  options.set("overrun_nonfatal", int64_t{1});  // UDP: a reader that was slow for a while lost packets, not all
  const AVIOInterruptCB interrupt{interrupted, this};
  AVIOContext* inner = nullptr;
  result = avio_open2(&inner, place.url.c_str(), AVIO_FLAG_READ, &interrupt, &options);
  if (result < 0) return nullptr;
  onlyRemote_ = whitelist_.empty() && place.remote;
  if (whitelist_.empty() && inner->protocol_whitelist) whitelist_ = inner->protocol_whitelist;
  AVIOContext* io = keep(uri_, std::move(place.file), inner);
  requireBytes(uri_, avio_size(inner), access_.limits());
  return io;
}

void SourceOpener::requireAllowed() {
  requireGuard(access_.open(uri_));
}

void SourceOpener::attach(AVFormatContext& format) {
  libavOpen_ = format.io_open;
  format.opaque = this;
  format.io_open = openIo;
  format.io_close2 = closeIo;
  format.interrupt_callback = {interrupted, this};
  if (!whitelist_.empty()) av(av_opt_set(&format, "protocol_whitelist", whitelist_.c_str(), 0), "protocol_whitelist");
  if (!formats_.empty()) av(av_opt_set(&format, "format_whitelist", formats_.c_str(), 0), "format_whitelist");
}

// What hosts may be connected to is enforced where connections are made. Without that, nothing is connected to.
void SourceOpener::requireGuard(const Place& place) const {
  const Limits& limits = access_.limits();
  if (!place.remote || networkGuarded() || (limits.hosts.empty() && limits.privateNetworks)) return;
  throw Error(ErrorCode::SOURCE_REFUSED,
              "Which hosts " + quoted(uri_) + " connects to cannot be limited in this process.",
              "limits.hosts and limits.privateNetworks need limits.isolation: 'process'.");
}

AVIOContext* SourceOpener::keep(std::string url, FileDescriptor file, AVIOContext* inner) {
  std::unique_ptr<AVIOContext, decltype([](AVIOContext* io) { avio_close(io); })> owned(inner);
  SourceReads& reads = *this;
  auto made = std::make_unique<SourceIo>(reads, std::move(url), std::move(file), inner);
  owned.release();
  AVIOContext* io = made->context();
  open_.emplace(io, std::move(made));
  return io;
}

int SourceOpener::interrupted(void* opaque) {
  const auto& self = *static_cast<SourceOpener*>(opaque);
  return self.ending() || self.late();
}

bool SourceOpener::late() const {
  const int64_t now = nowNs();
  if (opening_ && access_.limits().isolated && now - openedNs_ > patience_.untrustedOpenNs) return true;
  return now - aliveNs_ > patience_.stallNs;
}

void SourceOpener::expectPacket() {
  opening_ = false;
  aliveNs_ = nowNs();
}

// Every file that libav opens because this source names it comes through here.
int SourceOpener::openIo(AVFormatContext* format, AVIOContext** io, const char* url, int flags,
                         AVDictionary** options) {
  // IMF hands this function to containers of its own, which know nothing of us.
  if (!format->opaque) return AVERROR(EACCES);
  auto& self = *static_cast<SourceOpener*>(format->opaque);
  try {
    return self.openNamed(format, io, url, flags, options);
  } catch (const Error& error) {
    self.refuse(error);
    return AVERROR(EACCES);
  } catch (const std::exception&) {
    return AVERROR(ENOMEM);
  }
}

int SourceOpener::openNamed(AVFormatContext* format, AVIOContext** io, const char* url, int flags,
                            AVDictionary** options) {
  if (ending()) return AVERROR_EXIT;
  Place place = access_.open(url, NamedBy::source);
  if (place.file && (onlyRemote_ || (!whitelist_.empty() && av_match_list("file", whitelist_.c_str(), ',') <= 0)))
    throw Error(ErrorCode::SOURCE_REFUSED, quoted(uri_) + " names the local file " + quoted(url) + ".",
                "A source from the network opens files only below limits.jail.");
  AVIOContext* inner = nullptr;
  if (!place.url.empty()) {
    requireGuard(place);
    if (const int result = libavOpen_(format, &inner, place.url.c_str(), flags, options); result < 0) return result;
  }
  *io = keep(url, std::move(place.file), inner);
  if (inner) requireBytes(url, avio_size(inner), access_.limits());
  return 0;
}

int SourceOpener::closeIo(AVFormatContext* format, AVIOContext* io) {
  auto* self = static_cast<SourceOpener*>(format->opaque);
  if (!io || (self && self->open_.erase(io) > 0)) return 0;
  return avio_close(io);  // opened by the demuxer past io_open, without limits (DASH)
}

void SourceOpener::arrived(int64_t bytes, bool media) {
  bytes_ += bytes;
  // Of an untrusted source, bytes alone are no sign of life.
  if (media && !access_.limits().isolated) aliveNs_ = nowNs();
  const Limits& limits = access_.limits();
  if (limits.maxBytes > 0 && bytes_ > limits.maxBytes) throwTooManyBytes(uri_, limits);
}

bool SourceOpener::admitPlaylist(const std::string& url, std::string& text) {
  return playlists_.admit(url, text) == Playlists::Verdict::good;
}

void SourceOpener::refuse(const Error& error) {
  if (!refusal_) refusal_ = std::make_unique<Error>(error);
}

void SourceOpener::throwRefusal() {
  if (refusal_) throw Error(*refusal_);
  if (const std::string network = takeNetworkRefusal(); !network.empty())
    throw Error(ErrorCode::SOURCE_REFUSED, quoted(uri_) + ": " + network,
                "Allow it with limits: { hosts: [...] } or { privateNetworks: true }.");
}

void SourceOpener::throwEnd(const char* doing) {
  throwRefusal();
  if (stopped()) throw Error(ErrorCode::CANCELLED, std::string(doing) + " " + quoted(uri_) + " was stopped.");
  if (!late()) return;
  const bool stalled = nowNs() - aliveNs_ > patience_.stallNs;
  throw Error(ErrorCode::SOURCE_FAILED,
              quoted(uri_) +
                  (stalled ? " gave nothing for " + seconds(patience_.stallNs)
                           : " could not be opened in " + seconds(patience_.untrustedOpenNs)) +
                  ".",
              "Check that it is running.");
}

}  // namespace framepath::media
