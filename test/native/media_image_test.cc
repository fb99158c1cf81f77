// Stills, lists of stills, and pictures that are stored turned or mirrored.
#include <algorithm>
#include <array>

#include "check.h"
#include "clips.h"
#include "core/error.h"
#include "media/orientation.h"

using namespace framepath;
using namespace framepath::media;
using clips::make;
using clips::moving;
using clips::read;

namespace {

constexpr int32_t kOne = 1 << 16;

// An MP4 or MOV with another display matrix: a, b, c, d of its first track header.
std::string withMatrix(const std::string& path, const std::string& name, std::array<int32_t, 4> abcd) {
  clips::Bytes bytes = clips::readFile(path);
  const std::string box = "tkhd";
  const auto found = std::search(bytes.begin(), bytes.end(), box.begin(), box.end());
  CHECK(found != bytes.end());
  auto* matrix = &*(found + 44);
  const auto put = [&](int position, int32_t value) {
    for (int i = 0; i < 4; i++)
      matrix[position * 4 + i] = static_cast<uint8_t>(static_cast<uint32_t>(value) >> (24 - 8 * i));
  };
  put(0, abcd[0]);
  put(1, abcd[1]);
  put(3, abcd[2]);
  put(4, abcd[3]);
  return clips::writeFile(name, bytes);
}

// The picture as the matrix shows it, pixel by pixel: (x, y) goes to (a x + c y, b x + d y), shifted into view.
clips::Bytes transformed(const clips::Bytes& plane, int width, int height, int bytes, std::array<int32_t, 4> m) {
  for (int32_t& value : m) value /= kOne;
  const bool swaps = m[0] == 0;
  const int outWidth = swaps ? height : width;
  clips::Bytes out(plane.size());
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      int toX = m[0] * x + m[2] * y, toY = m[1] * x + m[3] * y;
      if (m[0] + m[2] < 0) toX += (swaps ? height : width) - 1;
      if (m[1] + m[3] < 0) toY += (swaps ? width : height) - 1;
      std::copy_n(&plane[static_cast<size_t>(y * width + x) * bytes], bytes,
                  &out[static_cast<size_t>(toY * outWidth + toX) * bytes]);
    }
  return out;
}

// A JPEG with an EXIF orientation (1..8).
clips::Bytes withExif(const clips::Bytes& jpeg, uint8_t orientation) {
  const clips::Bytes exif = {0xFF, 0xE1, 0,    34,   'E', 'x', 'i', 'f', 0, 0, 'M', 'M',         0, 42, 0, 0, 0, 8,
                             0,    1,    0x01, 0x12, 0,   3,   0,   0,   0, 1, 0,   orientation, 0, 0,  0, 0, 0, 0};
  clips::Bytes out(jpeg.begin(), jpeg.begin() + 2);
  out.insert(out.end(), exif.begin(), exif.end());
  out.insert(out.end(), jpeg.begin() + 2, jpeg.end());
  return out;
}

}  // namespace

TEST(turned_and_mirrored_videos_arrive_upright) {
  struct {
    std::array<int32_t, 4> matrix;
    int rotation;
    bool swaps;
  } const cases[] = {{{kOne, 0, 0, kOne}, 0, false},     {{0, kOne, -kOne, 0}, 90, true},
                     {{-kOne, 0, 0, -kOne}, 180, false}, {{0, -kOne, kOne, 0}, 270, true},
                     {{-kOne, 0, 0, kOne}, 0, false},    {{kOne, 0, 0, -kOne}, 180, false},
                     {{0, kOne, kOne, 0}, 270, true},    {{0, -kOne, -kOne, 0}, 90, true}};
  struct {
    const char *file, *encode, *format;
    int chromaX, chromaY, bytes;
  } const clipsOf[] = {{"turn420.mp4", "-c:v libx264 -preset ultrafast -pix_fmt yuv420p", "yuv420p", 1, 1, 1},
                       {"turn422.mov", "-c:v prores_ks -profile:v 2", "yuv422p10le", 1, 0, 2},
                       {"turnrgb.mov", "-c:v png -pix_fmt rgb24", "rgb24", -1, -1, 3}};
  for (const auto& clip : clipsOf) {
    const auto path = make(clip.file, moving("64x48", 25, 1) + clip.encode);
    const clips::Bytes stored = clips::reference(path, clip.format);
    int number = 0;
    for (const auto& c : cases) {
      const auto turned = withMatrix(path, std::to_string(number++) + clip.file, c.matrix);
      const auto result = read(turned);
      CHECK_EQUAL(result.frames.size(), 1u);
      CHECK_EQUAL(result.info.rotation, c.rotation);
      CHECK_EQUAL(result.info.width, c.swaps ? 48 : 64);
      CHECK_EQUAL(result.frames.at(0)->width, c.swaps ? 48 : 64);
      CHECK_EQUAL(result.frames.at(0)->view.width, c.swaps ? 48 : 64);
      clips::Bytes expected;
      size_t at = 0;
      for (int p = 0; p < (clip.chromaX < 0 ? 1 : 3); p++) {
        const int width = p ? 64 >> clip.chromaX : 64, height = p ? 48 >> clip.chromaY : 48;
        const size_t size = static_cast<size_t>(width) * height * clip.bytes;
        const clips::Bytes plane(stored.begin() + at, stored.begin() + at + size);
        const clips::Bytes upright = transformed(plane, width, height, clip.bytes, c.matrix);
        expected.insert(expected.end(), upright.begin(), upright.end());
        at += size;
      }
      CHECK(result.bytes() == expected);
    }
  }
}

