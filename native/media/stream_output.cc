#include "media/stream_output.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "core/clock.h"
#include "media/connector.h"
#include "media/interleaved_output.h"
#include "media/retry.h"
#include "media/ticks.h"

namespace framepath::media {
namespace {

// A connection that takes longer to open is opened while the run goes.
constexpr int64_t kOpeningNs = 3'000'000'000;
constexpr int64_t kAwaitNs = 100'000'000;

class StreamOutput final : public InterleavedOutput {
 public:
  StreamOutput(const OutputOptions& options, const Container& container, const Encoder& encoder,
               std::unique_ptr<AudioTrack> audio)
      : InterleavedOutput(options, encoder, std::move(audio)),
        link_(options.link ? options.link : std::make_shared<OutputLink>()) {
    Broadcast broadcast{options.path, container, {}};
    broadcast.streams.push_back({copyOf(*encoder.parameters()), tickOf(ticks_), options.fps, options.hdrMetadata});
    if (const AudioTrack* track = interleaver_.audio())
      broadcast.streams.push_back({copyOf(track->parameters()), track->timeBase(), {0, 1}, {}});
    connector_ = std::make_shared<Connector>(std::move(broadcast), options.reconnects, options.stop);
    open();
  }

  ~StreamOutput() override { connector_->cancel(); }

  bool takeKeyframeWish() override { return std::exchange(wish_, false); }

  OutputResult finish(bool complete) override {
    if (!failed_) interleaver_.finish(endUs_);
    const bool ends = muxer_ && !joining_ && !failed_;
    link_->connection = Connection::closed;
    if (ends) muxer_->end();
    if (!ends && complete && !failed_)
      throw neverCameBack(muxer_ ? "came back, but no keyframe followed before the run ended"
                                 : "had not come back when the run ended");
    OutputResult result = this->result();
    result.complete = ends && complete;
    result.finalised = ends;
    return result;
  }

 private:
  bool byClock() const { return options_.byClock || link_->byClock; }
  bool stopped() const { return options_.stop && options_.stop->passed(); }

  void open() {
    const bool waits = options_.byClock && !options_.required && options_.reconnects != 0;
    if (!waits) {
      muxer_ = connector_->connect();
      link_->connection = Connection::open;
      return;
    }
    link_->connection = Connection::away;
    lostNs_ = nowNs();
    connector_->begin(nullptr, true);
    joining_ = true;
    const int64_t untilNs = lostNs_ + kOpeningNs;
    while (!muxer_ && connector_->attempts() == 0 && nowNs() < untilNs && !stopped()) {
      connector_->waitFor(kAwaitNs / 5);
      muxer_ = connector_->take();
    }
    if (muxer_) {
      joining_ = false;
      link_->connection = Connection::open;
      return;
    }
    const std::string failure = connector_->lastFailure();
    reason_ = failure.empty() ? quoted(options_.path) + " has not answered yet." : failure;
    if (options_.recovered && !stopped()) options_.recovered("output down at the start, is tried again", reason_);
  }

  void writeNow(AVPacket& packet, bool isAudio) override {
    if (isAudio && options_.audioPacket) options_.audioPacket(audioPacketOf(packet, *interleaver_.audio()));
    if (!muxer_) takeConnection();
    while (!muxer_ && !isAudio && !byClock() && !stopped()) {
      connector_->waitFor(kAwaitNs);
      takeConnection();
    }
    if (muxer_ && joining_ && !isAudio && packet.flags & AV_PKT_FLAG_KEY) joined();
    if (muxer_ && !joining_) {
      try {
        muxer_->write(packet, isAudio ? kAudioStream : kVideoStream,
                      isAudio ? interleaver_.audio()->timeBase() : tickOf(ticks_));
        if (!isAudio) frames_++;
        if (steadyNs_ > 0 && nowNs() - steadyNs_ > kSteadyNs) {
          connector_->steady();
          steadyNs_ = 0;
        }
        return;
      } catch (const Error& error) {
        if (options_.reconnects == 0 || stopped()) {
          failed_ = true;
          link_->connection = Connection::closed;
          throw;
        }
        lose(error);
      }
    }
    if (!isAudio) link_->lost++;
  }

  void lose(const Error& error) {
    if (steadyNs_ > 0 && nowNs() - steadyNs_ > kSteadyNs) connector_->steady();
    reason_ = error.sentence;
    lostNs_ = nowNs();
    joining_ = true;
    link_->connection = Connection::away;
    connector_->begin(std::move(muxer_));
  }

  // The connection, if it is there.
  void takeConnection() {
    try {
      muxer_ = connector_->take();
      wish_ = wish_ || muxer_;
    } catch (const Error& last) {
      failed_ = true;
      link_->connection = Connection::closed;
      throw neverCameBack("did not come back in " + std::to_string(connector_->attempts()) + " attempts");
    }
  }

  void joined() {
    joining_ = false;
    steadyNs_ = nowNs();
    link_->connection = Connection::open;
    link_->reconnects++;
    if (!options_.recovered) return;
    char away[64];
    std::snprintf(away, sizeof away, "%.1f s away", static_cast<double>(steadyNs_ - lostNs_) / 1e9);
    const std::string most = options_.reconnects < 0 ? "" : " of " + std::to_string(options_.reconnects);
    options_.recovered("output lost, connected again",
                       reason_ + " " + away + ", attempt " + std::to_string(connector_->attempts()) + most + ".");
  }

  Error neverCameBack(const std::string& what) const {
    const std::string last = connector_->lastFailure();
    return Error(ErrorCode::OUTPUT_FAILED,
                 quoted(options_.path) + " was lost (" + reason_ + ") and " + what + (last.empty() ? "." : ": " + last),
                 "Check that the server is up and takes streams; reconnect: N allows more attempts.");
  }

  static constexpr int kVideoStream = 0;
  static constexpr int kAudioStream = 1;

  const std::shared_ptr<OutputLink> link_;
  std::shared_ptr<Connector> connector_;
  std::unique_ptr<Muxer> muxer_;  // null: away
  bool joining_ = false;          // the next keyframe is the first picture of the connection
  bool wish_ = false;             // for one
  bool failed_ = false;
  std::string reason_;    // of the current outage
  int64_t lostNs_ = 0;    // when it began
  int64_t steadyNs_ = 0;  // when the connection came back; 0: it has been steady since
};

}  // namespace

std::unique_ptr<Output> openStreamOutput(const OutputOptions& options, const Container& container,
                                         const Encoder& encoder, std::unique_ptr<AudioTrack> audio) {
  return std::make_unique<StreamOutput>(options, container, encoder, std::move(audio));
}

}  // namespace framepath::media
