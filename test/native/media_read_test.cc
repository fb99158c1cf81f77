// Reading sources: what comes out of every codec and format is held against what ffmpeg itself decodes.
#include <algorithm>

#include "check.h"
#include "clips.h"
#include "media/pixel_format.h"

using namespace framepath;
using namespace framepath::media;
using clips::make;
using clips::moving;
using clips::read;

namespace {

// The flags with which formats that kernels do not take are converted.
constexpr const char* kExact = "-sws_flags bilinear+accurate_rnd+full_chroma_int";

struct Variant {
  const char* file;
  const char* encode;       // ffmpeg output options
  const char* pixelFormat;  // of the frames, libav's name, for the reference
  PixelLayout layout;
  int depth;
  int chromaShiftX, chromaShiftY;
};

constexpr auto planar = PixelLayout::planarYuv;

const Variant kVariants[] = {
    {"h264.mp4", "-c:v libx264 -preset veryfast -bf 2 -pix_fmt yuv420p", "yuv420p", planar, 8, 1, 1},
    {"h264_422_10.mkv", "-c:v libx264 -preset ultrafast -pix_fmt yuv422p10le", "yuv422p10le", planar, 10, 1, 0},
    {"h264_444.mp4", "-c:v libx264 -preset ultrafast -pix_fmt yuv444p", "yuv444p", planar, 8, 0, 0},
    {"h264_full.mp4", "-c:v libx264 -preset ultrafast -pix_fmt yuvj420p", "yuvj420p", planar, 8, 1, 1},
    {"h264_gray.mp4", "-c:v libx264 -preset ultrafast -pix_fmt gray", "yuvj420p", planar, 8, 1, 1},
    {"h264_rgb.mkv", "-c:v libx264rgb -preset ultrafast -pix_fmt rgb24", "rgb24", PixelLayout::rgb, 8, 0, 0},
    {"hevc.mp4", "-c:v libx265 -preset ultrafast -x265-params log-level=none -pix_fmt yuv420p", "yuv420p", planar, 8, 1,
     1},
    {"hevc_10.mkv", "-c:v libx265 -preset ultrafast -x265-params log-level=none -pix_fmt yuv420p10le", "yuv420p10le",
     planar, 10, 1, 1},
    {"vp8.webm", "-c:v libvpx -deadline realtime -cpu-used 8", "yuv420p", planar, 8, 1, 1},
    {"vp9.webm", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -pix_fmt yuv420p", "yuv420p", planar, 8, 1, 1},
    {"vp9_444_10.mkv", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -pix_fmt yuv444p10le", "yuv444p10le", planar, 10,
     0, 0},
    {"av1.mp4", "-c:v libsvtav1 -preset 12 -pix_fmt yuv420p", "yuv420p", planar, 8, 1, 1},
    {"av1_10.mkv", "-c:v libsvtav1 -preset 12 -pix_fmt yuv420p10le", "yuv420p10le", planar, 10, 1, 1},
    {"mpeg4.avi", "-c:v mpeg4 -bf 2", "yuv420p", planar, 8, 1, 1},
    {"mpeg2.ts", "-c:v mpeg2video -pix_fmt yuv422p", "yuv422p", planar, 8, 1, 0},
    {"mjpeg.avi", "-c:v mjpeg -pix_fmt yuvj422p", "yuvj422p", planar, 8, 1, 0},
    {"prores.mov", "-c:v prores_ks -profile:v 2", "yuv422p10le", planar, 10, 1, 0},
    {"prores_4444.mov", "-c:v prores_ks -profile:v 4 -pix_fmt yuva444p10le", "yuv444p12le", planar, 12, 0, 0},
    {"theora.ogv", "-c:v libtheora", "yuv420p", planar, 8, 1, 1},
    {"yuv411.nut", "-c:v rawvideo -pix_fmt yuv411p", "yuv411p", planar, 8, 2, 0},
    {"yuv440.nut", "-c:v rawvideo -pix_fmt yuv440p", "yuv440p", planar, 8, 0, 1},
    {"yuv16.mkv", "-c:v ffv1 -pix_fmt yuv420p16le", "yuv420p16le", planar, 16, 1, 1},
    {"yuva.mkv", "-c:v ffv1 -pix_fmt yuva420p", "yuv420p", planar, 8, 1, 1},
    {"yuyv.nut", "-c:v rawvideo -pix_fmt yuyv422", "yuv422p", planar, 8, 1, 0},
    {"nv12.nut", "-c:v rawvideo -pix_fmt nv12", "yuv420p", PixelLayout::semiPlanarYuv, 8, 1, 1},
    {"nv21.nut", "-c:v rawvideo -pix_fmt nv21", "yuv420p", planar, 8, 1, 1},
    {"bottom_up.avi", "-c:v rawvideo -pix_fmt bgr24", "bgr24", PixelLayout::rgb, 8, 0, 0},
    {"rgba.mov", "-c:v png -pix_fmt rgba", "rgba", PixelLayout::rgb, 8, 0, 0},
    {"argb.nut", "-c:v rawvideo -pix_fmt argb", "rgb24", PixelLayout::rgb, 8, 0, 0},
    {"rgb48be.mov", "-c:v png -pix_fmt rgb48be", "rgb48le", PixelLayout::rgb, 16, 0, 0},
    {"gbrp10.mkv", "-c:v ffv1 -pix_fmt gbrp10le", "rgb48le", PixelLayout::rgb, 16, 0, 0},
    {"pal8.nut", "-c:v rawvideo -pix_fmt pal8", "rgb24", PixelLayout::rgb, 8, 0, 0},
    {"gray16.mkv", "-c:v ffv1 -pix_fmt gray16le", "gray16le", PixelLayout::gray, 16, 0, 0},
    {"monow.nut", "-c:v rawvideo -pix_fmt monow", "gray", PixelLayout::gray, 8, 0, 0},
    {"gif.gif", "", "bgra", PixelLayout::rgb, 8, 0, 0},
};

}  // namespace

TEST(every_codec_and_format_gives_ffmpegs_pictures) {
  for (const Variant& variant : kVariants) {
    const int before = check::failures();
    const auto path = make(variant.file, moving("160x120", 25, 8) + variant.encode);
    const clips::Read result = read(path);
    CHECK_EQUAL(result.frames.size(), 8u);
    if (!result.frames.empty()) {
      const ImageView& view = result.frames[0]->view;
      // A GPU's decoder interleaves U and V.
      CHECK(view.format.layout == variant.layout ||
            (clips::onGpu() && view.format.layout == PixelLayout::semiPlanarYuv));
      CHECK_EQUAL(int{view.format.depth}, variant.depth);
      CHECK_EQUAL(int{view.format.chromaShiftX}, variant.chromaShiftX);
      CHECK_EQUAL(int{view.format.chromaShiftY}, variant.chromaShiftY);
      CHECK_EQUAL(result.frames[0]->width, 160);
      CHECK_EQUAL(result.frames[0]->height, 120);
    }
    CHECK_EQUAL(result.counters.decodeErrors, 0);
    CHECK(result.bytes() == clips::reference(path, variant.pixelFormat, kExact));
    for (size_t i = 0; i < result.frames.size(); i++) {
      CHECK_EQUAL(result.frames[i]->index, static_cast<int64_t>(i));
      CHECK_NEAR(result.frames[i]->ptsUs, static_cast<double>(i) * 40000, 1000);
    }
    if (check::failures() != before) std::printf("  ... in %s\n", variant.file);
  }
}

TEST(decoder_threads_give_the_same_pictures) {
  for (const char* file : {"h264.mp4", "hevc_10.mkv", "vp9.webm", "av1.mp4", "prores.mov"}) {
    SourceOptions options;
    options.uri = clips::folder().file(file);
    const auto one = read(options);
    options.threads = 4;
    CHECK(one.bytes() == read(options).bytes());
  }
}

// Without the deblocking filter pictures differ, but hardly; left out everywhere they differ more.
TEST(the_loop_filter_can_be_left_out) {
  SourceOptions options;
  options.decoder = DecoderChoice::software;
  options.uri = clips::folder().file("h264.mp4");
  const auto difference = [&, whole = read(options).bytes()](SkipLoopFilter skip) {
    options.skipLoopFilter = skip;
    const auto bytes = read(options).bytes();
    CHECK_EQUAL(bytes.size(), whole.size());
    double sum = 0;
    for (size_t i = 0; i < std::min(bytes.size(), whole.size()); i++) sum += std::abs(int{bytes[i]} - int{whole[i]});
    return sum / static_cast<double>(whole.size());
  };
  CHECK_EQUAL(difference(SkipLoopFilter::none), 0);
  const double nonref = difference(SkipLoopFilter::nonref), all = difference(SkipLoopFilter::all);
  CHECK(nonref > 0 && nonref < all);
  CHECK(all < 4);
}

TEST(formats_are_expressed_or_converted_without_loss_of_depth) {
  CHECK(expressed(AV_PIX_FMT_P010LE) == pixelFormat::p010);
  CHECK(expressed(AV_PIX_FMT_YUV420P10LE).has_value() && !expressed(AV_PIX_FMT_YUV420P10LE)->msbAligned);
  CHECK(expressed(AV_PIX_FMT_BGR0)->bgr && expressed(AV_PIX_FMT_BGR0)->components == 4);
  for (const AVPixelFormat format :
       {AV_PIX_FMT_NV21, AV_PIX_FMT_PAL8, AV_PIX_FMT_GBRP, AV_PIX_FMT_YUVA420P, AV_PIX_FMT_YUYV422, AV_PIX_FMT_ARGB,
        AV_PIX_FMT_YUV420P10BE, AV_PIX_FMT_RGB565LE, AV_PIX_FMT_MONOWHITE, AV_PIX_FMT_YA8, AV_PIX_FMT_GRAYF32LE,
        AV_PIX_FMT_XYZ12LE, AV_PIX_FMT_X2RGB10LE, AV_PIX_FMT_VAAPI})
    CHECK(!expressed(format));
  // Whatever libav knows and swscale can read ends in something expressible of at least its depth (16 bits suffice).
  for (const AVPixFmtDescriptor* d = nullptr; (d = av_pix_fmt_desc_next(d));) {
    const AVPixelFormat format = av_pix_fmt_desc_get_id(d);
    if (d->flags & AV_PIX_FMT_FLAG_HWACCEL) continue;
    const auto nearest = expressed(nearestExpressible(format));
    CHECK(nearest.has_value());
    if (nearest && d->nb_components > 0) CHECK(nearest->depth >= std::min(16, d->comp[0].depth));
  }
}

TEST(colour_descriptions_arrive) {
  const auto view = [](const std::string& file, const std::string& size, const std::string& options) {
    return read(make(file, moving(size, 25, 1) + "-c:v libx264 -preset ultrafast -pix_fmt yuv420p " + options))
        .frames.at(0)
        ->view;
  };
  CHECK(view("small.mp4", "160x120", "").matrix == ColorMatrix::bt601);
  CHECK(view("large.mp4", "1280x720", "").matrix == ColorMatrix::bt709);
  CHECK(view("large601.mp4", "1280x720", "-colorspace smpte170m").matrix == ColorMatrix::bt601);
  CHECK(view("small709.mp4", "160x120", "-colorspace bt709").matrix == ColorMatrix::bt709);
  CHECK(view("bt2020.mp4", "160x120", "-colorspace bt2020nc").matrix == ColorMatrix::bt2020);
  CHECK(view("limited.mp4", "160x120", "-color_range tv").range == ColorRange::limited);
  CHECK(view("full.mp4", "160x120", "-color_range pc").range == ColorRange::full);
  CHECK(read(clips::folder().file("mjpeg.avi")).frames.at(0)->view.range == ColorRange::full);
  CHECK(read(clips::folder().file("gray16.mkv")).frames.at(0)->view.range == ColorRange::full);
  CHECK(read(clips::folder().file("rgba.mov")).frames.at(0)->view.range == ColorRange::full);
}

TEST(sample_aspect_gives_square_pixels) {
  const auto result = read(make("aspect.mp4", moving("160x120", 25, 2) + "-vf setsar=4/3 -c:v libx264"));
  CHECK_EQUAL(result.info.width, 213);
  CHECK_EQUAL(result.info.height, 120);
  CHECK_EQUAL(result.info.codedWidth, 160);
  CHECK_EQUAL(result.info.sampleAspect.num, 4);
  CHECK_EQUAL(result.frames.at(0)->width, 213);
  CHECK_EQUAL(result.frames.at(0)->view.width, 160);
  CHECK_NEAR(result.frames.at(0)->scaleX(), 0.75, 0.01);
}

TEST(odd_and_extreme_sizes) {
  struct {
    const char *file, *size, *encode, *format;
  } const cases[] = {
      {"odd.webm", "161x121", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -pix_fmt yuv420p", "yuv420p"},
      {"odd.avi", "161x121", "-c:v mjpeg -pix_fmt yuvj420p", "yuvj420p"},
      {"odd.png", "33x17", "-pix_fmt rgb24", "rgb24"},
      {"one.png", "1x1", "-pix_fmt rgb24", "rgb24"},
      {"wide.png", "16384x16", "-pix_fmt gray", "gray"},
      {"wide.mp4", "16384x16", "-c:v libx264 -preset ultrafast -pix_fmt yuv420p", "yuv420p"}};
  for (const auto& c : cases) {
    const std::string picture = std::string("-f rawvideo -pix_fmt rgb24 -s ") + c.size + " -i /dev/zero -frames:v 1 ";
    const auto path = make(c.file, picture + c.encode);
    const auto result = read(path);
    CHECK_EQUAL(result.frames.size(), 1u);
    CHECK(result.bytes() == clips::reference(path, c.format, kExact));
    if (result.bytes() != clips::reference(path, c.format, kExact)) std::printf("  ... in %s\n", c.file);
  }
}

TEST(resolution_may_change_in_mid_stream) {
  const auto a = make("size_a.h264", moving("160x120", 25, 10) + "-c:v libx264 -preset ultrafast");
  const auto b = make("size_b.h264", moving("320x180", 25, 10) + "-c:v libx264 -preset ultrafast");
  clips::Bytes both = clips::readFile(a);
  const clips::Bytes second = clips::readFile(b);
  both.insert(both.end(), second.begin(), second.end());
  for (const int threads : {1, 3}) {
    SourceOptions options;
    options.uri = clips::writeFile("sizes.h264", both);
    options.threads = threads;
    const auto result = read(options);
    CHECK_EQUAL(result.frames.size(), 20u);
    CHECK_EQUAL(result.frames.at(9)->width, 160);
    CHECK_EQUAL(result.frames.at(10)->width, 320);
    CHECK_EQUAL(result.frames.at(10)->height, 180);
    clips::Bytes expected = clips::reference(a, "yuv420p");
    const clips::Bytes tail = clips::reference(b, "yuv420p");
    expected.insert(expected.end(), tail.begin(), tail.end());
    CHECK(result.bytes() == expected);
  }
}

TEST(frames_outlive_their_reader_and_are_not_written_again) {
  const auto path = make("h264.mp4", moving() + "-c:v libx264");
  SourceOptions options;
  options.uri = path;
  auto reader = openSource(options, clips::device());
  const FrameRef first = reader->next();
  const clips::Bytes before = clips::packed(*first);
  std::vector<FrameRef> others;
  while (auto frame = reader->next()) others.push_back(frame);
  reader.reset();
  others.clear();
  CHECK(clips::packed(*first) == before);
}
TEST_MAIN()
