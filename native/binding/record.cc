#include "binding/record.h"

#include <algorithm>
#include <cstring>

#include "binding/arrays.h"
#include "generated/binding_enums.h"

namespace framepath::binding {
namespace {

struct Packer {
  std::vector<double>& words;

  void box(const Box& b) {
    for (const float value : {b.x1, b.y1, b.x2, b.y2}) decimals(value);
  }
  void number(double value) { words.push_back(value); }
  void kind(ResultKind value) { number(static_cast<double>(value)); }
  void decimals(float value) { words.push_back(decimal(value)); }
  void decimals(const std::vector<float>& values) {
    for (const float value : values) decimals(value);
  }
  // Its length, then eight characters a word. Those of run lengths, '0' to 'o', never make a number that is none.
  void text(const std::string& characters) {
    number(static_cast<double>(characters.size()));
    const size_t at = words.size();
    words.resize(at + (characters.size() + 7) / 8, 0.0);
    std::memcpy(words.data() + at, characters.data(), characters.size());
  }

  void operator()(const std::shared_ptr<const Detections>& d) {
    kind(ResultKind::detections);
    number(static_cast<double>(d->size()));
    number(d->keypointsPer);
    number(d->keypointScores.empty() ? 0 : 1);
    number(d->masks.empty() ? 0 : d->maskHeight);
    number(d->masks.empty() ? 0 : d->maskWidth);
    for (size_t i = 0; i < d->size(); i++) {
      box(d->boxes[i]);
      decimals(d->scores[i]);
      number(d->classes.empty() ? 0 : d->classes[i]);
    }
    decimals(d->keypoints);
    decimals(d->keypointScores);
    for (const std::string& mask : d->masks) text(mask);
  }
  void operator()(const std::shared_ptr<const Tracks>& tracks) {
    kind(ResultKind::tracks);
    number(static_cast<double>(tracks->items.size()));
    for (const Track& t : tracks->items) {
      number(static_cast<double>(t.track));
      number(t.detection);
      box(t.box);
      decimals(t.score);
      number(t.marks);
    }
  }
  void operator()(const std::shared_ptr<const People>& people) {
    kind(ResultKind::people);
    number(static_cast<double>(people->items.size()));
    for (const Person& p : people->items) {
      number(static_cast<double>(p.track));
      number(p.id);
      number(p.detection);
      box(p.box);
      decimals(p.score);
    }
  }
  void operator()(const std::shared_ptr<const Classes>& classes) {
    kind(ResultKind::classes);
    number(classes->rows);
    number(classes->topK);
    for (size_t i = 0; i < classes->indices.size(); i++) {
      number(classes->indices[i]);
      decimals(classes->scores[i]);
    }
  }
  void operator()(const std::shared_ptr<const BoxClasses>& boxes) {
    kind(ResultKind::boxClasses);
    number(static_cast<double>(boxes->items.size()));
    for (const BoxClasses::Item& item : boxes->items) {
      number(static_cast<double>(item.track));
      box(item.box);
      number(static_cast<double>(item.classes.indices.size()));
      for (size_t i = 0; i < item.classes.indices.size(); i++) {
        number(item.classes.indices[i]);
        decimals(item.classes.scores[i]);
      }
    }
  }
  void operator()(const std::shared_ptr<const std::vector<RawTensor>>& tensors) {
    kind(ResultKind::tensors);
    number(static_cast<double>(tensors->size()));
    for (const RawTensor& tensor : *tensors) {
      number(static_cast<double>(tensor.dims.size()));
      for (int64_t dim : tensor.dims) number(static_cast<double>(dim));
      words.insert(words.end(), tensor.values.begin(), tensor.values.end());
    }
  }
  void operator()(const graph::External&) { kind(ResultKind::external); }
  template <typename Internal>  // crops and embeddings stay inside
  void operator()(const Internal&) {
    kind(ResultKind::none);
  }
};

ResultState stateOf(graph::ObservationState state) {
  switch (state) {
    case graph::ObservationState::value: return ResultState::value;
    case graph::ObservationState::carried: return ResultState::carried;
    case graph::ObservationState::pending:
    case graph::ObservationState::nothing: return ResultState::nothing;
  }
  return ResultState::nothing;
}

}  // namespace

void packRecord(const graph::Task& task, const graph::Pipeline& pipeline, std::vector<double>& words, int32_t asked) {
  const size_t at = words.size();
  words.insert(words.end(),
               {0.0, static_cast<double>(task.id), static_cast<double>(task.source), static_cast<double>(task.seq),
                static_cast<double>(task.index), static_cast<double>(task.ptsUs), static_cast<double>(task.width),
                static_cast<double>(task.height)});
  const std::vector<int32_t>* known =
      asked < 0 ? nullptr : &pipeline.graph().dependencies(pipeline.observationOf(static_cast<size_t>(asked)));
  const graph::Observation silent;
  for (size_t m = 0; m < pipeline.spec().modules.size(); m++) {
    const int32_t at = pipeline.observationOf(m);
    const bool may = !known || std::find(known->begin(), known->end(), at) != known->end();
    const graph::Observation& says = may ? task.observations[static_cast<size_t>(at)] : silent;
    const ResultState state = stateOf(says.state);
    words.push_back(static_cast<double>(state));
    if (state == ResultState::nothing)
      Packer{words}.kind(ResultKind::none);
    else
      std::visit(Packer{words}, says.value);
  }
  words[at] = static_cast<double>(words.size() - at);
}

}  // namespace framepath::binding
