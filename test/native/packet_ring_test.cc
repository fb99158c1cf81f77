// The ring that recordings of live sources are made of, and the clips that are written from it.
#include "media/packet_ring.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "check.h"
#include "core/clock.h"
#include "media/clip.h"
#include "media_clip.h"

using namespace framepath;
using namespace framepath::media;

namespace {

constexpr int64_t kMs = 1'000'000;  // nanoseconds

// A stream of pictures and audio in milliseconds, without a network.
struct Sender {
  struct Free {
    void operator()(AVFormatContext* format) const { avformat_free_context(format); }
  };
  std::unique_ptr<AVFormatContext, Free> format{avformat_alloc_context()};
  PacketRing& ring;
  int64_t nowMs = 1000;

  explicit Sender(PacketRing& to, int width = 64, bool audio = true) : ring(to) {
    for (const AVMediaType type : {AVMEDIA_TYPE_VIDEO, AVMEDIA_TYPE_AUDIO}) {
      AVStream* stream = avformat_new_stream(format.get(), nullptr);
      stream->codecpar->codec_type = type;
      stream->codecpar->codec_id = type == AVMEDIA_TYPE_VIDEO ? AV_CODEC_ID_H264 : AV_CODEC_ID_AAC;
      if (type == AVMEDIA_TYPE_VIDEO) stream->codecpar->width = stream->codecpar->height = width;
      if (type == AVMEDIA_TYPE_AUDIO) stream->codecpar->sample_rate = 48'000;
      stream->time_base = {1, 1000};
      stream->avg_frame_rate = {25, 1};
    }
    ring.opened(*format, 0, audio ? 1 : -1);
  }
  void send(int stream, int64_t ms, bool key, int bytes = 100) {
    AvPacket packet = newPacket();
    CHECK(av_new_packet(packet.get(), bytes) == 0);
    const std::vector<uint8_t> start =
        stream == 0 ? std::vector<uint8_t>{0, 0, 0, 1, 0x65} : std::vector<uint8_t>{0xff, 0xf1};
    std::ranges::copy(start, packet->data);  // what a container looks at
    packet->stream_index = stream;
    packet->pts = packet->dts = ms;
    packet->flags = key ? AV_PKT_FLAG_KEY : 0;
    ring.packet(*packet, nowMs * kMs);
  }
  // Pictures 40 ms apart, a keyframe every fifth, from `ms` of the stream on.
  void pictures(int count, int64_t ms, int bytes = 100) {
    for (int i = 0; i < count; i++, nowMs += 40) send(0, ms + i * 40, i % 5 == 0, bytes);
  }
};

// What is in the ring, as a run that is closed writes it.
ClipResult written(PacketRing& ring, const std::string& path, StopRef endBy = nullptr) {
  const auto stop = std::make_shared<Stop>();
  stop->now();
  ClipOptions options;
  options.path = path;
  options.source = "door";
  options.preMs = 3'600'000;
  options.over = [] { return false; };
  options.stop = stop;
  options.endBy = std::move(endBy);
  return writeClip(ring, options);
}

// One that began so long ago.
int64_t ago(int64_t ms) {
  return nowNs() / kMs - ms;
}

std::vector<RingPacketRef> all(const std::shared_ptr<RingReader>& reader) {
  std::vector<RingPacketRef> packets;
  while (RingPacketRef packet = reader->take(0)) packets.push_back(packet);
  return packets;
}

}  // namespace

TEST(keeps_whole_groups_back_to_the_keyframe_before_the_time) {
  PacketRing ring(1000, 1'000'000);
  Sender sender(ring);
  sender.pictures(100, 0);
  const auto packets = all(ring.read(0));
  CHECK(packets.front()->keyframe);
  CHECK_EQUAL(packets.size() % 5, 0u);
  CHECK(packets.size() >= 26 && packets.size() <= 31);
  // From the last keyframe at or before a time on.
  const auto later = all(ring.read((sender.nowMs - 300) * kMs));
  CHECK_EQUAL(later.size(), 10u);
  CHECK_EQUAL(all(ring.read(sender.nowMs * kMs)).size(), 5u);
}

