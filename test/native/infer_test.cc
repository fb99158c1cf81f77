// Inference on real models and clips (FRAMEPATH_EVAL_DATA) through a real ONNX Runtime (FRAMEPATH_ORT_LIBRARY).
#include <algorithm>
#include <cmath>
#include <map>

#include "check.h"
#include "core/error.h"
#include "infer/detector.h"
#include "infer/embedder.h"
#include "infer_support.h"

using namespace framepath;
using namespace support;

namespace {

const std::string kBlazeface = "models/blazeface-back-256.onnx";
const std::string kFaces = "models/face-api-recognition.onnx";

infer::StatedSpec faceSpec() {
  infer::StatedSpec stated;
  stated.head = "embedding";
  stated.scale = {1};
  return stated;
}

Detections detectOne(infer::Detector& detector, const FrameRef& frame) {
  Detections found;
  detector.detect({&frame, 1}, {&found, 1});
  return found;
}

float bestOverlap(const Box& box, const std::vector<Box>& others) {
  float best = 0;
  for (const Box& other : others) best = std::max(best, intersectionOverUnion(box, other));
  return best;
}

bool sameDetections(const Detections& a, const Detections& b) {
  const auto same = [](const std::vector<float>& x, const std::vector<float>& y) {
    return x.size() == y.size() && std::memcmp(x.data(), y.data(), x.size() * sizeof(float)) == 0;
  };
  return a.size() == b.size() && std::memcmp(a.boxes.data(), b.boxes.data(), a.size() * sizeof(Box)) == 0 &&
         same(a.scores, b.scores) && a.classes == b.classes && same(a.keypoints, b.keypoints);
}

}  // namespace

TEST(blazeface_finds_the_reference_boxes) {
  NEED_EVAL(kBlazeface);
  const auto model = load(evalFile(kBlazeface));
  CHECK_EQUAL(int(model->spec().head), int(infer::HeadKind::blazeface));
  CHECK_EQUAL(model->spec().sha256, std::string("427cbbe0fc41448d09e1dc9cfabe2423d997cf2faaeab91fadd09a510b63b8e2"));
  const auto detector = infer::openDetector(model);
  int expected = 0, matched = 0, found = 0;
  double worst = 1, sum = 0, scoreError = 0;
  for (const std::string clip : {"easy_crossing", "occlusion_swap", "leave_reenter"}) {
    constexpr int kStep = 30, kCount = 10;
    const auto frames = clipFrames(evalFile("synth/" + clip + ".mp4"), 0, kStep, kCount, 1280, 720, ColorMatrix::bt601);
    CHECK_EQUAL(frames.size(), size_t{kCount});
    for (size_t i = 0; i < frames.size(); i++) {
      const Detections ours = detectOne(*detector, frames[i]);
      found += static_cast<int>(ours.size());
      CHECK(std::is_sorted(ours.scores.rbegin(), ours.scores.rend()));
      CHECK_EQUAL(ours.keypoints.size(), ours.size() * 12);
      for (const MotRow& row : motRows(evalFile("synth/" + clip + "/det/blazeface-back-256.txt"), static_cast<int>(i) * kStep + 1)) {
        if (row.score < 0.55) continue;  // at the threshold itself a rounding decides
        expected++;
        const float overlap = bestOverlap(row.box, ours.boxes);
        sum += overlap;
        worst = std::min<double>(worst, overlap);
        if (overlap > 0.9f) matched++;
        for (size_t k = 0; k < ours.size(); k++)
          if (intersectionOverUnion(ours.boxes[k], row.box) > 0.9f) scoreError = std::max(scoreError, std::fabs(ours.scores[k] - row.score));
      }
    }
  }
  std::printf("  %d of %d reference boxes at IoU > 0.9 (mean %.4f, worst %.4f), score within %.3f, %d found\n", matched, expected,
              sum / expected, worst, scoreError, found);
  CHECK(expected > 80);
  CHECK_EQUAL(matched, expected);
}

