// Inference on real models and clips (FRAMEPATH_EVAL_DATA) through a real ONNX Runtime (FRAMEPATH_ORT_LIBRARY).
#include <algorithm>
#include <cmath>
#include <map>

#include "check.h"
#include "core/error.h"
#include "infer/detector.h"
#include "infer/embedder.h"
#include "infer_support.h"
#include "run_lengths_reference.h"

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
      for (const MotRow& row :
           motRows(evalFile("synth/" + clip + "/det/blazeface-back-256.txt"), static_cast<int>(i) * kStep + 1)) {
        if (row.score < 0.55) continue;  // at the threshold itself a rounding decides
        expected++;
        const float overlap = bestOverlap(row.box, ours.boxes);
        sum += overlap;
        worst = std::min<double>(worst, overlap);
        if (overlap > 0.9f) matched++;
        for (size_t k = 0; k < ours.size(); k++)
          if (intersectionOverUnion(ours.boxes[k], row.box) > 0.9f)
            scoreError = std::max(scoreError, std::fabs(ours.scores[k] - row.score));
      }
    }
  }
  std::printf("  %d of %d reference boxes at IoU > 0.9 (mean %.4f, worst %.4f), score within %.3f, %d found\n", matched,
              expected, sum / expected, worst, scoreError, found);
  // The reference kept the best box of each group; ours is the group's weighted mean, which moves some by a few
  // percent.
  CHECK(expected > 80);
  CHECK(matched >= expected * 19 / 20);
  CHECK(worst > 0.8);
  CHECK(sum / expected > 0.95);
  CHECK(scoreError < 0.02);
  CHECK(found <= expected + 5);
}

