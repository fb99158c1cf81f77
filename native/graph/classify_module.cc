// Classification of another module's boxes = choice of crops > class scores > smoothing, all feed-forward.
#include <algorithm>
#include <map>

#include "graph/by_source.h"
#include "graph/native_modules.h"
#include "graph/seen_boxes.h"
#include "infer/embedder.h"

namespace framepath::graph {
namespace {

// What is kept about the tracks of a source; those that ended are dropped.
template <typename T>
class PerTrack {
 public:
  // What is kept about a track that is seen now.
  T& at(int64_t track, int64_t seq) {
    Entry& entry = entries_[track];
    entry.seen = seq;
    return entry.value;
  }
  void dropBefore(int64_t seq) {
    if (seq < nextSweep_) return;
    nextSweep_ = seq + kDropAfter;
    std::erase_if(entries_, [&](const auto& entry) { return entry.second.seen < seq - kDropAfter; });
  }

 private:
  static constexpr int64_t kDropAfter = 1000;  // frames; trackers give a track up much sooner
  struct Entry {
    T value{};
    int64_t seen = 0;
  };
  std::map<int64_t, Entry> entries_;
  int64_t nextSweep_ = 0;
};

class ChooseWorker : public Worker {
 public:
  ChooseWorker(BoxClassesOptions options, int32_t boxes) : options_(options), boxes_(boxes) {}
  void run(std::span<const TaskRef> tasks, std::span<Observation> results) override {
    for (size_t i = 0; i < tasks.size(); i++) results[i] = observe(choose(*tasks[i]));
  }
  void onSourceEnded(int32_t source) override { sources_.erase(source); }

 private:
  struct Look {
    bool any = false;
    int64_t seq = 0;
  };

  Crops choose(const Task& task) {
    Crops crops;
    const Observation& boxes = task.observations[boxes_];
    if (boxes.state != ObservationState::value) return crops;  // carried boxes are not where things are
    const std::vector<SeenBox> seen = boxesOf(boxes);
    PerTrack<Look>& tracks = sources_.at(task.source);
    for (size_t i = 0; i < seen.size(); i++) {
      const Box& box = seen[i].box;
      if (seen[i].detection < 0 || !(std::min(box.width(), box.height()) >= options_.minSize)) continue;
      if (seen[i].track != 0) {
        Look& last = tracks.at(seen[i].track, task.seq);
        if (last.any && task.seq - last.seq < options_.every) continue;
        last = {true, task.seq};
      }
      const auto dx = static_cast<float>(box.width() * options_.margin);
      const auto dy = static_cast<float>(box.height() * options_.margin);
      Crop crop;
      crop.track = seen[i].track;
      crop.detection = static_cast<int32_t>(i);
      crop.box = {box.x1 - dx, box.y1 - dy, box.x2 + dx, box.y2 + dy};
      crops.items.push_back(std::move(crop));
    }
    tracks.dropBefore(task.seq);
    return crops;
  }

  const BoxClassesOptions options_;
  const int32_t boxes_;
  BySource<PerTrack<Look>> sources_;
};

class ScoreWorker : public Worker {
 public:
  ScoreWorker(std::shared_ptr<infer::Model> model, int32_t crops)
      : classifier_(infer::openClassifier(std::move(model))), crops_(crops) {}
  void run(std::span<const TaskRef> tasks, std::span<Observation> results) override {
    std::vector<infer::CropRequest> requests;
    for (const TaskRef& task : tasks)
      if (const auto* crops = task->observations[crops_].as<Crops>())
        for (const Crop& crop : crops->items) requests.push_back({task->frame(), crop.box, {}, 0});
    ClassScores all;
    classifier_->scores(requests, all);
    auto row = all.values.begin();
    for (size_t i = 0; i < tasks.size(); i++) {
      const auto* crops = tasks[i]->observations[crops_].as<Crops>();
      ClassScores mine;
      mine.classes = all.classes;
      const auto end = row + static_cast<std::ptrdiff_t>(crops ? crops->items.size() : 0) * all.classes;
      mine.values.assign(row, end);
      row = end;
      results[i] = observe(std::move(mine));
    }
  }

