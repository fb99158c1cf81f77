// Who is who: which crops to embed, which identity a track has, and which identities are the same person after the run.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/results.h"

namespace framepath::track {

enum class ReidMode : uint8_t { conditional, always, off };

struct IdentityOptions {
  ReidMode mode = ReidMode::conditional;
  double fps = 30;
  // How prints are compared: L2 distance of raw prints (dlib-style, same person below about 0.58) or cosine similarity
  // of normalised ones (ArcFace-style, same person above about 0.5).
  std::string metric = "l2";
  double threshold = 0.58;
  int32_t maxPrintsPerIdentity = 24;
};

// Chooses crops from the tracker's marks and its own counts only (feed-forward: never from what the gallery found).
// Stateful, one per source.
class CropSelector {
 public:
  virtual ~CropSelector() = default;
  virtual Crops select(const Tracks& tracks, const Detections& detections, int32_t frameWidth, int32_t frameHeight,
                       int64_t ptsUs) = 0;
};
std::unique_ptr<CropSelector> makeCropSelector(const IdentityOptions& options);

// Everything known about people over all sources of a run: the galleries, the spans, the best shots, the relinking.
// Thread-safe: galleries of different sources work side by side.
class Identities;

struct GalleryCounts {
  int64_t detections = 0;  // boxes of tracks seen
  int64_t extracted = 0;   // crops embedded
  int64_t changed = 0;     // tracks given another identity by appearance
};

// Stateful, one per source. Ids are unique over all sources of the run.
class Gallery {
 public:
  virtual ~Gallery() = default;
  virtual People update(const Tracks& tracks, const Crops& crops, const Prints& prints, int64_t frameIndex,
                        int64_t ptsUs) = 0;
  virtual GalleryCounts counts() const = 0;
};

// One row of a track: for the timeline and MOT output.
struct TrackRow {
  int64_t frameIndex;
  int64_t ptsUs;
  Box box;
  float score;
  int32_t onlineId;
  bool interpolated = false;
};

struct SubId {
  int32_t source;  // position in the run's list of sources
  int64_t track;
};
struct Span {
  int32_t source;
  int64_t startUs, endUs;
};
struct BestShot {
  int32_t source = -1;
  int64_t track = 0;
  int64_t ptsUs = 0;
  Box box;
  float score = 0;
  float quality = 0;
};
struct Identity {
  int32_t id = 0;  // final
  std::vector<SubId> subIds;
  std::vector<Span> spans;
  int64_t frames = 0;
  BestShot best;
};
struct FinalRow {
  int32_t source;
  int32_t id;  // final
  int64_t track;
  TrackRow row;
};
struct RelinkResult {
  std::vector<Identity> identities;                 // by id
  std::vector<std::pair<int32_t, int32_t>> merged;  // online id -> final id, where they differ
};

struct RelinkOptions {
  std::vector<std::vector<int32_t>> sameScene;  // groups of sources that show the same scene: coexistence is allowed
  int64_t interpolateUs = 1'000'000;            // gaps up to this are filled in `rows`; 0 = none
  int64_t minFrames = 3;                        // shorter identities without a print are left out
};

class Identities {
 public:
  virtual ~Identities() = default;
  virtual std::unique_ptr<Gallery> openGallery(int32_t source) = 0;
  // Merges tracks and online identities over sources into final identities: never two that coexist in one source.
  virtual RelinkResult relink(const RelinkOptions& options) = 0;
  // After relink: every row with its final id, by source and frame, gaps filled.
  virtual std::vector<FinalRow> rows() const = 0;
  // A memory bank across runs: identities with their prints.
  virtual std::vector<uint8_t> save() const = 0;
  virtual void load(const std::vector<uint8_t>& bytes) = 0;  // throws INVALID_ARGUMENT
};
std::shared_ptr<Identities> makeIdentities(const IdentityOptions& options);

}  // namespace framepath::track
