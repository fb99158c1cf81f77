// The audio of outputs, as ffmpeg hears it.
#include <chrono>
#include <functional>
#include <thread>

#include "check.h"
#include "core/error.h"
#include "media/encoder.h"
#include "media/output.h"
#include "media/source_reader.h"
#include "media_clip.h"

using namespace framepath;
using namespace framepath::media;

namespace {

constexpr int kWidth = 64, kHeight = 64;

// A film of plain pictures; `before` is called before each picture goes in.
OutputResult writeTo(const OutputOptions& to, int frames, int flashFrame = -1,
                     const std::function<void(int, Output&)>& before = nullptr) {
  auto device = openDevice("cpu");
  EncoderOptions options;
  options.profile = Profile::streaming;
  options.width = kWidth;
  options.height = kHeight;
  options.fps = to.fps;
  auto encoder = openEncoder(options, device);
  auto output = openOutput(to, *encoder);
  const auto emit = [&](Packet packet) { output->write(packet); };
  for (int n = 0; n < frames; n++) {
    if (before) before(n, *output);
    const uint8_t luma = n == flashFrame ? 220 : 40;
    encoder->push(clip::plain(*device, kWidth, kHeight, luma, clip::timeUs(n, to.fps)), emit);
  }
  encoder->finish(emit);
  return output->finish(true);
}

OutputResult writeWith(const std::string& path, const std::vector<AudioInput>& audio, int frames,
                       Rational fps = {25, 1}, int flashFrame = -1) {
  return writeTo({path, audio, fps}, frames, flashFrame);
}

AudioInput whole(const std::string& uri) {
  return {uri, 0, -1, 0, {}};
}

// First time (in seconds) at which the audio is louder than a tenth of full scale.
double onset(const std::vector<float>& samples) {
  for (size_t i = 0; i < samples.size(); i++)
    if (std::fabs(samples[i]) > 0.1) return i / 48000.0;
  return -1;
}

// First time at which the picture is bright.
double flash(const std::string& path, const clip::TempFolder& folder, double fps) {
  const std::string raw = folder.file("flash.gray");
  clip::ffmpeg("-i " + path + " -fps_mode passthrough -vf scale=1:1:flags=area,format=gray -f rawvideo " + raw);
  const std::vector<uint8_t> luma = clip::bytesOf(raw);
  for (size_t i = 0; i < luma.size(); i++)
    if (luma[i] > 120) return i / fps;
  return -1;
}

std::string audioValue(const std::string& path, const std::string& key) {
  return clip::streamValues(path, "a:0")[key];
}

// One second of tone that begins at `at`, in a file of `seconds`, in the codec that the name and `how` ask for.
std::string beep(const clip::TempFolder& folder, const std::string& name, double at, double seconds,
                 const std::string& how) {
  const std::string path = folder.file(name);
  clip::ffmpeg("-f lavfi -i \"aevalsrc='0.5*sin(2*PI*1000*t)*between(t," + std::to_string(at) + "," +
               std::to_string(at + 1) + ")':s=48000:d=" + std::to_string(seconds) + "\" " + how + " " + path);
  return path;
}

std::string sine(const clip::TempFolder& folder, const std::string& name, int hz, double seconds,
                 const std::string& how = "") {
  const std::string path = folder.file(name);
  clip::ffmpeg("-f lavfi -i \"aevalsrc='0.5*sin(2*PI*" + std::to_string(hz) +
               "*t)':s=44100:d=" + std::to_string(seconds) + "\" " + how + " " + path);
  return path;
}

}  // namespace

// The first flush of an MP4 writes its header; here it is due before the first packet of audio is there.
TEST(the_header_of_an_mp4_waits_for_the_first_packet_of_audio) {
  const clip::TempFolder folder;
  for (const char* codec : {"ac3", "eac3", "aac"}) {
    const std::string source = folder.file(std::string(codec) + ".mkv"), path = folder.file("out.mp4");
    clip::ffmpeg(std::string("-f lavfi -i sine=440:r=48000:d=3 -c:a ") + codec + " " + source);
    writeTo({path, {whole(source)}, {25, 1}}, 50, -1, [](int n, Output&) {
      if (n == 0) std::this_thread::sleep_for(std::chrono::milliseconds(350));
    });
    CHECK_EQUAL(clip::probed(path, "a:0", "stream=codec_name"), codec);
    CHECK(clip::heard(path, folder).size() > 1.9 * 48000);
  }
}

