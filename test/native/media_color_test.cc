// Pictures as they are meant: PQ and HLG are tone-mapped, interlaced pictures become progressive ones, on every device.
#include <array>
#include <cmath>

#include "check.h"
#include "clips.h"
#include "media/tone_curves.h"

using namespace framepath;
using namespace framepath::media;
using clips::make;
using clips::read;

namespace {

// The recommendations' formulas, written down apart from those under test.
double pqToNits(double v) {
  const double p = std::pow(v, 32.0 / 2523);
  return 10'000 * std::pow(std::max(0.0, p - 0.8359375) / (18.8515625 - 18.6875 * p), 16384.0 / 2610);
}
double nitsToPq(double nits) {
  const double p = std::pow(nits / 10'000, 0.1593017578125);
  return std::pow((0.8359375 + 18.8515625 * p) / (1 + 18.6875 * p), 78.84375);
}
double hlgToNits(double v) {  // of a gray, on a display of 1000 cd/m2
  const double scene = v <= 0.5 ? v * v / 3 : (std::exp((v - 0.55991073) / 0.17883277) + 0.28466892) / 12;
  return 1000 * std::pow(scene, 1.2);
}
double compressed(double nits, double peak) {
  const double lw = nitsToPq(peak), e1 = nitsToPq(nits) / lw, max = nitsToPq(203) / lw, ks = 1.5 * max - 0.5;
  if (e1 < ks) return nits;
  const double t = (e1 - ks) / (1 - ks);
  const double e2 = (2 * t * t * t - 3 * t * t + 1) * ks + (t * t * t - 2 * t * t + t) * (1 - ks) +
                    (-2 * t * t * t + 3 * t * t) * max;
  return pqToNits(e2 * lw);
}
double sdrSignal(double nits) {
  return std::pow(std::min(1.0, nits / 203), 1 / 2.4);
}
double signalOf(int sample10) {
  return std::min(1.0, std::max(0.0, (sample10 - 64) / 876.0));
}

// R, G, B of a signal in 0..1, as 0..255 of SDR.
std::array<double, 3> toneMapped(const ToneSource& source, double r, double g, double b) {
  const auto curves = toneCurves(source);
  const ToneMapArgs args = toneMapArgs(source, curves.data());
  float pixel[3] = {static_cast<float>(r * 255), static_cast<float>(g * 255), static_cast<float>(b * 255)};
  toneMapPixel(args, pixel);
  return {pixel[0], pixel[1], pixel[2]};
}

std::string rawClip(const std::string& name, const std::vector<uint16_t>& samples, const std::string& size,
                    const std::string& colors) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(samples.data());
  const std::string raw = clips::writeFile(name + ".yuv", {bytes, bytes + samples.size() * 2});
  return make(name + ".mkv", "-f rawvideo -pix_fmt yuv444p10le -s " + size + " -i '" + raw + "' -c:v ffv1 " + colors);
}

// Gray from black to white over the width.
std::string ramp(const std::string& name, const std::string& colors) {
  constexpr int kWidth = 438, kHeight = 4;
  std::vector<uint16_t> samples;
  for (int y = 0; y < kHeight; y++)
    for (int x = 0; x < kWidth; x++) samples.push_back(static_cast<uint16_t>(64 + 2 * x));
  samples.resize(3 * samples.size(), 512);
  return rawClip(name, samples, "438x4", colors);
}

double psnr(const clips::Bytes& a, const clips::Bytes& b) {
  CHECK_EQUAL(a.size(), b.size());
  double sum = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return 10 * std::log10(255.0 * 255 * static_cast<double>(a.size()) / std::max(sum, 1e-9));
}

constexpr const char* kPq = "-color_trc smpte2084 -color_primaries bt2020 -colorspace bt2020nc -color_range tv";
constexpr const char* kHlg = "-color_trc arib-std-b67 -color_primaries bt2020 -colorspace bt2020nc -color_range tv";

// 25 interlaced frames a second of 50 pictures, in which an edge turns and a line moves.
const std::string& scene() {
  static const std::string text =
      "-f lavfi -i \"testsrc2=s=320x240:r=50,rotate=0.3*sin(t*2):ow=320:oh=240,format=yuv420p\" -t 1 ";
  return text;
}
std::string interlacedClip() {
  return make("interlaced.mkv",
              scene() + "-vf tinterlace=interleave_top,setfield=tff -c:v ffv1 -flags +ildct -field_order tt");
}

}  // namespace

