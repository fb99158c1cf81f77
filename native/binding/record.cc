#include "binding/record.h"

#include <algorithm>

#include "binding/packed_rows.h"
#include "generated/binding_enums.h"

namespace framepath::binding {
namespace {

// Appends a payload, and returns what it is.
struct Packer {
  Packed& to;

  template <typename Row>
  void row(const Row& row) {
    append(to.numbers, row);
  }
  void number(double value) { to.numbers.push_back(value); }
  void count(size_t value) { number(static_cast<double>(value)); }
  void decimals(const std::vector<float>& values) {
    for (const float value : values) number(decimal(value));
  }
  void text(const std::string& characters) {
    row(schema::TextRange{.start = to.text.size(), .length = characters.size()});
    to.text += characters;
  }
  void classes(const Classes& classes) {
    for (size_t i = 0; i < classes.indices.size(); i++)
      row(schema::ClassRow{.classIndex = classes.indices[i], .score = decimal(classes.scores[i])});
  }

  ResultKind operator()(const std::shared_ptr<const Detections>& d) {
    const bool masked = !d->masks.empty();
    row(schema::DetectionsHeader{.count = d->size(),
                                 .keypoints = d->keypointsPer,
                                 .scored = d->keypointScores.empty() ? 0 : 1,
                                 .maskHeight = masked ? d->maskHeight : 0,
                                 .maskWidth = masked ? d->maskWidth : 0});
    for (size_t i = 0; i < d->size(); i++) {
      const Box& box = d->boxes[i];
      row(schema::DetectionRow{.x1 = decimal(box.x1),
                               .y1 = decimal(box.y1),
                               .x2 = decimal(box.x2),
                               .y2 = decimal(box.y2),
                               .score = decimal(d->scores[i]),
                               .classIndex = d->classes.empty() ? 0 : d->classes[i]});
    }
    decimals(d->keypoints);
    decimals(d->keypointScores);
    for (const std::string& mask : d->masks) text(mask);
    return ResultKind::detections;
  }
  ResultKind operator()(const std::shared_ptr<const Tracks>& tracks) {
    count(tracks->items.size());
    for (const Track& t : tracks->items)
      row(schema::TrackRow{.track = t.track,
                           .detection = t.detection,
                           .x1 = decimal(t.box.x1),
                           .y1 = decimal(t.box.y1),
                           .x2 = decimal(t.box.x2),
                           .y2 = decimal(t.box.y2),
                           .score = decimal(t.score),
                           .marks = t.marks});
    return ResultKind::tracks;
  }
  ResultKind operator()(const std::shared_ptr<const People>& people) {
    count(people->items.size());
    for (const Person& p : people->items)
      row(schema::PersonRow{.track = p.track,
                            .id = p.id,
                            .detection = p.detection,
                            .x1 = decimal(p.box.x1),
                            .y1 = decimal(p.box.y1),
                            .x2 = decimal(p.box.x2),
                            .y2 = decimal(p.box.y2),
                            .score = decimal(p.score)});
    return ResultKind::people;
  }
  ResultKind operator()(const std::shared_ptr<const Classes>& found) {
    row(schema::ClassesHeader{.rows = found->rows, .perRow = found->topK});
    classes(*found);
    return ResultKind::classes;
  }
  ResultKind operator()(const std::shared_ptr<const BoxClasses>& boxes) {
    count(boxes->items.size());
    for (const BoxClasses::Item& item : boxes->items) {
      row(schema::BoxClassesRow{.track = item.track,
                                .x1 = decimal(item.box.x1),
                                .y1 = decimal(item.box.y1),
                                .x2 = decimal(item.box.x2),
                                .y2 = decimal(item.box.y2),
                                .count = item.classes.indices.size()});
      classes(item.classes);
    }
    return ResultKind::boxClasses;
  }
  ResultKind operator()(const std::shared_ptr<const std::vector<RawTensor>>& tensors) {
    count(tensors->size());
    for (const RawTensor& tensor : *tensors) {
      count(tensor.dims.size());
      for (int64_t dim : tensor.dims) number(static_cast<double>(dim));
      to.numbers.insert(to.numbers.end(), tensor.values.begin(), tensor.values.end());
    }
    return ResultKind::tensors;
  }
  ResultKind operator()(const graph::External&) { return ResultKind::external; }
  template <typename Internal>  // crops and embeddings stay inside
  ResultKind operator()(const Internal&) {
    return ResultKind::none;
  }
};

ResultState stateOf(graph::Reason reason) {
  switch (reason) {
    case graph::Reason::none: return ResultState::none;
    case graph::Reason::error: return ResultState::error;
    case graph::Reason::dependency: return ResultState::dependency;
    case graph::Reason::cancelled: return ResultState::cancelled;
    case graph::Reason::unordered: return ResultState::unordered;
  }
  return ResultState::none;
}

ResultState stateOf(const graph::Observation& result) {
  switch (result.state) {
    case graph::ObservationState::pending: return ResultState::pending;
    case graph::ObservationState::value: return ResultState::value;
    case graph::ObservationState::carried: return ResultState::carried;
    case graph::ObservationState::nothing: return stateOf(result.reason);
  }
  return ResultState::pending;
}

// The position in the specification of a module of the graph.
int32_t positionOf(const graph::Pipeline& pipeline, int32_t module) {
  const auto count = static_cast<int32_t>(pipeline.spec().modules.size());
  for (int32_t m = 0; m < count; m++)
    if (pipeline.observationOf(static_cast<size_t>(m)) == module) return m;
  return -1;
}

}  // namespace

void packRecord(const graph::Task& task, const graph::Pipeline& pipeline, Packed& to, int32_t asked) {
  const size_t start = to.numbers.size();
  append(to.numbers, schema::RecordHeader{.length = 0,
                                          .taskId = task.id,
                                          .source = task.source,
                                          .seq = task.seq,
                                          .index = task.index,
                                          .ptsUs = task.ptsUs,
                                          .width = task.width,
                                          .height = task.height});
  const std::vector<int32_t>* known =
      asked < 0 ? nullptr : &pipeline.graph().dependencies(pipeline.observationOf(static_cast<size_t>(asked)));
  const graph::Observation pending;
  for (size_t m = 0; m < pipeline.spec().modules.size(); m++) {
    const int32_t at = pipeline.observationOf(m);
    const bool may = !known || std::find(known->begin(), known->end(), at) != known->end();
    const graph::Observation& result = may ? task.observations[static_cast<size_t>(at)] : pending;
    const graph::Origin& origin = result.origin;
    append(to.numbers, schema::ModuleHeader{.state = static_cast<uint8_t>(stateOf(result)),
                                            .module = origin.module == at ? static_cast<int32_t>(m)
                                                                          : positionOf(pipeline, origin.module),
                                            .task = origin.task,
                                            .kind = 0});
    const size_t kindAt = to.numbers.size() - 1;
    to.numbers[kindAt] = static_cast<double>(std::visit(Packer{to}, result.value));
  }
  to.numbers[start] = static_cast<double>(to.numbers.size() - start);
}

}  // namespace framepath::binding