TEST(same_person_is_nearer_than_another) {
  NEED_EVAL(kBlazeface);
  const auto detector = infer::openDetector(load(evalFile(kBlazeface)));
  const auto embedder = infer::openEmbedder(load(evalFile(kFaces), faceSpec()));
  CHECK_EQUAL(embedder->dims(), 128);
  std::vector<std::pair<int, std::vector<float>>> embeddings;  // id, embedding
  for (const std::string clip : {"easy_crossing", "leave_reenter"}) {
    constexpr int kStep = 25;
    const auto frames = clipFrames(evalFile("synth/" + clip + ".mp4"), 0, kStep, 12, 1280, 720, ColorMatrix::bt601);
    for (size_t i = 0; i < frames.size(); i++) {
      const Detections found = detectOne(*detector, frames[i]);
      std::vector<infer::CropRequest> crops;
      std::vector<int> ids;
      for (const MotRow& row :
           motRows(evalFile("synth/" + clip + "/gt/gt_full.txt"), static_cast<int>(i) * kStep + 1)) {
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
      for (size_t k = 0; k < ids.size(); k++)
        embeddings.push_back({ids[k], {&values[k * 128], &values[k * 128] + 128}});
    }
  }
  std::vector<double> same, other;
  for (size_t i = 0; i < embeddings.size(); i++) {
    for (size_t j = i + 1; j < embeddings.size(); j++) {
      if (embeddings[i].first / 100 != embeddings[j].first / 100) continue;  // identities are only known within a clip
      double sum = 0;
      for (int k = 0; k < 128; k++) sum += std::pow(double{embeddings[i].second[k]} - embeddings[j].second[k], 2);
      (embeddings[i].first == embeddings[j].first ? same : other).push_back(std::sqrt(sum));
    }
  }
  std::sort(same.begin(), same.end());
  std::sort(other.begin(), other.end());
  const auto at = [](const std::vector<double>& v, double q) { return v[static_cast<size_t>(q * (v.size() - 1))]; };
  std::printf("  %zu embeddings; same person L2 median %.3f p95 %.3f max %.3f; others min %.3f p5 %.3f median %.3f\n",
              embeddings.size(), at(same, .5), at(same, .95), same.back(), other.front(), at(other, .05),
              at(other, .5));
  CHECK(embeddings.size() > 60);
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
      crops.push_back(
          {frames[i], together[i].boxes[k], {&together[i].keypoints[k * 12], &together[i].keypoints[k * 12] + 12}, 6});
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

TEST(detectors_of_every_head_find_the_same_person) {
  NEED_EVAL("models/yolox-nano.onnx");
  infer::StatedSpec centernet;
  centernet.scale = {1};
  centernet.resize = "letterbox-top-left";
  centernet.scoreThreshold = 0.35;
  struct Contender {
    const char* file;
    infer::StatedSpec stated;
    infer::HeadKind head;
  };
  const std::vector<Contender> contenders = {
      {"yolox-nano", {}, infer::HeadKind::yolox},
      {"yolov8n-int8", {}, infer::HeadKind::yolo},
      {"yolo11n-seg-int8", {}, infer::HeadKind::yolo},
      {"yolo26n-int8", {}, infer::HeadKind::yoloEnd2end},
      {"human-centernet-512", centernet, infer::HeadKind::yoloEnd2end},
      {"nanodet-m-320", {}, infer::HeadKind::nanodet},
  };
  const auto frames =
      clipFrames(evalFile("media/one-by-one-person-detection.mp4"), 120, 180, 4, 768, 432, ColorMatrix::bt601);
  CHECK_EQUAL(frames.size(), size_t{4});
  std::vector<std::vector<Box>> people(frames.size());
  for (const Contender& contender : contenders) {
    const auto model = load(evalFile("models/" + std::string(contender.file) + ".onnx"), contender.stated);
    CHECK_EQUAL(int(model->spec().head), int(contender.head));
    const auto detector = infer::openDetector(model);
    std::vector<Detections> found(frames.size());
    detector->detect(frames, found);
    for (size_t i = 0; i < frames.size(); i++) {
      const auto person = std::find(found[i].classes.begin(), found[i].classes.end(), 0);
      if (person == found[i].classes.end()) {
        std::printf("  %-20s %zu: nobody of %zu things\n", contender.file, i, found[i].size());
        people[i].push_back({});
        continue;
      }
      const auto at = static_cast<size_t>(person - found[i].classes.begin());
      const Box& box = found[i].boxes[at];
      std::printf("  %-20s %zu: %.2f [%.0f %.0f %.0f %.0f] of %zu\n", contender.file, i, found[i].scores[at], box.x1,
                  box.y1, box.x2, box.y2, found[i].size());
      people[i].push_back(box);
    }
  }
  constexpr size_t kEmpty = 2;  // nobody is in this picture
  for (size_t i = 0; i < people.size(); i++)
    for (const Box& a : people[i])
      for (const Box& b : people[i]) CHECK(i == kEmpty ? a.area() == 0 : intersectionOverUnion(a, b) > 0.6f);
}

TEST(yunet_and_blazeface_agree_on_faces) {
  NEED_EVAL("models/yunet-n-dynamic.onnx");
  const auto yunet = load(evalFile("models/yunet-n-dynamic.onnx"), {}, 4);
  CHECK_EQUAL(int(yunet->spec().head), int(infer::HeadKind::yunet));
  CHECK_EQUAL(yunet->spec().width, 640);
  const auto detector = infer::openDetector(yunet);
  std::printf("  batch chosen of 4: %d\n", yunet->batch());
  const auto frames = clipFrames(evalFile("synth/easy_crossing.mp4"), 0, 40, 7, 1280, 720, ColorMatrix::bt601);
  std::vector<Detections> found(frames.size());
  detector->detect(frames, found);
  int expected = 0, matched = 0;
  for (size_t i = 0; i < frames.size(); i++) {
    CHECK(sameDetections(found[i], detectOne(*detector, frames[i])));
    CHECK_EQUAL(found[i].keypointsPer, 5);
    for (const MotRow& row :
         motRows(evalFile("synth/easy_crossing/det/yunet-n-640.txt"), static_cast<int>(i) * 40 + 1)) {
      if (row.score < 0.65) continue;
      expected++;
      matched += bestOverlap(row.box, found[i].boxes) > 0.9f;
    }
  }
  std::printf("  %d of %d reference boxes at IoU > 0.9\n", matched, expected);
  CHECK(expected > 15);
  CHECK_EQUAL(matched, expected);
}

TEST(ultraface_and_scrfd_find_the_faces_that_yunet_finds) {
  NEED_EVAL("models/scrfd-500m-kps.onnx");
  const auto frames = clipFrames(evalFile("synth/easy_crossing.mp4"), 0, 40, 7, 1280, 720, ColorMatrix::bt601);
  const auto yunet = infer::openDetector(load(evalFile("models/yunet-n-dynamic.onnx")));
  std::vector<Detections> expected(frames.size());
  yunet->detect(frames, expected);
  for (const auto& [file, head] :
       {std::pair{"scrfd-500m-kps", infer::HeadKind::scrfd}, std::pair{"ulfg-rfb-320", infer::HeadKind::ultraface}}) {
    const auto model = load(evalFile("models/" + std::string(file) + ".onnx"));
    CHECK_EQUAL(int(model->spec().head), int(head));
    std::vector<Detections> found(frames.size());
    infer::openDetector(model)->detect(frames, found);
    int faces = 0, matched = 0, others = 0;
    double overlaps = 0, worstPoint = 0;
    for (size_t i = 0; i < frames.size(); i++) {
      for (size_t k = 0; k < expected[i].size(); k++) {
        if (expected[i].scores[k] < 0.8f) continue;
        faces++;
        const Box& box = expected[i].boxes[k];
        const float overlap = bestOverlap(box, found[i].boxes);
        matched += overlap > 0.5f;
        overlaps += overlap;
        for (size_t j = 0; j < found[i].size(); j++) {
          if (head != infer::HeadKind::scrfd || intersectionOverUnion(box, found[i].boxes[j]) < 0.5f) continue;
          for (size_t v = 0; v < 10; v++)
            worstPoint = std::max<double>(
                worstPoint,
                std::fabs(expected[i].keypoints[k * 10 + v] - found[i].keypoints[j * 10 + v]) / box.width());
        }
      }
      for (const Box& box : found[i].boxes) others += bestOverlap(box, expected[i].boxes) < 0.3f;
    }
    std::printf("  %s: %d of %d faces (mean IoU %.3f), %d others, keypoints within %.3f of a width\n", file, matched,
                faces, overlaps / faces, others, worstPoint);
    CHECK(faces > 15);
    CHECK(matched >= faces - 1);
    CHECK(overlaps / faces > 0.65);
    CHECK(others <= 1);
    CHECK(worstPoint < 0.2);
  }
}

TEST(movenet_finds_a_standing_person_from_head_to_feet) {
  NEED_EVAL("models/human-movenet-lightning-192.onnx");
  const auto model = load(evalFile("models/human-movenet-lightning-192.onnx"));
  CHECK_EQUAL(int(model->spec().head), int(infer::HeadKind::movenet));
  const auto frames =
      clipFrames(evalFile("media/one-by-one-person-detection.mp4"), 120, 1, 1, 768, 432, ColorMatrix::bt601);
  const Detections found = detectOne(*infer::openDetector(model), frames[0]);
  CHECK_EQUAL(found.size(), size_t{1});
  CHECK_EQUAL(found.keypointsPer, 17);
  CHECK_EQUAL(found.keypointScores.size(), size_t{17});
  const Box person{378, 15, 512, 395};  // the woman in grey
  std::printf("  score %.2f, box [%.0f %.0f %.0f %.0f]\n", found.scores[0], found.boxes[0].x1, found.boxes[0].y1,
              found.boxes[0].x2, found.boxes[0].y2);
  CHECK(intersectionOverUnion(found.boxes[0], person) > 0.4f);
  const auto y = [&](int k) { return found.keypoints[2 * k + 1]; };
  CHECK(y(0) < y(5) && y(5) < y(11) && y(11) < y(13) && y(13) < y(15));  // nose, shoulder, hip, knee, ankle
}

TEST(a_segmented_person_fills_much_of_the_box_and_little_json) {
  NEED_EVAL("models/yolo11n-seg-int8.onnx");
  const auto detector = infer::openDetector(load(evalFile("models/yolo11n-seg-int8.onnx")));
  const auto frames =
      clipFrames(evalFile("media/one-by-one-person-detection.mp4"), 120, 1, 1, 768, 432, ColorMatrix::bt601);
  const Detections found = detectOne(*detector, frames[0]);
  CHECK(found.size() > 0);
  CHECK_EQUAL(found.masks.size(), found.size());
  CHECK_EQUAL(found.maskWidth, 768);
  CHECK_EQUAL(found.maskHeight, 432);
  int people = 0;
  for (size_t i = 0; i < found.size(); i++) {
    if (found.classes[i] != 0) continue;
    people++;
    int64_t inside = 0, all = 0;
    const std::vector<int64_t> runs = runsOf(found.masks[i]);
    for (size_t run = 0; run < runs.size(); run++) {
      all += runs[run];
      inside += run % 2 ? runs[run] : 0;
    }
    const double part = static_cast<double>(inside) / found.boxes[i].area();
    std::printf("  person %.2f: %.0f %% of the box, %zu bytes\n", found.scores[i], 100 * part, found.masks[i].size());
    CHECK_EQUAL(all, int64_t{768} * 432);
    CHECK(part > 0.35 && part < 0.95);
    CHECK(found.masks[i].size() < 4000);
  }
  CHECK(people > 0);
}

TEST(unaligned_and_aligned_embedders_run_on_their_crops) {
  NEED_EVAL("models/person-reid-retail-0288.onnx");
  infer::StatedSpec stated;
  stated.head = "embedding";
  stated.color = "bgr";
  stated.scale = {1};
  const auto model = load(evalFile("models/person-reid-retail-0288.onnx"), stated, 8);
  CHECK_EQUAL(int(model->spec().layout), int(TensorLayout::nhwc));
  CHECK_EQUAL(model->spec().align, std::string("none"));
  CHECK_EQUAL(model->batch(), 1);
  const auto embedder = infer::openEmbedder(model);
  CHECK_EQUAL(embedder->dims(), 256);
  const auto frames =
      clipFrames(evalFile("media/one-by-one-person-detection.mp4"), 120, 60, 3, 768, 432, ColorMatrix::bt601);
  // The woman in grey, twice, then the man in black.
  const std::vector<infer::CropRequest> crops = {{frames[0], {378, 15, 512, 395}, {}, 0},
                                                 {frames[1], {378, 15, 512, 395}, {}, 0},
                                                 {frames[2], {340, 25, 495, 425}, {}, 0}};
  std::vector<float> embeddings(3 * 256);
  embedder->embed(crops, embeddings.data());
  const auto cosine = [&](int a, int b) {
    double dot = 0, na = 0, nb = 0;
    for (int k = 0; k < 256; k++) {
      const double x = embeddings[a * 256 + k], y = embeddings[b * 256 + k];
      dot += x * y, na += x * x, nb += y * y;
    }
    return dot / std::sqrt(na * nb);
  };
  std::printf("  cosine: same person %.3f, other %.3f\n", cosine(0, 1), cosine(0, 2));
  CHECK(cosine(0, 1) > 0.8);
  CHECK(cosine(0, 2) < cosine(0, 1) - 0.1);
}

TEST(classifiers_rank_classes) {
  NEED_EVAL("models/mobilenetv2-int8.onnx");
  infer::StatedSpec stated;
  stated.head = "classification";
  stated.resize = "center-crop";
  stated.mean = {123.675, 116.28, 103.53};
  stated.scale = {1 / 58.395, 1 / 57.12, 1 / 57.375};
  stated.topK = 3;
  const auto frames =
      clipFrames(evalFile("media/one-by-one-person-detection.mp4"), 120, 60, 2, 768, 432, ColorMatrix::bt601);
  const auto classifier = infer::openClassifier(load(evalFile("models/mobilenetv2-int8.onnx"), stated));
  const std::vector<infer::CropRequest> crops = {{frames[0], {0, 0, 768, 432}, {}, 0},
                                                 {frames[1], {330, 0, 550, 432}, {}, 0}};
  Classes classes;
  classifier->classify(crops, classes);
  CHECK_EQUAL(classes.rows, 2);
  CHECK_EQUAL(classes.topK, 3);
  CHECK_EQUAL(classes.indices.size(), size_t{6});
  for (int row = 0; row < 2; row++) {
    CHECK(std::is_sorted(classes.scores.rbegin() + row * 3, classes.scores.rbegin() + row * 3 + 3));
    std::printf("  classes %d %d %d (%.2f)\n", classes.indices[row * 3], classes.indices[row * 3 + 1],
                classes.indices[row * 3 + 2], classes.scores[row * 3]);
  }

  infer::StatedSpec emotion;
  emotion.head = "classification";
  emotion.scale = {1};
  emotion.labels = {"angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"};
  const auto faces = clipFrames(evalFile("synth/easy_crossing.mp4"), 0, 1, 1, 1280, 720, ColorMatrix::bt601);
  const auto model = load(evalFile("models/human-emotion-64.onnx"), emotion);
  CHECK_EQUAL(model->spec().channels, 1);
  const auto emotions = infer::openClassifier(model);
  const infer::CropRequest face{faces[0], {1110, 400, 1212, 502}, {}, 0};
  emotions->classify({&face, 1}, classes);
  CHECK_EQUAL(classes.topK, 5);
  CHECK(classes.scores[0] > 0.2f && classes.scores[0] <= 1.0f);
}

TEST(raw_outputs_are_those_of_the_model) {
  NEED_EVAL("models/human-movenet-lightning-192.onnx");
  infer::StatedSpec stated;
  stated.head = "raw";
  const auto model = load(evalFile("models/human-movenet-lightning-192.onnx"), stated);
  const auto frames =
      clipFrames(evalFile("media/one-by-one-person-detection.mp4"), 120, 1, 1, 768, 432, ColorMatrix::bt601);
  const std::vector<RawTensor> tensors = infer::openRawModel(model)->run(frames[0]);
  CHECK_EQUAL(tensors.size(), size_t{1});
  CHECK_EQUAL(tensors[0].name, std::string("keypoints"));
  CHECK((tensors[0].dims == std::vector<int64_t>{1, 1, 17, 3}));
  CHECK_EQUAL(tensors[0].values.size(), size_t{51});
  // Letterboxed 768x432 into 192x192: the shoulders (5, 6) of the woman at x 380..510 lie above her ankles (15, 16).
  const auto y = [&](int k) { return tensors[0].values[k * 3]; };
  CHECK(y(5) < y(15) && y(6) < y(16));
}

TEST_MAIN()
