// Bad input: a coded error or counted damage, never a crash, a hang or a half-true success.
#include <unistd.h>

#include <algorithm>
#include <random>

#include "check.h"
#include "clips.h"
#include "core/error.h"

using namespace framepath;
using namespace framepath::media;
using clips::make;
using clips::moving;
using clips::read;

namespace {

const std::string& clip() {
  static const std::string path =
      make("clip.mp4", moving("160x120", 25, 25) + "-c:v libx264 -preset veryfast -bf 2 -g 12");
  return path;
}

constexpr char kMovi[] = "movi";  // where an AVI's pictures begin

// What became of a damaged clip: frames, or the code of the error.
std::string outcome(const std::string& path, int threads = 1) {
  SourceOptions options;
  options.uri = path;
  options.threads = threads;
  try {
    const auto result = read(options);
    if (result.frames.empty()) return "nothing";
    for (const auto& frame : result.frames) clips::packed(*frame);
    return "frames";
  } catch (const Error& error) {
    CHECK(!error.sentence.empty());
    return std::string(errorCodeName(error.code));
  }
}

void checkBroken(const std::string& path, ErrorCode code) {
  for (const bool opening : {false, true}) {
    try {
      if (opening) {
        SourceOptions options;
        options.uri = path;
        openSource(options, clips::device());
      } else {
        probe(path, {});
      }
      check::fail(__FILE__, __LINE__, path + " was taken");
    } catch (const Error& error) {
      if (error.code != code)
        check::fail(__FILE__, __LINE__, path + ": " + std::string(errorCodeName(error.code)) + ": " + error.sentence);
      CHECK(error.sentence.find("0x") == std::string::npos);  // no addresses in sentences
    }
  }
}

}  // namespace

TEST(what_is_no_media_is_an_error) {
  checkBroken(clips::folder().file("missing.mp4"), ErrorCode::SOURCE_NOT_FOUND);
  checkBroken(clips::folder().file(""), ErrorCode::SOURCE_UNREADABLE);  // a folder
  checkBroken(clips::writeText("empty.mp4", ""), ErrorCode::SOURCE_UNREADABLE);
  checkBroken(clips::writeText("text.mp4", "To be, or not to be, that is the question.\n"),
              ErrorCode::SOURCE_UNREADABLE);
  checkBroken(clips::writeText("text.jpg", "To be, or not to be, that is the question.\n"),
              ErrorCode::SOURCE_UNREADABLE);
  checkBroken("/dev/zero", ErrorCode::SOURCE_UNREADABLE);
  checkBroken("nosuchprotocol://x/y.mp4", ErrorCode::SOURCE_UNSUPPORTED);
  checkBroken(clips::writeText("words.srt", "1\n00:00:00,000 --> 00:00:01,000\nhello\n\n"),
              ErrorCode::SOURCE_UNSUPPORTED);
  CHECK_ERROR(probe("", {}), INVALID_ARGUMENT);

  const auto zeros = clips::writeText("zeros.mp4", "x");
  std::filesystem::resize_file(zeros, 0);
  std::filesystem::resize_file(zeros, 100'000'000);
  checkBroken(zeros, ErrorCode::SOURCE_UNREADABLE);

  std::mt19937 random(7);
  for (int i = 0; i < 20; i++) {
    clips::Bytes noise(20000);
    for (uint8_t& byte : noise) byte = static_cast<uint8_t>(random());
    const std::string result = outcome(clips::writeFile("noise.bin", noise));
    CHECK(result != "frames" && result != "nothing" && result != "INTERNAL");
  }
}

TEST(no_permission_is_an_error) {
  if (geteuid() == 0) return;  // root may read everything
  const auto path = clips::writeFile("secret.mp4", clips::readFile(clip()));
  std::filesystem::permissions(path, std::filesystem::perms::none);
  checkBroken(path, ErrorCode::SOURCE_UNREADABLE);
}

TEST(audio_alone_can_be_probed_but_not_read) {
  const auto path = make("audio.m4a", "-f lavfi -i sine=d=1:r=48000 -ac 2 -c:a aac");
  const SourceInfo info = probe(path, {});
  CHECK_EQUAL(info.kind, "audio");
  CHECK_EQUAL(info.codec, "");
  CHECK_EQUAL(info.audio.at(0).codec, "aac");
  CHECK_EQUAL(info.audio.at(0).channels, 2);
  CHECK_EQUAL(info.audio.at(0).sampleRate, 48000);
  CHECK_NEAR(info.durationMs, 1000, 50);
  CHECK_ERROR(read(path), SOURCE_UNSUPPORTED);
  const auto art = make("art.png", moving("64x64", 25, 1) + "-pix_fmt rgb24");
  const auto cover = make("cover.mp3", "-f lavfi -i sine=d=1 -i " + art +
                                           " -map 0 -map 1 -c:v copy -disposition:v attached_pic -c:a libmp3lame");
  CHECK_EQUAL(probe(cover, {}).kind, "audio");
  CHECK_ERROR(read(cover), SOURCE_UNSUPPORTED);
}

