// Whole runs that find, track and recognise people: the results of their frames, to the bit, and the report.
#pragma once
#include <cstdio>

#include "infer_support.h"
#include "pipeline_sources.h"

namespace pipeline_run {

// People of a photo, the camera passing over them; `encode`: how ffmpeg writes it.
inline SourceSpec passing(const std::string& id, int photo, int frames,
                          const std::string& encode = "-c:v libx264 -preset ultrafast") {
  const std::string name = "node_modules/@vladmandic/face-api/demo/sample" + std::to_string(photo) + ".jpg";
  return fileSource(id, made(id + ".mp4", "-loop 1 -i " + name +
                                              " -vf scale=800:600,crop=640:480:x=n*4:y=n*2 -pix_fmt yuv420p -r 25 "
                                              "-frames:v " +
                                              std::to_string(frames) + " " + encode));
}

inline ModuleSpec module(ModuleSpec::Kind kind, const std::string& name, const std::string& of,
                         const std::string& model) {
  ModuleSpec spec;
  spec.kind = kind;
  spec.name = name;
  spec.of = of;
  spec.policy.maxBatch = 0;  // chosen
  if (!model.empty()) spec.model.file = support::environment("FRAMEPATH_MODELS") + "/" + model;
  return spec;
}

inline PipelineSpec peopleIn(std::vector<SourceSpec> sources, const std::string& device) {
  PipelineSpec spec;
  spec.device = device;
  spec.runtimeLibraries = {support::environment("FRAMEPATH_ORT_LIBRARY")};
  spec.sources = std::move(sources);
  spec.modules = {module(ModuleSpec::Kind::detect, "faces", "", "blazeface.onnx"),
                  module(ModuleSpec::Kind::track, "tracks", "faces", ""),
                  module(ModuleSpec::Kind::identify, "people", "tracks", "face-recognition.onnx")};
  return spec;
}

inline std::string hex(float value) {
  char text[32];
  std::snprintf(text, sizeof text, " %a", static_cast<double>(value));
  return text;
}

// The results of a frame as text, every bit but the embeddings.
inline std::string resultsOf(const Task& task) {
  std::string text;
  for (const Observation& observation : task.observations) {
    if (const auto* faces = observation.as<Detections>())
      for (size_t i = 0; i < faces->size(); i++) {
        const Box& box = faces->boxes[i];
        text += "face" + hex(box.x1) + hex(box.y1) + hex(box.x2) + hex(box.y2) + hex(faces->scores[i]) + "\n";
      }
    if (const auto* tracks = observation.as<Tracks>())
      for (const Track& track : tracks->items)
        text += "track " + std::to_string(track.track) + hex(track.box.x1) + "\n";
    if (const auto* boxes = observation.as<BoxClasses>())
      for (const BoxClasses::Item& item : boxes->items) {
        text += "classes of " + std::to_string(item.track);
        for (size_t i = 0; i < item.classes.indices.size(); i++)
          text += " " + std::to_string(item.classes.indices[i]) + hex(item.classes.scores[i]);
        text += "\n";
      }
    if (const auto* people = observation.as<People>())
      for (const Person& person : people->items)
        text += "person " + std::to_string(person.track) + " is " + std::to_string(person.id) + "\n";
  }
  return text;
}

using FrameTexts = std::map<std::pair<int32_t, int64_t>, std::string>;  // by source and number of the frame

struct Outcome {
  FrameTexts frames;
  std::optional<Error> error;
  Report report;
};

inline Outcome runAll(PipelineSpec spec, unsigned seed) {
  Outcome outcome;
  PipelineRun run(std::move(spec), seed);
  run.pipeline->start();
  for (bool ended = false; !ended;) {
    const Delivery delivery = run.next(8);
    for (const TaskRef& task : delivery.tasks) outcome.frames[{task->source, task->seq}] = resultsOf(*task);
    ended = delivery.ended;
  }
  outcome.error = run.waitDone();
  run.pipeline->close(true);
  outcome.report = run.closed(outcome.error && outcome.error->code == ErrorCode::DEVICE_LOST);
  return outcome;
}

// The number of frames of `outcome` whose results differ from `wanted`; the first is reported.
inline size_t differing(const Outcome& outcome, const FrameTexts& wanted) {
  CHECK_EQUAL(outcome.frames.size(), wanted.size());
  size_t differ = 0;
  for (const auto& [key, text] : wanted) {
    const auto found = outcome.frames.find(key);
    if (found != outcome.frames.end() && found->second == text) continue;
    if (differ++ == 0)
      std::printf("  source %d, frame %lld:\n%s  instead of:\n%s", key.first, static_cast<long long>(key.second),
                  found == outcome.frames.end() ? "nothing\n" : found->second.c_str(), text.c_str());
  }
  return differ;
}

inline uint64_t copies(const Outcome& outcome, CopyKind kind) {
  return outcome.report.copies[static_cast<int>(kind)];
}

}  // namespace pipeline_run