TEST(orientation_survives_uneven_matrices) {
  CHECK((orientationOf({0, kOne, 0, -kOne, 0, 0, 0, 0, 1 << 30}) == Orientation{1, false}));
  CHECK((orientationOf({kOne / 2, 3, 0, -3, kOne / 2, 0, 0, 0, 1 << 30}) == Orientation{0, false}));
  CHECK((orientationOf({0, 0, 0, 0, 0, 0, 0, 0, 0}) == Orientation{0, false}));
  CHECK((orientationOf({INT32_MIN, INT32_MAX, 0, INT32_MIN, INT32_MIN, 0, 0, 0, 0}).quarterTurns >= 0));
}

TEST(a_single_image_is_a_source_of_one_frame) {
  struct {
    const char *file, *options, *format;
  } const cases[] = {{"still.png", "-pix_fmt rgb24", "rgb24"},
                     {"still.jpg", "-pix_fmt yuvj420p", "yuvj420p"},
                     {"still.bmp", "-pix_fmt bgr24", "bgr24"},
                     {"still.webp", "-pix_fmt yuv420p", "yuv420p"},
                     {"still.tiff", "-pix_fmt rgb24", "rgb24"}};
  for (const auto& c : cases) {
    const auto path = make(c.file, moving("90x70", 25, 1) + c.options);
    const SourceInfo info = probe(path, {});
    CHECK_EQUAL(info.kind, "image");
    CHECK_EQUAL(info.width, 90);
    CHECK_EQUAL(info.frames, 1);
    const auto result = read(path);
    CHECK_EQUAL(result.frames.size(), 1u);
    CHECK_EQUAL(result.frames.at(0)->ptsUs, 0);
    CHECK(result.bytes() == clips::reference(path, c.format));
  }
}

TEST(names_do_not_decide_what_a_file_is) {
  const auto png = clips::readFile(make("still.png", moving("90x70", 25, 1) + "-pix_fmt rgb24"));
  CHECK_EQUAL(probe(clips::writeFile("picture.mp4", png), {}).kind, "image");
  CHECK_EQUAL(read(clips::writeFile("percent%03d.png", png)).frames.size(), 1u);
  CHECK_EQUAL(read(clips::writeFile("take:2.png", png)).frames.size(), 1u);
  CHECK_EQUAL(read("file:" + clips::writeFile("plain.png", png)).frames.size(), 1u);
}

TEST(exif_orientation_turns_a_photo) {
  const auto jpeg = clips::readFile(make("still.jpg", moving("90x70", 25, 1) + "-pix_fmt yuvj420p"));
  const auto photo = clips::writeFile("photo.jpg", withExif(jpeg, 6));
  const SourceInfo info = probe(photo, {});
  CHECK_EQUAL(info.rotation, 90);
  CHECK_EQUAL(info.width, 70);
  CHECK_EQUAL(info.height, 90);
  const auto result = read(photo);
  CHECK_EQUAL(result.info.width, 70);
  CHECK_EQUAL(result.frames.at(0)->width, 70);
  const clips::Bytes whole = read(clips::folder().file("still.jpg")).bytes();
  const clips::Bytes luma(whole.begin(), whole.begin() + 90 * 70);
  const clips::Bytes turned = result.bytes();
  CHECK(clips::Bytes(turned.begin(), turned.begin() + 90 * 70) == transformed(luma, 90, 70, 1, {0, kOne, -kOne, 0}));
}

TEST(a_list_of_images_is_a_video) {
  SourceOptions options;
  options.imageFps = 10;
  for (const char* size : {"90x70", "64x48", "90x70", "120x80"})
    options.images.push_back(make(std::string("list") + std::to_string(options.images.size()) + ".png",
                                  moving(size, 25, 1) + "-pix_fmt rgb24"));
  auto result = read(options);
  CHECK_EQUAL(result.frames.size(), 4u);
  CHECK_EQUAL(result.info.kind, "video");
  CHECK_EQUAL(result.info.frames, 4);
  CHECK_EQUAL(result.info.durationMs, 400);
  CHECK_NEAR(result.info.fps.value(), 10, 1e-6);
  CHECK_EQUAL(result.frames.at(1)->width, 64);
  CHECK_EQUAL(result.frames.at(3)->ptsUs, 300000);

  options.startMs = 100;
  options.endMs = 300;
  result = read(options);
  CHECK_EQUAL(result.frames.size(), 2u);
  CHECK_EQUAL(result.frames.at(0)->index, 1);
  CHECK_EQUAL(result.frames.at(0)->ptsUs, 0);
  options.startMs = 0;
  options.endMs = -1;

  options.images[2] = clips::writeText("notanimage.png", "these are words, not pixels");
  result = read(options);
  CHECK_EQUAL(result.frames.size(), 3u);
  CHECK_EQUAL(result.frames.at(2)->index, 3);
  CHECK_EQUAL(result.counters.decodeErrors, 1);
  options.maxDecodeErrors = 0;
  CHECK_ERROR(read(options), DECODE_FAILED);
  options.images[3] = clips::folder().file("missing.png");
  CHECK_ERROR(openSource(options, clips::device()), SOURCE_NOT_FOUND);
}
TEST_MAIN()
