// Who is who: which crops to embed, which identity a track has, and which identities are the same person after the run.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/results.h"
#include "core/stop.h"
#include "generated/track_enums.h"
#include "track/embedding_set.h"

namespace framepath::track {

inline constexpr int64_t kFillUs = 1'000'000;  // gaps in a person's rows up to this are filled

struct IdentityOptions {
  ReidMode mode = ReidMode::conditional;
  double fps = 30;
  // How embeddings are compared: L2 distance of raw ones (dlib-style, same person below about 0.58) or cosine
  // similarity of normalised ones (ArcFace-style, same person above about 0.5).
  std::string metric = "l2";
  double threshold = 0.58;
  int32_t maxEmbeddingsPerIdentity = 24;
};

// What a source keeps in memory, however long it runs (docs/performance.md). Tests set smaller limits.
struct IdentityLimits {
  size_t segments = 2048;           // that wait for their identity; the oldest are settled as known then
  size_t segmentEmbeddings = 1024;  // embeddings of those segments, with the same consequence
  size_t full = 256;                // identities with all their embeddings: those seen last
  size_t known = 4096;              // identities with embeddings at all; of the others only times are kept
  int32_t thin = 4;                 // embeddings of those in between
};

// Rows for MOT files. They lie in an unlinked temporary file a source: in `folder`, else where temporary files go.
struct RowOptions {
  bool keep = false;
  std::string folder;
  std::function<void(const Error&)> lost;  // a source's rows are kept no longer; once a source, from its thread
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
  int64_t thinned = 0;     // identities that keep a few of their embeddings, because there are many
  int64_t forgotten = 0;   // identities that lost all of them: seen again, they are somebody new
};

// Stateful, one per source. Ids are unique over all sources of the run.
class Gallery {
 public:
  virtual ~Gallery() = default;
  virtual People update(const Tracks& tracks, const Crops& crops, const Embeddings& embeddings, int64_t frameIndex,
                        int64_t ptsUs) = 0;
  virtual GalleryCounts counts() const = 0;
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

// Rows of a track with their final id, by the ordinals of the source's frames.
struct FinalStretch {
  int32_t source;
  int32_t id;
  int64_t track;
  int64_t first, last;
};
struct RelinkResult {
  std::vector<Identity> identities;                 // by id
  std::vector<std::pair<int32_t, int32_t>> merged;  // online id -> final id, where they differ
  std::map<int32_t, EmbeddingSet> embeddings;       // by final id
  std::vector<FinalStretch> stretches;              // by source and first
  bool complete = true;                             // false: it was stopped, and some who are one person still are two
};
using RelinkRef = std::shared_ptr<const RelinkResult>;

struct RelinkOptions {
  std::vector<std::vector<int32_t>> sameScene;  // groups of sources that show the same scene: coexistence is allowed
  int64_t minFrames = 3;                        // shorter identities without an embedding are left out
  StopRef stop;                                 // ends merging early; may be null
};

// A row of a person, for MOT files.
struct FinalRow {
  int32_t source;
  int32_t id;  // final
  int64_t track;
  int64_t frameIndex;
  int64_t ptsUs;
  Box box;
  float score;
  bool interpolated = false;
};

// The rows of a source, frame by frame, gaps up to kFillUs filled at the frames that were looked at.
class FinalRows {
 public:
  virtual ~FinalRows() = default;
  // The rows of the next frame, by id, at most one of an identity; false: there are no more. Throws OUTPUT_DISK_FULL,
  // OUTPUT_FAILED when rows were lost.
  virtual bool next(std::vector<FinalRow>& rows) = 0;
};

class Identities {
 public:
  virtual ~Identities() = default;
  virtual std::unique_ptr<Gallery> openGallery(int32_t source) = 0;
  // Merges tracks and online identities over sources into final identities: never two that coexist in one source. The
  // same result again while nothing new was seen; who asks meanwhile waits for it.
  virtual RelinkRef relink(const RelinkOptions& options) = 0;
  // Throws INVALID_ARGUMENT when rows are not kept.
  virtual std::unique_ptr<FinalRows> rows(int32_t source, RelinkRef linked) const = 0;
  // A memory bank across runs: identities with their embeddings.
  virtual std::vector<uint8_t> save(const RelinkResult& linked) const = 0;
  virtual void load(const std::vector<uint8_t>& bytes) = 0;  // throws INVALID_ARGUMENT
};
std::shared_ptr<Identities> makeIdentities(const IdentityOptions& options, const RowOptions& rows = {},
                                           const IdentityLimits& limits = {});

}  // namespace framepath::track