TEST(keeps_no_more_bytes_than_it_may) {
  PacketRing ring(60'000, 2'000);
  Sender sender(ring);
  sender.pictures(50, 0);
  CHECK(ring.bytes() <= 2'000);
  CHECK_EQUAL(all(ring.read(0)).size(), 20u);
  // Nothing of a group that is larger itself, also not its end.
  sender.pictures(5, 2000, 1'000);
  CHECK_EQUAL(ring.bytes(), 0);
  CHECK(all(ring.read(0)).empty());
  sender.pictures(5, 2200);
  CHECK_EQUAL(all(ring.read(0)).size(), 5u);
}

TEST(begins_with_a_keyframe_and_leaves_out_what_has_no_time) {
  PacketRing ring(1000, 1'000'000);
  Sender sender(ring);
  sender.send(1, 0, true);
  sender.send(0, 0, false);
  sender.send(0, AV_NOPTS_VALUE, true);
  CHECK(all(ring.read(0)).empty());
  sender.send(0, 40, true);
  sender.send(1, 45, true);
  const auto packets = all(ring.read(0));
  CHECK_EQUAL(packets.size(), 2u);
  CHECK(!packets[0]->audio && packets[1]->audio);
  CHECK_EQUAL(packets[1]->ptsUs - packets[0]->ptsUs, 5000);
}

TEST(times_go_on_by_the_clock_over_a_loss_and_a_jump) {
  PacketRing ring(60'000, 1'000'000);
  auto first = std::make_unique<Sender>(ring);
  first->pictures(5, 7000);
  ring.lost();
  Sender second(ring);
  second.nowMs = first->nowMs + 2000;
  second.send(0, 123'456, false);  // of the group before its keyframe
  second.nowMs += 40;
  second.pictures(5, 123'496);
  second.pictures(5, 3);  // set back by two minutes
  const auto packets = all(ring.read(0));
  CHECK_EQUAL(packets.size(), 15u);
  CHECK_EQUAL(packets[4]->ptsUs - packets[0]->ptsUs, 160'000);
  CHECK(packets[5]->afterGap && !packets[6]->afterGap);
  CHECK_EQUAL(packets[5]->ptsUs - packets[4]->ptsUs, 2'080'000);
  CHECK_EQUAL(packets[10]->ptsUs - packets[9]->ptsUs, 40'000);
  CHECK(packets[0]->streams == packets[14]->streams);
}

TEST(a_clock_that_is_set_back_by_less_goes_on_too) {
  PacketRing ring(60'000, 1'000'000);
  Sender sender(ring);
  sender.pictures(25, 7000);
  sender.pictures(30, 0);  // a file that is sent again and again
  sender.pictures(20, 0);
  const auto packets = all(ring.read(0));
  CHECK_EQUAL(packets.size(), 75u);
  for (size_t i = 1; i < packets.size(); i++) CHECK_EQUAL(packets[i]->ptsUs - packets[i - 1]->ptsUs, 40'000);
}

TEST(audio_whose_clock_jumps_before_that_of_the_pictures_is_left_out_until_they_follow) {
  PacketRing ring(60'000, 1'000'000);
  Sender sender(ring);
  sender.pictures(5, 0);
  sender.send(1, 100'000, true);
  sender.send(1, 100'020, true);
  sender.pictures(1, 100'000);
  sender.send(1, 100'040, true);
  const auto packets = all(ring.read(0));
  CHECK_EQUAL(packets.size(), 7u);
  CHECK(packets[6]->audio);
  CHECK_EQUAL(packets[6]->ptsUs, packets[5]->ptsUs + 40'000);
  // Where pictures are rare its own times are right.
  sender.nowMs += 20'000;
  sender.send(1, 120'080, true);
  CHECK_EQUAL(all(ring.read(0)).size(), 8u);
}

TEST(what_came_before_a_long_outage_is_no_part_of_what_follows) {
  PacketRing ring(1000, 1'000'000);
  Sender first(ring);
  first.pictures(10, 0);
  ring.lost();
  CHECK_EQUAL(all(ring.read((first.nowMs - 100) * kMs)).size(), 5u);  // still of the time that is asked for
  CHECK(all(ring.read((first.nowMs + 3'600'000) * kMs)).empty());
  Sender second(ring);
  second.nowMs = first.nowMs + 3'601'000;
  second.send(0, 0, false);
  CHECK(all(ring.read((second.nowMs - 1000) * kMs)).empty());
  second.pictures(5, 40);
  CHECK_EQUAL(ring.bytes(), 500);
  CHECK_EQUAL(all(ring.read((second.nowMs - 1000) * kMs)).size(), 5u);
  // The running group is needed for what follows, however old its keyframe is.
  CHECK_EQUAL(all(ring.read((second.nowMs + 5000) * kMs)).size(), 5u);
}

TEST(another_stream_has_other_parameters_and_is_read_from_its_beginning) {
  PacketRing ring(60'000, 1'000'000);
  const auto before = ring.read(0);
  Sender first(ring);
  first.pictures(5, 0);
  ring.lost();
  Sender second(ring, 128);
  second.nowMs = first.nowMs;
  CHECK(all(ring.read(0)).empty());
  second.pictures(5, 0);
  const auto packets = all(before);
  CHECK_EQUAL(packets.size(), 10u);
  CHECK(packets[0]->streams != packets[5]->streams);
  const auto after = all(ring.read(0));
  CHECK_EQUAL(after.size(), 5u);
  CHECK(after[0]->streams == packets[5]->streams);
}

TEST(a_reader_that_is_too_slow_loses_packets_up_to_a_keyframe) {
  PacketRing ring(1000, 1'000);
  Sender sender(ring);
  const auto reader = ring.read(0);
  sender.pictures(23, 0);  // 20 fit
  CHECK_EQUAL(all(reader).size(), 20u);
  sender.pictures(5, 920);
  CHECK_EQUAL(reader->dropped(), 3);
  const auto packets = all(reader);
  CHECK_EQUAL(packets.size(), 5u);
  CHECK(packets[0]->keyframe);
  ring.end(reader);
  sender.pictures(5, 1120);
  CHECK(all(reader).empty());
}

TEST(a_clip_of_a_clock_that_is_set_back_is_whole) {
  clip::TempFolder folder;
  PacketRing ring(60'000, 1'000'000);
  Sender sender(ring, 64, false);
  sender.nowMs = ago(10'000);
  sender.pictures(25, 7000);
  sender.pictures(30, 0);
  const ClipResult result = written(ring, folder.file("back.ts"));
  CHECK_EQUAL(result.frames, 55);
  CHECK_EQUAL(result.durationMs, 2200);
  CHECK_EQUAL(result.dropped, 0);
}

TEST(audio_is_written_although_its_pictures_stopped) {
  clip::TempFolder folder;
  PacketRing ring(60'000, 1'000'000);
  Sender sender(ring);
  sender.nowMs = ago(30'000);
  sender.pictures(5, 0);
  for (int64_t ms = 200; ms < 20'200; ms += 100, sender.nowMs += 100) sender.send(1, ms, true);
  CHECK(written(ring, folder.file("audio.ts")).bytes > 500 + 100 * 100);
}

// A file as a stream of packets that came `ago` milliseconds before.
void play(PacketRing& ring, const std::string& path, int64_t startMs) {
  AVFormatContext* opened = nullptr;
  CHECK(avformat_open_input(&opened, path.c_str(), nullptr, nullptr) == 0);
  const AvInput input(opened);
  CHECK(avformat_find_stream_info(opened, nullptr) >= 0);
  ring.opened(*opened, av_find_best_stream(opened, AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0),
              av_find_best_stream(opened, AVMEDIA_TYPE_AUDIO, -1, -1, nullptr, 0));
  for (const AvPacket packet = newPacket(); av_read_frame(opened, packet.get()) == 0; av_packet_unref(packet.get()))
    ring.packet(*packet, startMs * kMs);
}

TEST(a_clip_whose_time_is_up_stays_in_fragments) {
  clip::TempFolder folder;
  const std::string source = folder.file("source.ts");
  clip::ffmpeg("-f lavfi -i testsrc2=s=160x120:r=25:d=3 -f lavfi -i sine=d=3 -g 25 -c:v libx264 -c:a aac " + source);
  PacketRing ring(60'000, 10'000'000);
  play(ring, source, ago(10'000));
  const auto holds = [](const std::string& path, const std::string& box) {
    std::ifstream file(path, std::ios::binary);
    return std::string{std::istreambuf_iterator<char>(file), {}}.find(box) != std::string::npos;
  };
  const ClipResult whole = written(ring, folder.file("whole.mp4"));
  CHECK(!holds(whole.path, "moof"));
  const auto endBy = std::make_shared<Stop>();
  endBy->now();
  const ClipResult fragments = written(ring, folder.file("fragments.mp4"), endBy);
  CHECK(holds(fragments.path, "moof"));
  for (const ClipResult& result : {whole, fragments}) {
    CHECK(result.hasAudio);
    CHECK_EQUAL(clip::streamValues(result.path, "v:0")["nb_read_frames"], std::to_string(result.frames));
    CHECK(result.frames > 70);
  }
}

TEST_MAIN()