TEST(audio_and_pictures_stay_together) {
  const clip::TempFolder folder;
  struct Case {
    const char* source;
    const char* how;
    const char* output;
    Rational fps;
    const char* codec;
  };
  const Case cases[] = {
      {"a.m4a", "-c:a aac -ac 2", "copied.mp4", {25, 1}, "aac"},
      {"b.mp3", "-c:a libmp3lame", "copied-mp3.mp4", {30000, 1001}, "mp3"},
      {"c.wav", "", "encoded.mp4", {30000, 1001}, "aac"},
      {"d.wav", "-ar 44100 -ac 1", "encoded.mkv", {25, 1}, "pcm_s16le"},
      {"e.ts", "-c:a aac -ac 2", "copied.ts", {25, 1}, "aac"},
      {"f.ogg", "-c:a libvorbis", "encoded.ts", {25, 1}, "aac"},
      {"g.m4a", "-c:a aac", "copied.m3u8", {25, 1}, "aac"},
      {"h.flac", "-ar 96000", "encoded.m3u8", {25, 1}, "aac"},
  };
  for (const Case& c : cases) {
    const std::string source = beep(folder, c.source, 1.2, 4, c.how);
    const std::string path = folder.file(c.output);
    const double fps = c.fps.value();
    const int flashFrame = static_cast<int>(std::lround(1.2 * fps));
    const OutputResult result = writeWith(path, {whole(source)}, static_cast<int>(4 * fps), c.fps, flashFrame);
    CHECK(result.hasAudio && result.audioLosses.empty());
    CHECK_EQUAL(audioValue(path, "codec_name"), c.codec);
    // What the source itself is heard as: MPEG-TS, for one, cannot express that AAC begins with 21 ms of nothing.
    const double wantedAudio = onset(clip::heard(source, folder)), wantedFlash = flashFrame / fps;
    // Both count from the player's 0, which is the earlier of the streams.
    const double heard = onset(clip::heard(path, folder));
    const double videoStart = std::stod(clip::streamValues(path, "v:0")["start_time"]) -
                              std::stod(clip::probed(path, "", "format=start_time"));
    const double seen = flash(path, folder, fps) + videoStart;
    const double off = (heard - wantedAudio) - (seen - wantedFlash);
    std::printf("  %-6s -> %-14s audio off by %+.1f ms\n", c.source, c.output, off * 1000);
    CHECK_NEAR(off, 0, 0.012);
    CHECK_NEAR(seen, wantedFlash, 1 / fps);
  }
}

TEST(audio_that_the_muxer_refuses_is_encoded) {
  const clip::TempFolder folder;
  for (const char* audio : {"libmp3lame -ar 8000", "libmp3lame -ar 11025", "flac", "libmp3lame -ar 22050"}) {
    const std::string source = folder.file("source.mkv"), path = folder.file("out.mp4");
    clip::ffmpeg(std::string("-f lavfi -i sine=440:d=2 -c:a ") + audio + " " + source);
    CHECK(writeWith(path, {whole(source)}, 50).hasAudio);
    CHECK(clip::heard(path, folder).size() > 1.9 * 48000);
  }
}

TEST(audio_ends_with_the_pictures) {
  const clip::TempFolder folder;
  for (const char* name : {"a.wav", "a.m4a"}) {
    const std::string source = sine(folder, name, 440, 8);
    const std::string path = folder.file("out.mp4");
    writeWith(path, {whole(source)}, 52);
    const auto rows = clip::packets(path, "a:0");
    CHECK(!rows.empty());
    if (!rows.empty()) CHECK_NEAR(rows.back().pts + rows.back().duration, 2.08, 0.024);
    CHECK_NEAR(std::stod(clip::probed(path, "", "format=duration")), 2.08, 0.03);
    const std::vector<float> heard = clip::heard(path, folder);
    CHECK(clip::tone(heard, 440, 1.5, 2.0) > 0.3);
  }
}

TEST(audio_shorter_than_the_pictures_is_followed_by_silence) {
  const clip::TempFolder folder;
  const std::string source = sine(folder, "a.wav", 440, 1);
  const std::string path = folder.file("out.mp4");
  writeWith(path, {whole(source)}, 75);
  const std::vector<float> heard = clip::heard(path, folder);
  CHECK(clip::tone(heard, 440, 0.2, 0.9) > 0.4);
  CHECK(clip::tone(heard, 440, 1.2, 2.9) < 0.01);
  CHECK_EQUAL(std::stoi(clip::streamValues(path, "v:0")["nb_read_frames"]), 75);
}