TEST(probe_describes_a_video) {
  const auto path = make("full.mkv",
                         "-f lavfi -i testsrc2=s=320x240:r=30:d=1 -f lavfi -i sine=d=1 -c:v libx265 -preset ultrafast "
                         "-x265-params log-level=none -pix_fmt yuv420p10le -color_trc smpte2084 -colorspace bt2020nc "
                         "-c:a aac");
  const SourceInfo info = probe(path, {});
  CHECK_EQUAL(info.kind, "video");
  CHECK_EQUAL(info.codec, "hevc");
  CHECK_EQUAL(info.pixelFormat, "yuv420p10le");
  CHECK_EQUAL(info.depth, 10);
  CHECK(info.hdr);
  CHECK(!info.interlaced && !info.live);
  CHECK_EQUAL(info.colorMatrix, "bt2020");
  CHECK_EQUAL(info.colorTransfer, "smpte2084");
  CHECK_NEAR(info.fps.value(), 30, 1e-3);
  CHECK_NEAR(info.durationMs, 1000, 50);
  CHECK_NEAR(info.frames, 30, 1);
  CHECK_EQUAL(info.bytes, static_cast<int64_t>(std::filesystem::file_size(path)));
  CHECK_EQUAL(info.audio.size(), 1u);
  const auto interlaced =
      make("interlaced.ts", moving("160x120", 25, 25) + "-vf tinterlace=4 -flags +ildct+ilme -c:v mpeg2video");
  CHECK(probe(interlaced, {}).interlaced);
}

TEST(truncated_files_give_what_is_there) {
  const clips::Bytes whole = clips::readFile(clip());  // moov lies at the end
  checkBroken(clips::writeFile("nomoov.mp4", clips::Bytes(whole.begin(), whole.begin() + whole.size() / 2)),
              ErrorCode::SOURCE_UNREADABLE);

  const auto fast =
      clips::readFile(make("fast.mp4", moving() + "-c:v libx264 -preset veryfast -bf 2 -g 12 -movflags faststart"));
  const auto cutMp4 =
      read(clips::writeFile("cut.mp4", clips::Bytes(fast.begin(), fast.begin() + fast.size() * 6 / 10)));
  CHECK(cutMp4.frames.size() >= 8 && cutMp4.frames.size() < 25);
  const auto mkv = clips::readFile(make("cut_source.mkv", moving() + "-c:v libx264 -preset veryfast -bf 2 -g 12"));
  const auto cutMkv = read(clips::writeFile("cut.mkv", clips::Bytes(mkv.begin(), mkv.begin() + mkv.size() * 6 / 10)));
  CHECK(cutMkv.frames.size() >= 8 && cutMkv.frames.size() < 25);
  // What came through whole is what ffmpeg made of it.
  const clips::Bytes all = read(clips::folder().file("fast.mp4")).bytes();
  const clips::Bytes some = cutMp4.bytes();
  CHECK(std::equal(some.begin(), some.begin() + 8 * 160 * 120 * 3 / 2, all.begin()));
}

TEST(streams_without_a_picture_fail) {
  // Tables and headers, and then nothing.
  const clips::Bytes fragmented = clips::readFile(
      make("fragmented.mp4", moving() + "-c:v libx264 -preset ultrafast -movflags empty_moov+frag_keyframe"));
  const std::string box = "moof";
  const auto moof = std::search(fragmented.begin(), fragmented.end(), box.begin(), box.end());
  CHECK_ERROR(read(clips::writeFile("none.mp4", clips::Bytes(fragmented.begin(), moof - 4))), DECODE_FAILED);
  const clips::Bytes ts = clips::readFile(make("tables.ts", moving() + "-c:v mpeg2video"));
  CHECK_ERROR(read(clips::writeFile("none.ts", clips::Bytes(ts.begin(), ts.begin() + 3 * 188))), SOURCE_UNREADABLE);

  // Headers whole, every picture overwritten.
  clips::Bytes bytes = clips::readFile(make("all_damaged.avi", moving("160x120", 25, 25) + "-c:v mjpeg"));
  const auto movi = std::search(bytes.begin(), bytes.end(), kMovi, kMovi + 4);
  for (auto at = movi + 4; at + 8 < bytes.end();) {
    const uint32_t size = at[4] | at[5] << 8 | at[6] << 16 | static_cast<uint32_t>(at[7]) << 24;
    if (at[0] != '0' || at + 8 + size > bytes.end()) break;
    std::fill(at + 8, at + 8 + size, uint8_t{0x55});
    at += 8 + size + (size & 1);
  }
  const auto damaged = clips::writeFile("damaged.avi", bytes);
  CHECK_ERROR(read(damaged), DECODE_FAILED);
}

