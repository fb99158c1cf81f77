// identify = crop selection > embedding > gallery, all feed-forward.
#include <algorithm>

#include "core/error.h"
#include "graph/by_source.h"
#include "graph/native_modules.h"
#include "infer/embedder.h"

namespace framepath::graph {
namespace {

template <typename T>
const T& orEmpty(const T* value) {
  static const T empty{};
  return value ? *value : empty;
}

class SelectWorker : public Worker {
 public:
  SelectWorker(track::IdentityOptions options, int32_t tracks, int32_t detections, FactsOf facts)
      : options_(std::move(options)), tracks_(tracks), detections_(detections), facts_(std::move(facts)) {}
  void run(std::span<const TaskRef> tasks, std::span<Observation> results) override {
    const Task& task = *tasks[0];
    auto& selector = sources_.at(task.source);
    if (!selector) {
      track::IdentityOptions options = options_;
      options.fps = facts_(task.source).fps;
      selector = track::makeCropSelector(options);
    }
    const bool seen =
        task.observations[tracks_].state == ObservationState::value;  // carried boxes are not where people are
    results[0] = observe(seen ? selector->select(orEmpty(task.observations[tracks_].as<Tracks>()),
                                                 orEmpty(task.observations[detections_].as<Detections>()), task.width,
                                                 task.height, task.ptsUs)
                              : Crops{});
  }
  void onSourceEnded(int32_t source) override { sources_.erase(source); }

 private:
  const track::IdentityOptions options_;
  const int32_t tracks_, detections_;
  const FactsOf facts_;
  BySource<std::unique_ptr<track::CropSelector>> sources_;
};

class EmbedWorker : public Worker {
 public:
  EmbedWorker(std::shared_ptr<infer::Model> model, int32_t crops, int32_t detections)
      : embedder_(infer::openEmbedder(std::move(model))), crops_(crops), detections_(detections) {}
  void run(std::span<const TaskRef> tasks, std::span<Observation> results) override {
    std::vector<infer::CropRequest> requests;
    for (const TaskRef& task : tasks) {
      const auto* detections = task->observations[detections_].as<Detections>();
      for (const Crop& crop : orEmpty(task->observations[crops_].as<Crops>()).items)
        requests.push_back({task->frame(), crop.box, crop.keypoints, detections ? detections->keypointsPer : 0});
    }
    const auto dims = static_cast<size_t>(embedder_->dims());
    std::vector<float> values(requests.size() * dims);
    embedder_->embed(requests, values.data());
    const float* row = values.data();
    for (size_t i = 0; i < tasks.size(); i++) {
      const size_t count = orEmpty(tasks[i]->observations[crops_].as<Crops>()).items.size();
      Embeddings embeddings;
      embeddings.dims = static_cast<int32_t>(dims);
      embeddings.values.assign(row, row + count * dims);
      row += count * dims;
      results[i] = observe(std::move(embeddings));
    }
  }

 private:
  std::unique_ptr<infer::Embedder> embedder_;
  const int32_t crops_, detections_;
};

class GalleryWorker : public Worker {
 public:
  GalleryWorker(IdentityState state, int32_t tracks, int32_t crops, int32_t embeddings)
      : state_(std::move(state)), tracks_(tracks), crops_(crops), embeddings_(embeddings) {}
  void run(std::span<const TaskRef> tasks, std::span<Observation> results) override {
    const Task& task = *tasks[0];
    PerSource& source = sources_.at(task.source);
    if (!source.gallery) source.gallery = state_.identities->openGallery(task.source);
    if (task.observations[tracks_].state != ObservationState::value) {
      results[0] = source.last.state == ObservationState::pending ? Observation::nothing(Reason::dependency)
                                                                  : source.last.carriedOn();
      return;
    }
    // An embedding that failed under 'skip' leaves its crops out.
    const auto* embeddings = embeddings_ < 0 ? nullptr : task.observations[embeddings_].as<Embeddings>();
    static const Crops none;
    const Crops& crops = embeddings ? orEmpty(task.observations[crops_].as<Crops>()) : none;
    source.last = observe(source.gallery->update(orEmpty(task.observations[tracks_].as<Tracks>()), crops,
                                                 orEmpty(embeddings), task.index, task.ptsUs),
                          task.id);
    state_.totals->set(task.source, source.gallery->counts());
    results[0] = source.last;
  }
  void onSourceEnded(int32_t source) override { sources_.erase(source); }

 private:
  struct PerSource {
    std::unique_ptr<track::Gallery> gallery;
    Observation last;
  };
  IdentityState state_;
  const int32_t tracks_, crops_, embeddings_;
  BySource<PerSource> sources_;
};

}  // namespace

std::vector<ModuleNode> identifyNodes(const ModuleSpec& spec, const std::string& detectionsName, int32_t tracks,
                                      int32_t detections, int32_t first, std::shared_ptr<infer::Model> model,
                                      IdentityState state, FactsOf facts) {
  if (spec.policy.stride != 1 || spec.policy.onError == OnError::fallback) {
    Error error(
        ErrorCode::GRAPH_INVALID,
        "identify(\"" + spec.name + "\") takes neither a stride nor a fallback: every track needs its identity.",
        "Put the stride on the detector, or use reid: 'off'.");
    error.module = spec.name;
    throw error;
  }
  const bool embeds = model != nullptr;
  ModuleNode select;
  select.name = spec.name + ".select";
  select.depends = {spec.of, detectionsName};
  select.stateful = select.acceptsNothing = select.internal = true;
  select.openWorker = [options = spec.identity, tracks, detections, facts] {
    return std::make_unique<SelectWorker>(options, tracks, detections, facts);
  };

  ModuleNode embed;
  embed.name = spec.name + ".embed";
  embed.depends = {select.name, detectionsName};
  embed.pixels = embed.internal = embed.acceptsNothing = true;
  embed.policy = spec.policy;
  embed.workers = std::max(1, spec.workers);
  embed.openWorker = [model, first, detections] { return std::make_unique<EmbedWorker>(model, first, detections); };
  embed.passes = [first](const Task& task, Observation& result) {  // nothing chosen: nothing to wait for
    if (!orEmpty(task.observations[first].as<Crops>()).items.empty()) return false;
    result = observe(Embeddings{});
    return true;
  };

  ModuleNode gallery;
  gallery.name = spec.name;
  gallery.depends = {spec.of, select.name};
  if (embeds) gallery.depends.push_back(embed.name);
  gallery.stateful = gallery.acceptsNothing = true;
  const int32_t embeddings = embeds ? first + 1 : -1;
  gallery.openWorker = [state, tracks, first, embeddings] {
    return std::make_unique<GalleryWorker>(state, tracks, first, embeddings);
  };

  std::vector<ModuleNode> nodes{std::move(select)};
  if (embeds) nodes.push_back(std::move(embed));
  nodes.push_back(std::move(gallery));
  return nodes;
}

}  // namespace framepath::graph
