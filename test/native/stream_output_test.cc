// A network output against peers that do not read, that go, and that come back.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "check.h"
#include "core/error.h"
#include "core/stop.h"
#include "media/av.h"
#include "media/encoder.h"
#include "media/output.h"
#include "media/output_link.h"

using namespace framepath;
using namespace framepath::media;

namespace {

// Listens, and reads nothing: the kernel takes connections, and as many bytes as its buffers hold.
class Peer {
 public:
  explicit Peer(int port = 0) : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int yes = 1, small = 4096;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    setsockopt(listener_, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    socklen_t length = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        syscall(SYS_listen, listener_, 16) != 0)  // past network_guard.h
      throw std::runtime_error("no peer");
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
  }
  ~Peer() { close(listener_); }  // resets what it has not accepted
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  int port() const { return port_; }

 private:
  const int listener_;
  int port_ = 0;
};

// Gives an output its parameters; the packets are made here.
class NoEncoder final : public Encoder {
 public:
  NoEncoder() : parameters_(avcodec_parameters_alloc()) {
    parameters_->codec_type = AVMEDIA_TYPE_VIDEO;
    parameters_->codec_id = AV_CODEC_ID_H264;
    parameters_->width = parameters_->height = 64;
  }
  ~NoEncoder() override { avcodec_parameters_free(&parameters_); }
  PixelFormat inputFormat() const override { return pixelFormat::yuv420p; }
  const AVCodecParameters* parameters() const override { return parameters_; }
  std::string name() const override { return "none"; }
  void push(const FrameRef&, const Emit&) override {}
  void finish(const Emit&) override {}

 private:
  AVCodecParameters* parameters_;
};

struct Streaming {
  explicit Streaming(int port, bool joining = false) {
    OutputOptions options;
    options.path = "tcp://127.0.0.1:" + std::to_string(port);
    options.fps = {200, 1};
    options.joining = joining;
    options.stop = stop;
    options.link = link;
    output = openOutput(options, encoder);
  }
  void write(bool keyframe, size_t bytes = 100) {
    auto data = std::make_shared<std::vector<uint8_t>>(bytes, uint8_t{0x55});
    const std::vector<uint8_t> start{0, 0, 0, 1, static_cast<uint8_t>(keyframe ? 0x65 : 0x41)};
    std::copy(start.begin(), start.end(), data->begin());
    Packet packet;
    packet.codec = "h264";
    packet.data = std::move(data);
    packet.ptsUs = packet.dtsUs = written++ * 5'000;
    packet.durationUs = 5'000;
    packet.keyframe = keyframe;
    output->write(packet);
  }
  void writeUntilLost() {
    while (link->connection != Connection::away) write(true);
  }

  const std::shared_ptr<Stop> stop = std::make_shared<Stop>();
  const std::shared_ptr<OutputLink> link = std::make_shared<OutputLink>();
  NoEncoder encoder;
  std::unique_ptr<Output> output;
  int64_t written = 0;
};

template <typename Call>
std::string failureOf(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.sentence;
  }
  return "";
}

}  // namespace

TEST(a_peer_that_takes_nothing_does_not_fail_a_run_that_is_closed) {
  const Peer peer;
  Streaming streaming(peer.port());
  CHECK(streaming.link->connection == Connection::open);
  streaming.stop->now();
  const std::string failure = failureOf([&] {
    for (int i = 0; i < 1000; i++) streaming.write(true, 1 << 20);
  });
  CHECK(!failure.empty());
  const OutputResult result = streaming.output->finish(false);
  CHECK(!result.complete && !result.finalised);
  CHECK(streaming.link->connection == Connection::closed);
}

TEST(what_is_left_at_the_end_waits_for_the_peer) {
  auto first = std::make_unique<Peer>();
  const int port = first->port();
  Streaming streaming(port, true);  // the track of silence holds back the pictures of a packet of audio
  for (int i = 0; i < 50; i++) streaming.write(true);
  first.reset();
  const Peer again(port);
  const OutputResult result = streaming.output->finish(true);
  CHECK(result.complete);
  CHECK_EQUAL(streaming.link->reconnects.load(), 1);
  CHECK_EQUAL(result.frames + streaming.link->lost, streaming.written);
}

TEST(a_peer_that_came_back_without_a_keyframe_has_a_sentence_of_its_own) {
  auto first = std::make_unique<Peer>();
  const int port = first->port();
  Streaming streaming(port);
  streaming.write(true);
  first.reset();
  streaming.writeUntilLost();
  const Peer again(port);
  streaming.write(false);  // waits
  CHECK(streaming.output->takeKeyframeWish());
  const std::string failure = failureOf([&] { streaming.output->finish(true); });
  CHECK(failure.find("came back, but no keyframe followed") != std::string::npos);
}

TEST(nothing_waits_once_the_composition_goes_by_the_clock) {
  auto first = std::make_unique<Peer>();
  Streaming streaming(first->port());
  streaming.write(true);
  first.reset();
  streaming.writeUntilLost();
  streaming.link->byClock = true;  // else this write() would wait until no attempt is left, and throw
  streaming.write(true);
  CHECK(streaming.link->connection == Connection::away);
  CHECK(streaming.link->lost > 0);
}

TEST_MAIN()
