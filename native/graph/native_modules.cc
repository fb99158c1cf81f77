#include "graph/native_modules.h"

#include <algorithm>

#include "graph/by_source.h"
#include "infer/detector.h"
#include "infer/embedder.h"

namespace framepath::graph {
namespace {

class DetectWorker : public Worker {
 public:
  explicit DetectWorker(std::shared_ptr<infer::Model> model) : detector_(infer::openDetector(std::move(model))) {}
  void run(std::span<const TaskRef> tasks, std::span<Observation> results) override {
    std::vector<FrameRef> frames;
    for (const TaskRef& task : tasks) frames.push_back(task->frame());
    std::vector<Detections> found(tasks.size());
    detector_->detect(frames, found);
    for (size_t i = 0; i < tasks.size(); i++) results[i] = observe(std::move(found[i]));
  }

 private:
  std::unique_ptr<infer::Detector> detector_;
};

class ClassifyWorker : public Worker {
 public:
  explicit ClassifyWorker(std::shared_ptr<infer::Model> model) : classifier_(infer::openClassifier(std::move(model))) {}
  void run(std::span<const TaskRef> tasks, std::span<Observation> results) override {
    for (size_t i = 0; i < tasks.size(); i++) {
      infer::CropRequest whole;
      whole.frame = tasks[i]->frame();
      whole.box = wholeFrame(*tasks[i]->frame());
      Classes classes;
      classifier_->classify({&whole, 1}, classes);
      results[i] = observe(std::move(classes));
    }
  }

 private:
  std::unique_ptr<infer::Classifier> classifier_;
};

class RawWorker : public Worker {
 public:
  explicit RawWorker(std::shared_ptr<infer::Model> model) : model_(infer::openRawModel(std::move(model))) {}
  void run(std::span<const TaskRef> tasks, std::span<Observation> results) override {
    for (size_t i = 0; i < tasks.size(); i++) results[i] = observe(model_->run(tasks[i]->frame()));
  }

 private:
  std::unique_ptr<infer::RawModel> model_;
};

class TrackWorker : public Worker {
 public:
  TrackWorker(track::TrackerOptions options, int32_t detections, FactsOf facts)
      : options_(options), detections_(detections), facts_(std::move(facts)) {}
  void run(std::span<const TaskRef> tasks, std::span<Observation> results) override {
    const Task& task = *tasks[0];
    PerSource& source = sources_.at(task.source);
    if (!source.tracker) {
      track::TrackerOptions options = options_;
      options.fps = facts_(task.source).fps;
      source.tracker = track::makeTracker(options);
    }
    const Observation& seen = task.observations[detections_];
    const auto* detections = seen.as<Detections>();
    if (seen.state == ObservationState::value && detections) {
      source.last = observe(source.tracker->update(*detections, task.ptsUs), task.id);
      results[0] = source.last;
    } else {  // no detections of this frame: predicted, the last ones are carried
      source.tracker->predict(task.ptsUs);
      results[0] = source.last.state == ObservationState::pending ? Observation::nothing(Reason::dependency)
                                                                  : source.last.carriedOn();
    }
  }
  void onSourceEnded(int32_t source) override { sources_.erase(source); }

 private:
  struct PerSource {
    std::unique_ptr<track::Tracker> tracker;
    Observation last;
  };
  const track::TrackerOptions options_;
  const int32_t detections_;
  const FactsOf facts_;
  BySource<PerSource> sources_;
};

ModuleNode nodeOf(const ModuleSpec& spec) {
  ModuleNode node;
  node.name = spec.name;
  node.policy = spec.policy;
  node.workers = std::max(1, spec.workers);
  return node;
}

}  // namespace

ModuleNode detectNode(const ModuleSpec& spec, std::shared_ptr<infer::Model> model) {
  ModuleNode node = nodeOf(spec);
  node.pixels = true;
  node.openWorker = [model] { return std::make_unique<DetectWorker>(model); };
  return node;
}

ModuleNode classifyNode(const ModuleSpec& spec, std::shared_ptr<infer::Model> model) {
  ModuleNode node = nodeOf(spec);
  node.pixels = true;
  node.openWorker = [model] { return std::make_unique<ClassifyWorker>(model); };
  return node;
}

ModuleNode rawNode(const ModuleSpec& spec, std::shared_ptr<infer::Model> model) {
  ModuleNode node = nodeOf(spec);
  node.pixels = true;
  node.openWorker = [model] { return std::make_unique<RawWorker>(model); };
  return node;
}

ModuleNode trackNode(const ModuleSpec& spec, int32_t detections, FactsOf facts) {
  ModuleNode node = nodeOf(spec);
  node.depends = {spec.of};
  node.stateful = true;
  node.acceptsNothing = true;
  node.workers = 1;
  node.openWorker = [options = spec.tracker, detections, facts] {
    return std::make_unique<TrackWorker>(options, detections, facts);
  };
  return node;
}

}  // namespace framepath::graph