 private:
  std::unique_ptr<infer::Classifier> classifier_;
  const int32_t crops_;
};

class SmoothWorker : public Worker {
 public:
  SmoothWorker(BoxClassesOptions options, int32_t topK, int32_t boxes, int32_t crops, int32_t scores)
      : options_(options), topK_(topK), boxes_(boxes), crops_(crops), scores_(scores) {}
  void run(std::span<const TaskRef> tasks, std::span<Observation> results) override {
    for (size_t i = 0; i < tasks.size(); i++) results[i] = smoothed(*tasks[i]);
  }
  void onSourceEnded(int32_t source) override { sources_.erase(source); }

 private:
  struct Known {
    std::vector<float> scores;  // of all classes
    Classes best;
  };
  struct PerSource {
    PerTrack<Known> tracks;
    Observation last;
  };

  Observation smoothed(const Task& task) {
    const Observation& boxes = task.observations[boxes_];
    if (boxes.state == ObservationState::nothing) return Observation::nothing(Reason::dependency);
    PerSource& source = sources_.at(task.source);
    if (boxes.state != ObservationState::value)
      return source.last.state == ObservationState::pending ? Observation::nothing(Reason::dependency)
                                                            : source.last.carriedOn();
    const std::vector<SeenBox> seen = boxesOf(boxes);
    std::vector<const float*> rows(seen.size(), nullptr);
    const auto* scores = task.observations[scores_].as<ClassScores>();
    const auto* crops = task.observations[crops_].as<Crops>();
    if (scores && crops)  // null: they failed under 'skip'
      for (size_t i = 0; i < crops->items.size() && i < scores->rows(); i++)
        rows[static_cast<size_t>(crops->items[i].detection)] =
            &scores->values[i * static_cast<size_t>(scores->classes)];
    BoxClasses result;
    for (size_t i = 0; i < seen.size(); i++) {
      Known alone;
      Known& known = seen[i].track != 0 ? source.tracks.at(seen[i].track, task.seq) : alone;
      if (rows[i]) learn(known, rows[i], scores->classes);
      result.items.push_back({seen[i].box, seen[i].track, known.best});
    }
    source.tracks.dropBefore(task.seq);
    source.last = observe(std::move(result), task.id);
    return source.last;
  }

  void learn(Known& known, const float* row, int32_t classes) const {
    const auto count = static_cast<size_t>(classes);
    if (known.scores.size() != count) {
      known.scores.assign(row, row + count);
    } else {
      const auto stays = static_cast<float>(options_.smooth);
      for (size_t c = 0; c < count; c++) known.scores[c] = stays * known.scores[c] + (1 - stays) * row[c];
    }
    known.best = {};
    addBestClasses(known.scores.data(), classes, topK_, known.best);
  }

  const BoxClassesOptions options_;
  const int32_t topK_, boxes_, crops_, scores_;
  BySource<PerSource> sources_;
};

}  // namespace

std::vector<ModuleNode> classifyBoxesNodes(const ModuleSpec& spec, bool stateful, int32_t boxes, int32_t first,
                                           std::shared_ptr<infer::Model> model) {
  ModuleNode choose;
  choose.name = spec.name + ".choose";
  choose.depends = {spec.of};
  choose.acceptsNothing = choose.internal = true;
  choose.stateful = stateful;
  choose.openWorker = [options = spec.boxClasses, boxes] { return std::make_unique<ChooseWorker>(options, boxes); };

  ModuleNode score;
  score.name = spec.name + ".score";
  score.depends = {choose.name};
  score.pixels = score.internal = score.acceptsNothing = true;
  score.policy = spec.policy;
  score.workers = std::max(1, spec.workers);
  score.openWorker = [model, first] { return std::make_unique<ScoreWorker>(model, first); };
  score.passes = [first](const Task& task, Observation& result) {  // nothing chosen: nothing to wait for
    const auto* crops = task.observations[first].as<Crops>();
    if (crops && !crops->items.empty()) return false;
    result = observe(ClassScores{});
    return true;
  };

  ModuleNode smooth;
  smooth.name = spec.name;
  smooth.depends = {spec.of, choose.name, score.name};
  smooth.acceptsNothing = true;
  smooth.stateful = stateful;
  smooth.openWorker = [options = spec.boxClasses, topK = model->spec().topK, boxes, first] {
    return std::make_unique<SmoothWorker>(options, topK, boxes, first, first + 1);
  };

  std::vector<ModuleNode> nodes;
  nodes.push_back(std::move(choose));
  nodes.push_back(std::move(score));
  nodes.push_back(std::move(smooth));
  return nodes;
}

}  // namespace framepath::graph