TEST(same_person_is_nearer_than_another) {
  NEED_EVAL(kBlazeface);
  const auto detector = infer::openDetector(load(evalFile(kBlazeface)));
  const auto embedder = infer::openEmbedder(load(evalFile(kFaces), faceSpec()));
  CHECK_EQUAL(embedder->dims(), 128);
  std::vector<std::pair<int, std::vector<float>>> prints;  // id, print
  for (const std::string clip : {"easy_crossing", "leave_reenter"}) {
    constexpr int kStep = 25;
    const auto frames = clipFrames(evalFile("synth/" + clip + ".mp4"), 0, kStep, 12, 1280, 720, ColorMatrix::bt601);
    for (size_t i = 0; i < frames.size(); i++) {
      const Detections found = detectOne(*detector, frames[i]);
      std::vector<infer::CropRequest> crops;
      std::vector<int> ids;
      for (const MotRow& row : motRows(evalFile("synth/" + clip + "/gt/gt_full.txt"), static_cast<int>(i) * kStep + 1)) {
        if (row.visibility < 0.9) continue;
        for (size_t k = 0; k < found.size(); k++) {
          if (intersectionOverUnion(found.boxes[k], row.box) < 0.5f) continue;
          crops.push_back({frames[i], found.boxes[k], {&found.keypoints[k * 12], &found.keypoints[k * 12] + 12}, 6});
          ids.push_back(row.id + (clip == "easy_crossing" ? 0 : 100));
          break;
        }
      }
      std::vector<float> values(crops.size() * 128);
      embedder->embed(crops, values.data());
      for (size_t k = 0; k < ids.size(); k++) prints.push_back({ids[k], {&values[k * 128], &values[k * 128] + 128}});
    }
  }
  std::vector<double> same, other;
  for (size_t i = 0; i < prints.size(); i++) {
    for (size_t j = i + 1; j < prints.size(); j++) {
      if (prints[i].first / 100 != prints[j].first / 100) continue;  // identities are only known within a clip
      double sum = 0;
      for (int k = 0; k < 128; k++) sum += std::pow(double{prints[i].second[k]} - prints[j].second[k], 2);
      (prints[i].first == prints[j].first ? same : other).push_back(std::sqrt(sum));
    }
  }
  std::sort(same.begin(), same.end());
  std::sort(other.begin(), other.end());
  const auto at = [](const std::vector<double>& v, double q) { return v[static_cast<size_t>(q * (v.size() - 1))]; };
  std::printf("  %zu prints; same person L2 median %.3f p95 %.3f max %.3f; others min %.3f p5 %.3f median %.3f\n", prints.size(),
              at(same, .5), at(same, .95), same.back(), other.front(), at(other, .05), at(other, .5));
  CHECK(prints.size() > 60);
  CHECK(at(same, 0.95) < 0.58);
  CHECK(at(other, 0.05) > 0.58);
}

TEST(batches_give_the_bits_of_single_runs) {
  NEED_EVAL(kBlazeface);
  const auto frames = clipFrames(evalFile("synth/easy_crossing.mp4"), 0, 20, 11, 1280, 720);
  const auto detector = infer::openDetector(load(evalFile(kBlazeface)));
  CHECK_EQUAL(detector->maxBatch(), 1);  // fixed in this file
  std::vector<Detections> together(frames.size());
  detector->detect(frames, together);
  std::vector<infer::CropRequest> crops;
  for (size_t i = 0; i < frames.size(); i++) {
    CHECK(sameDetections(together[i], detectOne(*detector, frames[i])));
    for (size_t k = 0; k < together[i].size(); k++)
      crops.push_back({frames[i], together[i].boxes[k], {&together[i].keypoints[k * 12], &together[i].keypoints[k * 12] + 12}, 6});
  }
  CHECK(crops.size() > 20);
  for (const int32_t most : {4, 16}) {
    const auto model = load(evalFile(kFaces), faceSpec(), most);
    const auto embedder = infer::openEmbedder(model);
    std::printf("  batch chosen of %d: %d\n", most, model->batch());
    std::vector<float> batched(crops.size() * 128), single(batched.size());
    embedder->embed(crops, batched.data());
    for (size_t i = 0; i < crops.size(); i++) embedder->embed({&crops[i], 1}, &single[i * 128]);
    CHECK(std::memcmp(batched.data(), single.data(), batched.size() * sizeof(float)) == 0);
  }
}

TEST(person_detectors_agree_on_a_clear_frame) {
  NEED_EVAL("models/yolox-nano.onnx");
  const auto frames = clipFrames(evalFile("media/one-by-one-person-detection.mp4"), 0, 1, 1, 768, 432, ColorMatrix::bt601);
  (void)frames;
}

TEST_MAIN()