TEST(a_cut_source_gives_the_audio_of_its_cut) {
  const clip::TempFolder folder;
  // Beep at 2.5 s; the cut begins at 2 s: in the middle of an AAC packet, so it is encoded again.
  const std::string source = beep(folder, "a.m4a", 2.5, 5, "-c:a aac");
  AudioInput cut = whole(source);
  cut.startMs = 2000;
  cut.endMs = 3000;
  const std::string path = folder.file("out.mp4");
  writeWith(path, {cut}, 50);
  const std::vector<float> heard = clip::heard(path, folder);
  CHECK_NEAR(onset(heard), 0.5, 0.022);
  CHECK(clip::tone(heard, 1000, 0.55, 0.95) > 0.3);
  CHECK(clip::tone(heard, 1000, 1.05, 1.5) < 0.01);  // endMs
}

TEST(a_cut_on_a_packet_is_copied) {
  const clip::TempFolder folder;
  // 1024 samples at 32 kHz are 32 ms: 1984 ms is the start of a packet, 2000 ms is not.
  const std::string source = beep(folder, "a.m4a", 2.5, 5, "-c:a aac -ar 32000");
  for (const int startMs : {1984, 2000}) {
    AudioInput cut = whole(source);
    cut.startMs = startMs;
    const std::string path = folder.file("out.mp4");
    writeWith(path, {cut}, 50);
    CHECK_EQUAL(audioValue(path, "sample_rate"), startMs == 1984 ? "32000" : "48000");
    CHECK_NEAR(onset(clip::heard(path, folder)), 2.5 - startMs / 1000.0, 0.033);
  }
}

TEST(a_late_source_is_preceded_by_silence) {
  const clip::TempFolder folder;
  AudioInput late = whole(sine(folder, "a.wav", 600, 4));
  late.offsetMs = 700;
  const std::string path = folder.file("out.mp4");
  writeWith(path, {late}, 50);
  const std::vector<float> heard = clip::heard(path, folder);
  CHECK_NEAR(onset(heard), 0.7, 0.022);
  CHECK(clip::tone(heard, 600, 0.8, 1.9) > 0.4);
}

TEST(audio_that_starts_late_in_its_file_stays_late) {
  const clip::TempFolder folder;
  const std::string audio = sine(folder, "a.wav", 600, 3);
  const std::string source = folder.file("late.mkv");
  clip::ffmpeg("-f lavfi -i color=s=64x64:r=25:d=3 -itsoffset 0.8 -i " + audio + " -map 0:v -map 1:a -c:a aac " +
               source);
  const std::string path = folder.file("out.mp4");
  writeWith(path, {whole(source)}, 60);
  CHECK_NEAR(onset(clip::heard(path, folder)), 0.8, 0.024);
}

TEST(gaps_are_silence_and_what_follows_is_in_time) {
  const clip::TempFolder folder;
  // A beep, nothing for a second and a half, a beep: the packets between are left out of the file.
  const std::string source = folder.file("gap.mkv");
  clip::ffmpeg(
      "-f lavfi -i \"aevalsrc='0.5*sin(2*PI*500*t)':s=48000:d=4\" -af \"aselect='not(between(t,1,2.5))'\" -c:a "
      "pcm_s16le " +
      source);
  const std::string path = folder.file("out.mp4");
  writeWith(path, {whole(source)}, 90);
  const std::vector<float> heard = clip::heard(path, folder);
  CHECK(clip::tone(heard, 500, 0.1, 0.95) > 0.4);
  CHECK(clip::tone(heard, 500, 1.1, 2.4) < 0.02);
  CHECK(clip::tone(heard, 500, 2.6, 3.5) > 0.4);
}

TEST(several_sources_are_mixed) {
  const clip::TempFolder folder;
  const std::string low = sine(folder, "low.wav", 400, 4), high = sine(folder, "high.m4a", 3000, 4, "-c:a aac");
  AudioInput late = whole(high);
  late.offsetMs = 1000;
  const std::string path = folder.file("out.mp4");
  writeWith(path, {whole(low), late}, 75);
  const std::vector<float> heard = clip::heard(path, folder);
  CHECK_NEAR(clip::tone(heard, 400, 0.2, 0.9), 0.5 / std::sqrt(2), 0.03);
  CHECK(clip::tone(heard, 3000, 0.2, 0.9) < 0.01);
  CHECK_NEAR(clip::tone(heard, 400, 1.2, 2.9), 0.5 / std::sqrt(2), 0.03);
  CHECK_NEAR(clip::tone(heard, 3000, 1.2, 2.9), 0.5 / std::sqrt(2), 0.03);
}

