// What modules say about a frame. Struct of arrays; coordinates are pixels of the source frame (x1, y1, x2, y2).
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace framepath {

struct Box {
  float x1 = 0, y1 = 0, x2 = 0, y2 = 0;
  float width() const { return x2 - x1; }
  float height() const { return y2 - y1; }
  float area() const { return width() > 0 && height() > 0 ? width() * height() : 0; }
};

float intersectionOverUnion(const Box& a, const Box& b);

// n detections, best score first.
struct Detections {
  std::vector<Box> boxes;
  std::vector<float> scores;
  std::vector<int32_t> classes;
  int32_t keypointsPer = 0;        // keypoints of one detection; 0 = none
  std::vector<float> keypoints;    // n x keypointsPer x 2: x, y
  std::vector<std::string> masks;  // COCO RLE, empty or n
  size_t size() const { return boxes.size(); }
};

// What the tracker noticed about a track in this frame; crop selection reads it.
enum TrackMark : uint8_t {
  kTrackNew = 1,
  kTrackRecovered = 2,    // found again after being lost
  kTrackOverlapping = 4,  // touches another track
  kTrackSeparated = 8,    // was overlapping, no longer is
  kTrackReshaped = 16,    // aspect or size jumped
  kTrackOccluded = 32,    // mostly behind another track
};

// One track seen in this frame. `track` is unique in its source and never changes.
struct Track {
  int64_t track = 0;
  int32_t detection = -1;  // index into the Detections this came from; -1 = predicted only
  Box box;
  float score = 0;
  uint8_t marks = 0;
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
struct Prints {
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

// Class scores of one picture or of one row per detection.
struct Classes {
  int32_t rows = 0;
  int32_t topK = 0;
  std::vector<int32_t> indices;  // rows x topK
  std::vector<float> scores;
};

struct RawTensor {
  std::string name;
  std::vector<int64_t> dims;
  std::vector<float> values;
};

}  // namespace framepath