TEST(grays_become_what_the_recommendations_say) {
  const auto check = [](const ToneSource& source, double v, double nits, double peak) {
    const auto rgb = toneMapped(source, v, v, v);
    for (const double value : rgb) CHECK_NEAR(value, 255 * sdrSignal(compressed(std::min(nits, peak), peak)), 0.5);
  };
  for (int i = 0; i <= 100; i++) {
    const double v = i / 100.0;
    for (const double peak : {300.0, 1000.0, 4000.0})
      check({.transfer = ColorTransfer::pq, .peakNits = peak}, v, pqToNits(v), peak);
    check({.transfer = ColorTransfer::hlg}, v, hlgToNits(v), 1000);
  }
}

TEST(reference_white_stays_near_white_and_what_is_darker_stays) {
  const auto gray = [](double nits) { return toneMapped({}, nitsToPq(nits), nitsToPq(nits), nitsToPq(nits))[0]; };
  CHECK_NEAR(gray(203), 255 * 0.907, 1);
  CHECK_NEAR(gray(26), 255 * std::pow(26.0 / 203, 1 / 2.4), 0.5);
  CHECK_EQUAL(gray(0), 0);
  const double mid = nitsToPq(26);  // whatever is stated as the peak
  for (const double peak : {0.1, 1e5, 1e9})
    CHECK_NEAR(toneMapped({.peakNits = peak}, mid, mid, mid)[0], 255 * std::pow(26.0 / 203, 1 / 2.4), 0.5);
  CHECK_NEAR(gray(10'000), 255, 0.01);
}

TEST(colours_of_bt709_come_back) {
  for (const auto& [r, g, b] : {std::array{1.0, 0.0, 0.0},
                                {0.0, 1.0, 0.0},
                                {0.0, 0.0, 1.0},
                                {1.0, 1.0, 0.0},
                                {0.0, 1.0, 1.0},
                                {1.0, 0.0, 1.0},
                                {0.8, 0.5, 0.3}}) {
    // At 60 cd/m2 in BT.2020: nothing of it is a highlight.
    const auto seen = toneMapped({}, nitsToPq(60 * (0.627404 * r + 0.329283 * g + 0.043313 * b)),
                                 nitsToPq(60 * (0.069097 * r + 0.919540 * g + 0.011362 * b)),
                                 nitsToPq(60 * (0.016391 * r + 0.088013 * g + 0.895595 * b)));
    for (const auto& [value, linear] : {std::pair{seen[0], r}, {seen[1], g}, {seen[2], b}})
      CHECK_NEAR(value, 255 * sdrSignal(60 * linear), linear > 0 ? 0.8 : 10);
  }
}

TEST(sdr_of_bt2020_has_the_primaries_of_bt709) {
  const ToneSource wide{.transfer = ColorTransfer::sdr};
  for (const auto& [r, g, b] : {std::array{1.0, 0.0, 0.0}, {0.0, 1.0, 0.0}, {0.0, 0.0, 1.0}, {0.5, 0.5, 0.5}}) {
    const auto signal = [](double light) { return std::pow(light, 1 / 2.4); };
    const auto seen = toneMapped(wide, signal(0.627404 * r + 0.329283 * g + 0.043313 * b),
                                 signal(0.069097 * r + 0.919540 * g + 0.011362 * b),
                                 signal(0.016391 * r + 0.088013 * g + 0.895595 * b));
    for (const auto& [value, linear] : {std::pair{seen[0], r}, {seen[1], g}, {seen[2], b}})
      CHECK_NEAR(value, 255 * signal(linear), linear > 0 ? 0.8 : 12);
  }
  const auto clip =
      read(ramp("wide", "-color_trc bt2020-10 -color_primaries bt2020 -colorspace bt2020nc -color_range tv"));
  CHECK(!clip.info.hdr);
  const Frame& frame = *clip.frames.at(0);
  CHECK(frame.view.primaries == ColorPrimaries::bt709 && frame.view.matrix == ColorMatrix::bt709);
  const clips::Bytes bytes = clips::packed(frame);
  for (int x = 0; x < frame.view.width; x++)
    CHECK_NEAR(bytes[static_cast<size_t>(x)], 16 + 219 * signalOf(64 + 2 * x), 1);
}

TEST(frames_of_pq_and_hlg_are_sdr) {
  for (const bool hlg : {false, true}) {
    const auto clip = read(ramp(hlg ? "hlg" : "pq", hlg ? kHlg : kPq));
    CHECK(clip.info.hdr);
    CHECK_EQUAL(clip.info.colorTransfer, hlg ? "arib-std-b67" : "smpte2084");
    const Frame& frame = *clip.frames.at(0);
    CHECK_EQUAL(int{frame.view.format.depth}, 8);
    CHECK(frame.view.matrix == ColorMatrix::bt709 && frame.view.transfer == ColorTransfer::sdr);
    const clips::Bytes bytes = clips::packed(frame);
    for (int x = 0; x < frame.view.width; x++) {
      const double v = signalOf(64 + 2 * x), nits = hlg ? hlgToNits(v) : std::min(1000.0, pqToNits(v));
      CHECK_NEAR(bytes[static_cast<size_t>(x)], sdrSignal(compressed(nits, 1000)) * 219 + 16, 1);
    }
  }
  const auto plain = read(ramp("plain", "-color_range tv -colorspace bt709"));
  CHECK(!plain.info.hdr);
  CHECK_EQUAL(int{plain.frames.at(0)->view.format.depth}, 10);
}

TEST(interlaced_pictures_become_progressive) {
  const std::string clip = interlacedClip();
  CHECK(read(clip).info.interlaced);
  const clips::Bytes ours = read(clip).bytes();
  const clips::Bytes original =
      clips::reference(make("pictures.mkv", scene() + "-c:v ffv1"), "yuv420p", "-vf \"select='not(mod(n\\,2))'\"");
  const clips::Bytes yadif = clips::reference(clip, "yuv420p", "-vf yadif=0:0");
  const double own = psnr(ours, original), reference = psnr(yadif, original);
  CHECK(own >= reference - 1);
  SourceOptions off;
  off.uri = clip;
  off.deinterlace = Deinterlace::off;
  const clips::Bytes woven = read(off).bytes();
  CHECK(woven == clips::reference(clip, "yuv420p"));
  CHECK(psnr(woven, original) < own - 3);
}

TEST(bottom_field_first_and_ten_bits_work_too) {
  const std::string fields = "-vf tinterlace=interleave_bottom,setfield=bff,format=yuv422p10le ";
  const std::string clip = make("bottom.mkv", scene() + fields + "-c:v ffv1 -flags +ildct -field_order bb");
  const auto eight = [](const clips::Bytes& ten) {
    clips::Bytes bytes;
    for (size_t i = 0; i + 1 < ten.size(); i += 2)
      bytes.push_back(static_cast<uint8_t>((ten[i] | ten[i + 1] << 8) >> 2));
    return bytes;
  };
  const clips::Bytes original =
      clips::reference(make("pictures.mkv", scene() + "-c:v ffv1"), "yuv422p10le", "-vf \"select='not(mod(n\\,2))'\"");
  const clips::Bytes yadif = clips::reference(clip, "yuv422p10le", "-vf yadif=0:1");
  CHECK(psnr(eight(read(clip).bytes()), eight(original)) >= psnr(eight(yadif), eight(original)) - 1);
}

// Where the frame that comes after has nothing to add, ours is what libavfilter has.
TEST(what_stands_still_is_as_yadif_has_it) {
  const std::string clip = make("still.mkv",
                                "-f lavfi -i testsrc2=s=160x120:r=25 -frames:v 6 -vf "
                                "loop=6:1,setfield=tff -c:v ffv1 -flags +ildct -field_order tt");
  const auto seen = read(clip);
  CHECK_EQUAL(seen.frames.size(), 6u);
  const clips::Bytes ours = seen.bytes();
  const clips::Bytes yadif = clips::reference(clip, "yuv420p", "-vf yadif=0:0");
  CHECK_EQUAL(ours.size(), yadif.size());
  const auto second = static_cast<ptrdiff_t>(yadif.size() / 6);  // the first has nothing to go by
  CHECK(std::equal(ours.begin() + second, ours.end(), yadif.begin() + second));
}

TEST(a_png_that_is_stored_in_passes_has_no_fields) {
  const std::string png = make("adam7.png", clips::moving("160x120", 25, 1) + "-c:v png -pix_fmt rgb24 -flags +ildct");
  CHECK_EQUAL(int{clips::readFile(png).at(28)}, 1);  // of its header: Adam7
  CHECK(read(png).bytes() == clips::reference(png, "rgb24"));
}

TEST(a_frame_is_the_same_whatever_is_left_out_before_it) {
  SourceOptions options;
  options.uri = interlacedClip();
  const auto all = read(options);
  options.stride = 3;
  const auto some = read(options);
  CHECK_EQUAL(some.frames.size(), (all.frames.size() + 2) / 3);
  for (size_t i = 0; i < some.frames.size(); i++)
    CHECK(clips::packed(*some.frames[i]) == clips::packed(*all.frames[3 * i]));
}

TEST_MAIN()