TEST(a_loud_mix_is_turned_down_instead_of_clipped) {
  const clip::TempFolder folder;
  std::vector<AudioInput> loud;
  for (int i = 0; i < 4; i++) {
    const std::string path = folder.file(std::to_string(i) + ".flac");
    clip::ffmpeg("-f lavfi -i \"aevalsrc='0.95*sin(2*PI*500*t)':s=48000:d=3\" " + path);
    loud.push_back(whole(path));
  }
  const std::string path = folder.file("out.mp4");
  writeWith(path, loud, 60);
  const std::vector<float> heard = clip::heard(path, folder);
  // Clipped, a sine would have a third harmonic of a fifth of its loudness.
  CHECK(clip::tone(heard, 500, 0.5, 2.0) > 0.9);
  CHECK(clip::tone(heard, 1500, 0.5, 2.0) < 0.02);
}

TEST(samples_that_are_no_numbers_are_silence) {
  const clip::TempFolder folder;
  const std::string source = folder.file("in.wav"), path = folder.file("out.mp4");
  clip::ffmpeg(
      "-f lavfi -i \"aevalsrc='if(between(t,0.5,0.7),NAN,if(between(t,1,1.1),1e30,0.5*sin(2*PI*500*t)))':s=48000:d=2\""
      " -c:a pcm_f32le " +
      source);
  const OutputResult result = writeWith(path, {whole(source)}, 50);
  CHECK(result.complete && result.hasAudio && result.audioLosses.empty());
  const std::vector<float> heard = clip::heard(path, folder);
  CHECK_NEAR(clip::tone(heard, 500, 0.1, 0.4), 0.5, 0.03);
  CHECK(clip::tone(heard, 500, 0.55, 0.65) < 0.01);
  CHECK_NEAR(clip::tone(heard, 500, 1.3, 1.8), 0.5, 0.03);
}

TEST(audio_join_and_leave_while_it_is_written) {
  const clip::TempFolder folder;
  const std::string low = sine(folder, "low.wav", 400, 6), high = sine(folder, "high.m4a", 3000, 6, "-c:a aac");
  const std::string path = folder.file("out.mp4");
  OutputOptions to;
  to.path = path;
  to.joining = true;  // no audio at the start
  const auto audio = [](const std::string& uri, int32_t source) {
    AudioInput input = whole(uri);
    input.source = source;
    return openAudioSource(input);
  };
  // As the composition does it: the cue for a tick before the picture of that tick.
  const OutputResult result = writeTo(to, 150, -1, [&](int n, Output& output) {
    if (n == 20) output.addAudio(audio(low, 7), 1'000'000);
    if (n == 50) output.addAudio(audio(high, 8), 2'000'000);
    if (n == 75) output.endAudio(7, 3'000'000);
    if (n == 76) output.endAudio(99, 3'040'000);  // nobody
    if (n == 100) output.endAudio(8, 4'000'000);
  });
  CHECK(result.hasAudio && result.audioLosses.empty());
  const std::vector<float> heard = clip::heard(path, folder);
  CHECK_NEAR(onset(heard), 1.0, 0.022);
  CHECK_NEAR(clip::tone(heard, 400, 1.1, 1.9), 0.5, 0.03);  // alone: not turned down
  CHECK_NEAR(clip::tone(heard, 400, 2.1, 2.9), 0.5 / std::sqrt(2), 0.03);
  CHECK(clip::tone(heard, 3000, 1.1, 1.95) < 0.01);
  CHECK_NEAR(clip::tone(heard, 3000, 2.1, 2.9), 0.5 / std::sqrt(2), 0.03);
  CHECK(clip::tone(heard, 400, 3.03, 3.9) < 0.01);
  CHECK_NEAR(clip::tone(heard, 3000, 3.1, 3.9), 0.5, 0.03);
  CHECK(clip::tone(heard, 3000, 4.03, 6.0) < 0.01);
  CHECK_NEAR(std::stod(audioValue(path, "duration")), 6, 0.03);  // silence to the end
}

TEST(a_copied_audio_ends_at_its_cut) {
  const clip::TempFolder folder;
  const std::string source = sine(folder, "a.m4a", 600, 4, "-c:a aac");
  const std::string path = folder.file("out.mp4");
  const OutputResult result = writeTo({path, {whole(source)}, {25, 1}}, 75, -1, [](int n, Output& output) {
    if (n == 50) output.endAudio(0, 2'000'000);
  });
  CHECK(result.hasAudio);
  CHECK_NEAR(std::stod(audioValue(path, "duration")), 2, 0.05);
  CHECK_NEAR(std::stod(clip::streamValues(path, "v:0")["duration"]), 3, 0.01);
  const std::vector<float> heard = clip::heard(path, folder);
  CHECK(clip::tone(heard, 600, 0.2, 1.9) > 0.3);
}

