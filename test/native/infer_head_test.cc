// Heads read outputs written by hand, so that every number is known.
#include <cmath>

#include "check.h"
#include "core/error.h"
#include "infer/spec.h"
#include "infer_heads.h"

using namespace framepath;
using infer::HeadKind;
using infer::ModelSpec;
using support::Outputs;

namespace {

ModelSpec specOf(HeadKind head, int32_t side) {
  ModelSpec spec;
  spec.head = head;
  spec.width = spec.height = side;
  spec.scoreThreshold = 0.5f;
  return spec;
}

void checkBox(const Box& box, double x1, double y1, double x2, double y2) {
  CHECK_NEAR(box.x1, x1, 1e-3);
  CHECK_NEAR(box.y1, y1, 1e-3);
  CHECK_NEAR(box.x2, x2, 1e-3);
  CHECK_NEAR(box.y2, y2, 1e-3);
}

}  // namespace

TEST(blazeface_boxes_hang_on_their_anchors) {
  Outputs outputs;  // batch of two, in an order of its own
  outputs.add("b", {2, 384, 16});
  outputs.add("s", {2, 512, 1});
  outputs.add("t", {2, 384, 1});
  outputs.add("a", {2, 512, 16});
  for (float& v : outputs.values[1]) v = -10;
  for (float& v : outputs.values[2]) v = -10;
  // Second picture: anchor 1 of cell (3, 2) of the fine grid, centre (56, 40).
  const int anchor = (2 * 16 + 3) * 2 + 1;
  outputs.values[1][512 + anchor] = 2;
  float* v = &outputs.values[3][(512 + anchor) * 16];
  v[0] = 4, v[1] = -2, v[2] = 20, v[3] = 30, v[4] = -5, v[5] = 6;
  // And anchor 5 of cell (7, 0) of the coarse grid, centre (240, 16).
  outputs.values[2][384 + 47] = 1;
  outputs.values[0][(384 + 47) * 16 + 2] = 8;
  outputs.values[0][(384 + 47) * 16 + 3] = 8;
  const ModelSpec spec = specOf(HeadKind::blazeface, 256);
  CHECK_EQUAL(outputs.decode(spec, 0).size(), size_t{0});
  const Detections found = outputs.decode(spec, 1);
  CHECK_EQUAL(found.size(), size_t{2});
  CHECK_NEAR(found.scores[0], 1 / (1 + std::exp(-2.0)), 1e-6);
  checkBox(found.boxes[0], 50, 23, 70, 53);
  CHECK_EQUAL(found.keypointsPer, 6);
  CHECK_NEAR(found.keypoints[0], 51, 1e-4);
  CHECK_NEAR(found.keypoints[1], 46, 1e-4);
  checkBox(found.boxes[1], 236, 12, 244, 20);
}

TEST(yunet_boxes_are_in_strides_of_their_cell) {
  Outputs outputs;
  for (const char* kind : {"cls_", "obj_", "bbox_", "kps_"})
    for (const int stride : {8, 16, 32})
      outputs.add(kind + std::to_string(stride), {1, (64 / stride) * (64 / stride),
                                                  kind[0] == 'b'   ? 4
                                                  : kind[0] == 'k' ? 10
                                                                   : 1});
  outputs.values[1][6] = 0.81f;  // stride 16, cell (2, 1)
  outputs.values[4][6] = 1.0f;
  float* box = &outputs.values[7][6 * 4];
  box[0] = 0.5f, box[1] = 0.25f, box[2] = 0, box[3] = std::log(2.0f);
  outputs.values[10][6 * 10 + 8] = 1;
  const Detections found = outputs.decode(specOf(HeadKind::yunet, 64));
  CHECK_EQUAL(found.size(), size_t{1});
  CHECK_NEAR(found.scores[0], 0.9, 1e-6);
  checkBox(found.boxes[0], 32, 4, 48, 36);
  CHECK_NEAR(found.keypoints[8], 48, 1e-4);
  CHECK_NEAR(found.keypoints[9], 16, 1e-4);
}

TEST(yolox_rows_follow_the_grid) {
  Outputs outputs;
  outputs.add("o", {1, 16 + 4 + 1, 7});
  float* row = &outputs.values[0][18 * 7];  // stride 16, cell (0, 1)
  row[0] = 0.5f, row[1] = 0.5f, row[2] = std::log(0.5f), row[3] = 0, row[4] = 0.9f, row[5] = 0.1f, row[6] = 0.8f;
  const Detections found = outputs.decode(specOf(HeadKind::yolox, 32));
  CHECK_EQUAL(found.size(), size_t{1});
  CHECK_EQUAL(found.classes[0], 1);
  CHECK_NEAR(found.scores[0], 0.72, 1e-6);
  checkBox(found.boxes[0], 4, 16, 12, 32);
}

