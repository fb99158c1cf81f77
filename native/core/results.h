// Results of modules for a frame. Struct of arrays; coordinates are pixels of the source frame (x1, y1, x2, y2).
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "generated/core_enums.h"

namespace framepath {

class Frame;

struct Box {
  float x1 = 0, y1 = 0, x2 = 0, y2 = 0;
  float width() const { return x2 - x1; }
  float height() const { return y2 - y1; }
  float area() const { return width() > 0 && height() > 0 ? width() * height() : 0; }
};

float intersectionOverUnion(const Box& a, const Box& b);
Box wholeFrame(const Frame& frame);

// n detections, best score first.
struct Detections {
  std::vector<Box> boxes;
  std::vector<float> scores;
  std::vector<int32_t> classes;
  int32_t keypointsPer = 0;           // keypoints of one detection; 0 = none
  std::vector<float> keypoints;       // n x keypointsPer x 2: x, y
  std::vector<float> keypointScores;  // n x keypointsPer, or empty where the model gives none
  // COCO RLE (counts as text), empty or n; each covers maskWidth x maskHeight pixels: the frame.
  std::vector<std::string> masks;
  int32_t maskWidth = 0, maskHeight = 0;
  size_t size() const { return boxes.size(); }
};

// One track seen in this frame. `track` is unique in its source and never changes.
struct Track {
  int64_t track = 0;
  int32_t detection = -1;  // index into the Detections this came from; -1 = predicted only
  Box box;
  float score = 0;
  uint8_t marks = 0;  // of TrackMark: what the tracker noticed in this frame; crop selection reads it
};
struct Tracks {
  std::vector<Track> items;
};

// A crop chosen for embedding.
struct Crop {
  int64_t track = 0;
  int32_t detection = -1;
  Box box;
  float quality = 0;             // 0..1: size, score, visibility, pose
  std::vector<float> keypoints;  // x, y pairs in frame pixels, empty when the detector has none
};
struct Crops {
  std::vector<Crop> items;
};

// Embeddings of Crops, same order. rows x dims, as the model gives them (not normalised).
struct Embeddings {
  int32_t dims = 0;
  std::vector<float> values;
  size_t size() const { return dims ? values.size() / dims : 0; }
};

struct Person {
  int64_t track = 0;
  int32_t id = 0;  // identity as known now; 0 = not settled yet
  Box box;
  float score = 0;
  int32_t detection = -1;
};
struct People {
  std::vector<Person> items;
};

// The best classes of one picture, or of one row per crop, best first.
struct Classes {
  int32_t rows = 0;
  int32_t topK = 0;
  std::vector<int32_t> indices;  // rows x topK
  std::vector<float> scores;
};

// Probabilities of all classes: rows x classes.
struct ClassScores {
  int32_t classes = 0;
  std::vector<float> values;
  size_t rows() const { return classes > 0 ? values.size() / static_cast<size_t>(classes) : 0; }
};

// The best classes of each box of another module, in its order.
struct BoxClasses {
  struct Item {
    Box box;
    int64_t track = 0;  // 0 = its module gives none
    Classes classes;    // one row, or none: the box is too small, or was not looked at yet
  };
  std::vector<Item> items;
};

// Adds the `topK` best of one row as a row of `to`; of equals the first comes first.
void addBestClasses(const float* scores, int32_t count, int32_t topK, Classes& to);

struct RawTensor {
  std::string name;
  std::vector<int64_t> dims;
  std::vector<float> values;
};

}  // namespace framepath