TEST(a_source_without_audio_is_silence_in_a_mix_and_nothing_alone) {
  const clip::TempFolder folder;
  const std::string mute = folder.file("mute.mp4"), low = sine(folder, "low.wav", 400, 3);
  clip::ffmpeg("-f lavfi -i color=s=64x64:r=25:d=2 " + mute);
  const std::string path = folder.file("out.mp4");
  CHECK(!writeWith(path, {whole(mute)}, 50).hasAudio);
  CHECK_EQUAL(audioValue(path, "codec_name"), "");
  CHECK(writeWith(path, {whole(mute), whole(low)}, 50).hasAudio);
  CHECK(clip::tone(clip::heard(path, folder), 400, 0.2, 1.8) > 0.3);
  CHECK(!writeWith(path, {whole(mute), whole(mute)}, 50).hasAudio);
}

TEST(sources_that_cannot_be_opened_fail_at_once) {
  const clip::TempFolder folder;
  const std::string path = folder.file("out.mp4");
  CHECK_ERROR(writeWith(path, {whole(folder.file("nothing.wav"))}, 1), SOURCE_NOT_FOUND);
  std::ofstream(folder.file("text.wav")) << std::string(5000, 'x');
  CHECK_ERROR(writeWith(path, {whole(folder.file("text.wav"))}, 1), SOURCE_UNREADABLE);
  AudioInput jailed = whole(sine(folder, "a.wav", 400, 1));
  std::filesystem::create_directory(folder.file("jail"));
  jailed.limits.jail = folder.file("jail");
  CHECK_ERROR(writeWith(path, {jailed}, 1), SOURCE_REFUSED);
  CHECK(!std::filesystem::exists(path));  // nothing was written before the audio was known to be there
}

TEST(damaged_audio_does_not_stop_the_pictures) {
  const clip::TempFolder folder;
  for (const char* name : {"a.mp3", "a.m4a", "a.flac", "a.mkv"}) {
    const std::string source = sine(folder, name, 440, 4);
    std::vector<uint8_t> bytes = clip::bytesOf(source);
    uint32_t random = 7;
    for (size_t i = bytes.size() / 3; i < bytes.size() * 2 / 3; i++) {
      random = random * 1664525 + 1013904223;
      if (random >> 29 == 0) bytes[i] = static_cast<uint8_t>(random >> 16);
    }
    std::ofstream(source, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    for (const int offsetMs : {0, 40}) {  // copied, encoded
      AudioInput input = whole(source);
      input.offsetMs = offsetMs;
      const std::string path = folder.file("out.mkv");
      const OutputResult result = writeWith(path, {input}, 75);
      CHECK_EQUAL(result.frames, 75);
      CHECK(result.complete);
    }
  }
}

// The same clock as SourceReader: a cut of a file whose video does not begin at 0.
TEST(the_cut_of_the_audio_is_the_cut_of_the_pictures) {
  const clip::TempFolder folder;
  const std::string source = folder.file("av.ts");
  // White from 2.0 s on, beep from 2.0 s on; MPEG-TS starts its clock at 1.4 s.
  clip::ffmpeg(
      "-f lavfi -i \"color=black:s=64x64:r=25:d=4\" -f lavfi -i "
      "\"aevalsrc='0.5*sin(2*PI*1000*t)*gte(t,2)':s=48000:d=4\" -vf \"drawbox=c=white:t=fill:enable='gte(t,2)'\" -c:a "
      "aac -pix_fmt yuv420p " +
      source);
  SourceOptions cut;
  cut.uri = source;
  cut.startMs = 1500;
  auto reader = openSource(cut, openDevice("cpu"));
  int64_t whiteUs = -1;
  while (const FrameRef frame = reader->next()) {
    if (frame->view.planes[0].data[0] > 120) {
      whiteUs = frame->ptsUs;
      break;
    }
  }
  AudioInput audio = whole(source);
  audio.startMs = 1500;
  const std::string path = folder.file("out.mp4");
  writeWith(path, {audio}, 50);
  const double heard = onset(clip::heard(path, folder));
  std::printf("  seen at %.3f s, heard at %.3f s\n", whiteUs / 1e6, heard);
  CHECK_NEAR(whiteUs / 1e6, 0.5, 0.041);
  CHECK_NEAR(heard, whiteUs / 1e6, 0.041);
}

TEST_MAIN()
