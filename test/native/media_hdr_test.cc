// PQ and HLG that are passed on: frames keep their pictures, streams their values and what they state of themselves.
#include <cmath>
#include <set>

#include "check.h"
#include "clips.h"
#include "compose/composer.h"
#include "core/error.h"
#include "kernels/transfer.h"
#include "media/encoder.h"
#include "media/hdr_metadata.h"
#include "media/output.h"
#include "media/tone_mapper.h"
#include "media_clip.h"

using namespace framepath;
using namespace framepath::media;

namespace {

constexpr int kWidth = 896, kHeight = 128, kFrames = 8;
using Words = std::vector<uint16_t>;

// A ramp over all values of limited range, whose lower half moves, as I420 of 10 bits.
Words pictureOf(int number) {
  Words words;
  for (int y = 0; y < kHeight; y++)
    for (int x = 0; x < kWidth; x++) {
      const int at = y < kHeight / 2 ? x : (x + 8 * number) % kWidth;
      words.push_back(static_cast<uint16_t>(64 + std::min(at, 876)));
    }
  for (int plane = 1; plane < 3; plane++)
    for (int y = 0; y < kHeight / 2; y++)
      for (int x = 0; x < kWidth / 2; x++)
        words.push_back(static_cast<uint16_t>(plane == 1 ? 448 + x / 4 : 572 - x / 4));
  return words;
}

const char* labelsOf(DynamicRange range) {
  return range == DynamicRange::hdr10
             ? "-color_trc smpte2084 -color_primaries bt2020 -colorspace bt2020nc -color_range tv"
             : "-color_trc arib-std-b67 -color_primaries bt2020 -colorspace bt2020nc -color_range tv";
}

std::string clipOf(DynamicRange range) {
  Words all;
  for (int n = 0; n < kFrames; n++) {
    const Words one = pictureOf(n);
    all.insert(all.end(), one.begin(), one.end());
  }
  const auto* bytes = reinterpret_cast<const uint8_t*>(all.data());
  const std::string name = range == DynamicRange::hdr10 ? "pq" : "hlg";
  const std::string raw = clips::writeFile(name + ".yuv", {bytes, bytes + all.size() * 2});
  return clips::make(name + ".mkv",
                     "-f rawvideo -pix_fmt yuv420p10le -s 896x128 -r 25 -i '" + raw + "' -c:v ffv1 " + labelsOf(range));
}

std::vector<FrameRef> framesOf(DynamicRange range) {
  SourceOptions options;
  options.uri = clipOf(range);
  options.keepHdr = std::make_shared<const std::atomic<bool>>(true);
  std::vector<FrameRef> frames;
  const auto reader = openSource(options, clips::device());
  while (FrameRef frame = reader->next()) frames.push_back(std::move(frame));
  return frames;
}

Words wordsOf(const clips::Bytes& bytes) {
  Words words(bytes.size() / 2);
  for (size_t i = 0; i < words.size(); i++) words[i] = static_cast<uint16_t>(bytes[2 * i] | bytes[2 * i + 1] << 8);
  return words;
}

double psnrOf(const Words& a, const Words& b) {
  CHECK_EQUAL(a.size(), b.size());
  double sum = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return 10 * std::log10(1023.0 * 1023 * static_cast<double>(a.size()) / std::max(sum, 1e-9));
}

constexpr const char* kTransfers[] = {"bt709", "smpte2084", "arib-std-b67"};

HdrMetadata metadata() {
  HdrMetadata metadata;
  metadata.display = MasteringDisplay{{{{34000, 16000}, {13250, 34500}, {7500, 3000}}}, {15635, 16450}, 10'000'000, 50};
  metadata.light = ContentLight{1000, 400};
  return metadata;
}

// The encoder's name.
std::string encodeTo(const std::string& path, VideoCodec codec, DynamicRange range, const HdrMetadata& hdr = {}) {
  EncoderOptions options;
  options.codec = codec;
  options.profile = Profile::balanced;
  options.width = kWidth;
  options.height = kHeight;
  options.dynamicRange = range;
  options.hdrMetadata = hdr;
  auto encoder = openEncoder(options, clips::device());
  OutputOptions into{path, {}, options.fps};
  into.hdrMetadata = hdr;
  auto output = openOutput(into, *encoder);
  compose::LayoutSpec layout;
  layout.kind = compose::LayoutKind::grid;
  layout.width = kWidth;
  layout.height = kHeight;
  layout.tiles.emplace_back();
  const auto composer = compose::makeComposer(layout, clips::device(), {encoder->inputFormat(), transferOf(range)},
                                              8 + encoder->heldCanvases());
  const auto emit = [&](Packet packet) { output->write(packet); };
  int64_t tick = 0;
  for (const FrameRef& frame : framesOf(range)) {
    compose::TileInput input;
    input.frame = frame->hdr;
    encoder->push(composer->compose(tick, tick * 40'000, std::vector{input}), emit);
    tick++;
  }
  encoder->finish(emit);
  const std::string name = encoder->name();
  encoder.reset();
  output->finish(true);
  return name;
}

}  // namespace

TEST(frames_keep_the_pictures_of_their_source_where_they_are_wanted) {
  for (const DynamicRange range : {DynamicRange::hdr10, DynamicRange::hlg}) {
    const std::vector<FrameRef> frames = framesOf(range);
    CHECK_EQUAL(frames.size(), size_t{kFrames});
    for (int n = 0; n < kFrames; n++) {
      const Frame& frame = *frames.at(static_cast<size_t>(n));
      CHECK_EQUAL(int{frame.view.format.depth}, 8);
      CHECK(frame.hdr->view.transfer == transferOf(range) && frame.hdr->view.primaries == ColorPrimaries::bt2020);
      CHECK_EQUAL(frame.hdr->ptsUs, frame.ptsUs);
      CHECK(wordsOf(clips::packed(*frame.hdr)) == pictureOf(n));
    }
    CHECK(!clips::read(clipOf(range)).frames.at(0)->hdr);
  }
}

TEST(streams_keep_labels_and_values) {
  const clip::TempFolder folder;
  for (const VideoCodec codec : {VideoCodec::hevc, VideoCodec::av1})
    for (const DynamicRange range : {DynamicRange::hdr10, DynamicRange::hlg})
      for (const char* container : {"mp4", "mkv"}) {
        const std::string path = folder.file(std::string("out.") + container);
        encodeTo(path, codec, range);
        auto stream = clip::streamValues(path, "v:0");
        CHECK_EQUAL(stream["pix_fmt"], "yuv420p10le");
        CHECK_EQUAL(stream["color_transfer"], kTransfers[static_cast<int>(range)]);
        CHECK_EQUAL(stream["color_primaries"], "bt2020");
        CHECK_EQUAL(stream["color_space"], "bt2020nc");
        CHECK_EQUAL(stream["color_range"], "tv");
        CHECK_EQUAL(stream["nb_read_frames"], std::to_string(kFrames));
        const Words decoded = wordsOf(clips::reference(path, "yuv420p10le"));
        const double quality = psnrOf(decoded, wordsOf(clips::reference(clipOf(range), "yuv420p10le")));
        const std::set<uint16_t> levels(decoded.begin(), decoded.begin() + kWidth);
        std::printf("  %s %s %s: %.1f dB, %zu levels in a row\n", stream["codec_name"].c_str(),
                    kTransfers[static_cast<int>(range)], container, quality, levels.size());
        CHECK(quality > 48);
        CHECK(levels.size() > 300);
      }
}

TEST(what_a_source_states_of_its_display_is_passed_on) {
  const clip::TempFolder folder;
  for (const VideoCodec codec : {VideoCodec::hevc, VideoCodec::av1})
    for (const char* container : {"mp4", "mkv"}) {
      const std::string path = folder.file(std::string("mastered.") + container);
      const std::string encoder = encodeTo(path, codec, DynamicRange::hdr10, metadata());
      const HdrMetadata found = probe(path, {}).hdrMetadata;
      CHECK(found.display && found.light);
      if (!found.display || !found.light) continue;
      CHECK_EQUAL(found.display->maxLuminance, 10'000'000);
      CHECK_EQUAL(found.display->primaries[1][1], 34500);
      CHECK_EQUAL(found.light->max, 1000);
      CHECK_EQUAL(found.light->maxAverage, 400);
      if (encoder == "hevc_nvenc") continue;  // libavcodec passes none to it
      // The stream itself, as a decoder sees it.
      const std::string frame =
          clip::output("ffprobe -v error -select_streams v:0 -read_intervals %+#1 -show_frames " + path);
      CHECK(frame.find("Mastering display metadata") != std::string::npos);
      CHECK(frame.find("max_content=1000") != std::string::npos);
    }
}

TEST(h264_refuses_high_dynamic_range) {
  EncoderOptions options;
  options.codec = VideoCodec::h264;
  options.width = 64;
  options.height = 64;
  options.dynamicRange = DynamicRange::hlg;
  CHECK_ERROR(openEncoder(options, clips::device()), INVALID_ARGUMENT);
}

// Rec. ITU-R BT.2408, and the formula of one colour.
TEST(sdr_among_high_dynamic_range_has_reference_white) {
  Image image = test::blank(*clips::device(), pixelFormat::yuv420p, 220, 4);
  for (int p = 0; p < 3; p++)
    for (int y = 0; y < planeHeight(image.view, p); y++)
      for (int x = 0; x < planeWidth(image.view, p); x++)
        image.view.planes[p].data[y * image.view.planes[p].pitchBytes + x] = static_cast<uint8_t>(p ? 128 : 16 + x);
  image = test::onDevice(*clips::device(), image);
  ToneMapper mapper(clips::device());
  const auto queue = clips::device()->openQueue();
  for (const ColorTransfer to : {ColorTransfer::pq, ColorTransfer::hlg}) {
    const Image raised = mapper.raise(*queue, image.view, to);
    queue->synchronize();
    CHECK(raised.view.transfer == to && raised.view.matrix == ColorMatrix::bt2020);
    const Words words = wordsOf(clips::packed(Frame(raised.view, 220, 4, raised.memory)));
    for (int x = 0; x < 220; x++) {
      const double gray = x / 219.0;
      CHECK_NEAR(words[static_cast<size_t>(x)], 64 + 876 * transfer::hdrOfSdr({gray, gray, gray}, to)[0], 1.5);
    }
    CHECK_NEAR(words[219], to == ColorTransfer::pq ? 64 + 876 * 0.5807 : 64 + 876 * 0.75, 1);
    CHECK_NEAR(words[220 * 4], 512, 1);
  }
}

TEST_MAIN()