TEST(yolov5_rows_and_yolov8_columns_give_the_same_boxes) {
  Outputs rows, columns;
  rows.add("o", {1, 63, 7});
  columns.add("o", {1, 6, 21});
  const auto put = [&](int at, float x, float y, float w, float h, float a, float b) {
    const float v[6] = {x, y, w, h, a, b};
    for (int k = 0; k < 6; k++) columns.values[0][k * 21 + at] = v[k];
    for (int k = 0; k < 4; k++) rows.values[0][at * 7 + k] = v[k];
    rows.values[0][at * 7 + 4] = 1;
    rows.values[0][at * 7 + 5] = a;
    rows.values[0][at * 7 + 6] = b;
  };
  put(2, 10, 12, 8, 6, 0.6f, 0.1f);
  put(9, 10, 12, 8, 7, 0.7f, 0.1f);   // hides the one before it
  put(12, 10, 12, 8, 6, 0.1f, 0.9f);  // another class in the same place stays
  for (const Outputs* outputs : {&rows, &columns}) {
    const Detections found = outputs->decode(specOf(HeadKind::yolo, 32));
    CHECK_EQUAL(found.size(), size_t{2});
    CHECK_EQUAL(found.classes[0], 1);
    CHECK_EQUAL(found.scores[1], 0.7f);
    checkBox(found.boxes[0], 6, 9, 14, 15);
    checkBox(found.boxes[1], 6, 8.5, 14, 15.5);
  }
}

TEST(yolo_pose_keypoints_come_along) {
  Outputs outputs;
  outputs.add("o", {1, 5 + 17 * 3, 84});
  const auto put = [&](int row, float value) { outputs.values[0][row * 84 + 40] = value; };
  put(0, 30), put(1, 30), put(2, 10), put(3, 20), put(4, 0.8f), put(5 + 3 * 16, 33), put(6 + 3 * 16, 44);
  ModelSpec spec = specOf(HeadKind::yolo, 64);
  spec.labels = {"person"};
  const Detections found = outputs.decode(spec);
  CHECK_EQUAL(found.size(), size_t{1});
  CHECK_EQUAL(found.keypointsPer, 17);
  CHECK_EQUAL(found.keypoints[32], 33.0f);
  CHECK_EQUAL(found.keypoints[33], 44.0f);
}

TEST(end_to_end_rows_are_taken_as_they_are) {
  Outputs outputs;
  outputs.add("o", {1, 4, 6});
  const float rows[4][6] = {
      {1, 2, 3, 4, 0.6f, 7}, {1, 2, 3, 4, 0.9f, 7}, {1, 2, 3, 4, 0.4f, 7}, {1, 2, 3, 4, 0.8f, NAN}};
  std::memcpy(outputs.values[0].data(), rows, sizeof(rows));
  const Detections found = outputs.decode(specOf(HeadKind::yoloEnd2end, 32));
  CHECK((found.scores == std::vector<float>{0.9f, 0.6f}));
  CHECK((found.classes == std::vector<int32_t>{7, 7}));
}

TEST(numbers_that_are_not_numbers_find_nothing) {
  Outputs yolo, blazeface;
  yolo.add("o", {1, 6, 21});
  blazeface.add("a", {1, 512, 1});
  blazeface.add("b", {1, 384, 1});
  blazeface.add("c", {1, 512, 16});
  blazeface.add("d", {1, 384, 16});
  for (Outputs* outputs : {&yolo, &blazeface})
    for (std::vector<float>& values : outputs->values)
      for (float& v : values) v = NAN;
  CHECK_EQUAL(yolo.decode(specOf(HeadKind::yolo, 32)).size(), size_t{0});
  CHECK_EQUAL(blazeface.decode(specOf(HeadKind::blazeface, 256)).size(), size_t{0});
}

TEST(outputs_that_do_not_fit_are_refused) {
  Outputs outputs;
  outputs.add("o", {1, 10, 5});
  for (const HeadKind head :
       {HeadKind::blazeface, HeadKind::yunet, HeadKind::yolox, HeadKind::yoloEnd2end, HeadKind::yolo})
    CHECK_ERROR(infer::openHead(specOf(head, 32), outputs.graph), MODEL_UNSUPPORTED);
  CHECK_ERROR(infer::openHead(specOf(HeadKind::embedding, 32), outputs.graph), MODEL_UNSUPPORTED);
}

TEST_MAIN()