TEST(damage_is_counted_up_to_a_limit) {
  clips::Bytes bytes = clips::readFile(make("all_damaged.avi", moving("160x120", 25, 25) + "-c:v mjpeg"));
  const auto movi = std::search(bytes.begin(), bytes.end(), kMovi, kMovi + 4);
  int picture = 0;
  for (auto at = movi + 4; at + 8 < bytes.end() && at[0] == '0'; picture++) {
    const uint32_t size = at[4] | at[5] << 8 | at[6] << 16 | static_cast<uint32_t>(at[7]) << 24;
    if (picture >= 5 && picture < 12) std::fill(at + 8, at + 8 + size, uint8_t{0x55});
    at += 8 + size + (size & 1);
  }
  CHECK_EQUAL(picture, 25);
  SourceOptions options;
  options.uri = clips::writeFile("seven.avi", bytes);
  const auto result = read(options);
  CHECK_EQUAL(result.frames.size(), 18u);
  CHECK_EQUAL(result.counters.decoded, 18);
  CHECK_EQUAL(result.counters.decodeErrors, 7);
  CHECK_NEAR(result.frames.at(5)->ptsUs, 12 * 40000, 1);
  options.maxDecodeErrors = 7;
  CHECK_EQUAL(read(options).frames.size(), 18u);
  options.maxDecodeErrors = 6;
  CHECK_ERROR(read(options), DECODE_FAILED);
}

// Two demuxers return no code and mark no packet when they skip to the next cluster or tag.
TEST(what_a_demuxer_skips_is_counted) {
  const std::string clip = moving("160x120", 25, 50) + "-c:v libx264 -preset veryfast -g 10";
  clips::Bytes mkv = clips::readFile(make("hole.mkv", clip));
  const auto middle = mkv.begin() + static_cast<ptrdiff_t>(mkv.size() / 2);
  std::fill(middle, middle + 5000, uint8_t{0x11});

  clips::Bytes flv = clips::readFile(make("tags.flv", clip));
  size_t tag = 13;  // type, size (3 bytes), 7 more; the size of tag and header follows its data
  for (int i = 0; i < 20; i++) tag += 15 + (flv[tag + 1] << 16 | flv[tag + 2] << 8 | flv[tag + 3]);
  flv[tag + 3] ^= 0x15;

  for (const auto& [name, bytes] : {std::pair{"damaged.mkv", mkv}, std::pair{"damaged.flv", flv}}) {
    const auto result = read(clips::writeFile(name, bytes));
    CHECK(result.frames.size() > 25 && result.frames.size() < 50);
    CHECK_EQUAL(result.counters.decodeErrors, 1);
  }
}

// Its decoder drops some damaged pictures without an error, and its parser logs the same damage many times.
TEST(every_damaged_av1_picture_is_counted_once) {
  const clips::Bytes whole = clips::readFile(
      make("whole_av1.mp4", moving("160x120", 25, 50) + "-c:v libsvtav1 -preset 12 -g 10 -movflags faststart"));
  std::mt19937 random(7);
  for (int i = 0; i < 8; i++) {
    clips::Bytes bytes = whole;
    const size_t at = bytes.size() / 3 + random() % (bytes.size() / 2);
    for (size_t k = at; k < at + 40; k++) bytes[k] = static_cast<uint8_t>(random());
    const auto result = read(clips::writeFile("damaged_av1.mp4", bytes));
    CHECK(!result.frames.empty());
    CHECK_EQUAL(static_cast<int64_t>(result.frames.size()) + result.counters.decodeErrors, int64_t{50});
  }
}

TEST(an_open_start_is_skipped_and_counted) {
  // A stream that begins in the middle of a group of pictures.
  const auto path = make("gop.ts", moving("160x120", 25, 50) + "-c:v libx264 -preset veryfast -g 20 -bf 2");
  const clips::Bytes whole = clips::readFile(path);
  const size_t middle = whole.size() / 4 / 188 * 188;
  clips::Bytes late(whole.begin(), whole.begin() + 188 * 3);  // its tables
  late.insert(late.end(), whole.begin() + static_cast<ptrdiff_t>(middle), whole.end());
  const auto result = read(clips::writeFile("late.ts", late));
  CHECK(result.frames.size() >= 30);
  const clips::Bytes all = read(path).bytes(), some = result.bytes();
  CHECK(some.size() < all.size() && std::equal(some.rbegin(), some.rend(), all.rbegin()));
}

TEST(random_damage_never_crashes) {
  std::mt19937 random(2026);
  const char* const sources[] = {"c.mp4", "c.mkv", "c.ts", "c.avi", "c.webm"};
  const char* const codecs[] = {"-c:v libx264 -preset veryfast -bf 2",
                                "-c:v libx265 -preset ultrafast -x265-params log-level=none", "-c:v mpeg2video",
                                "-c:v mpeg4 -bf 2", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8"};
  int frames = 0, errors = 0;
  for (int i = 0; i < 200; i++) {
    clips::Bytes bytes = clips::readFile(make(sources[i % 5], moving("96x64", 25, 12) + codecs[i % 5]));
    const size_t at = random() % bytes.size();
    const size_t length = i % 2 ? 1 : 1 + random() % 2000;
    for (size_t k = at; k < std::min(bytes.size(), at + length); k++) bytes[k] = static_cast<uint8_t>(random());
    const std::string result = outcome(clips::writeFile("damaged.bin", bytes), 1 + i % 3);
    CHECK(result != "nothing" && result != "INTERNAL");
    (result == "frames" ? frames : errors)++;
  }
  CHECK(frames > 100);
  CHECK(frames + errors == 200);
}
TEST_MAIN()
