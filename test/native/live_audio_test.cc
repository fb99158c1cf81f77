// The audio of live sources: from their one connection to the samples of an output.
#include <memory>
#include <string>
#include <vector>

#include "check.h"
#include "core/error.h"
#include "http_server.h"
#include "media/live_reader.h"
#include "media/packet_tap.h"
#include "media_clip.h"

using namespace framepath;
using namespace framepath::media;

namespace {

// What a tap got, as text: one letter a call.
struct Noted : PacketTap {
  std::string calls;
  int pictures = 0, audio = 0, others = 0;
  int picture = -1, sound = -1;
  void opened(const AVFormatContext&, int pictureStream, int audioStream) override {
    calls += 'o';
    picture = pictureStream;
    sound = audioStream;
  }
  void packet(const AVPacket& packet, int64_t arrivalNs) override {
    if (calls.back() != 'p') calls += 'p';
    CHECK(arrivalNs > 0);
    (packet.stream_index == picture ? pictures : packet.stream_index == sound ? audio : others)++;
  }
  void lost() override { calls += 'l'; }
};

// One second of pictures, two streams of audio and a text, as a live stream has them.
std::string served(const clip::TempFolder& folder, const std::string& audio = "-map 1:a -map 1:a -c:a aac") {
  const std::string path = folder.file("live.ts");
  clip::ffmpeg("-f lavfi -i testsrc2=s=64x64:r=25:d=1 -f lavfi -i sine=440:r=48000:d=1 -map 0:v " + audio +
               " -c:v libx264 -bf 0 -g 25 -f mpegts " + path);
  const std::vector<uint8_t> bytes = clip::bytesOf(path);
  return "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + std::string(bytes.begin(), bytes.end());
}

// A server that closes its connection breaks the stream off.
int framesOf(SourceReader& reader) {
  int frames = 0;
  try {
    while (reader.next()) frames++;
  } catch (const Error& error) {
    CHECK(error.code == ErrorCode::SOURCE_FAILED);
  }
  return frames;
}

}  // namespace

TEST(taps_get_the_packets_of_a_live_source_from_its_one_connection) {
  const clip::TempFolder folder;
  http::Server server;
  const std::string stream = served(folder);
  server.answer = [&](const std::string&) { return stream; };
  const auto tap = std::make_shared<Noted>();
  SourceOptions options;
  options.uri = server.url("/live.ts");
  options.reconnects = 0;
  options.taps = {tap, std::make_shared<Noted>()};
  {
    const auto reader = LiveReader::open(options, openDevice("cpu"));
    CHECK(reader->info().live);
    CHECK_EQUAL(framesOf(*reader), 25);
  }
  CHECK_EQUAL(tap->calls, "opl");
  CHECK_EQUAL(tap->pictures, 25);
  CHECK(tap->audio >= 46 && tap->audio <= 50);
  CHECK_EQUAL(tap->others, 0);
  CHECK_EQUAL(server.requests.load(), 1);
}

TEST(taps_are_opened_again_when_a_stream_comes_back) {
  const clip::TempFolder folder;
  http::Server server;
  const std::string stream = served(folder, "");
  server.answer = [&](const std::string&) { return stream; };
  const auto tap = std::make_shared<Noted>();
  SourceOptions options;
  options.uri = server.url("/live.ts");
  options.live = true;  // its end is a loss
  options.reconnects = 3;
  options.endMs = 2000;
  options.taps = {tap};
  {
    const auto reader = LiveReader::open(options, openDevice("cpu"));
    CHECK(framesOf(*reader) > 25);
  }
  CHECK(tap->calls.starts_with("oplopl"));
  CHECK_EQUAL(tap->sound, -1);
}

TEST(files_have_no_taps) {
  const clip::TempFolder folder;
  served(folder);
  const auto tap = std::make_shared<Noted>();
  SourceOptions options;
  options.uri = folder.file("live.ts");
  options.taps = {tap};
  CHECK_EQUAL(framesOf(*openSource(options, openDevice("cpu"))), 25);
  CHECK_EQUAL(tap->calls, "");
}

TEST_MAIN()
