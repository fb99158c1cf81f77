// One worker's way through any number of items, in batches as large as memory allows.
#pragma once
#include <functional>
#include <memory>

#include "infer/loaded_model.h"

namespace framepath::infer {

// Out of memory: the provider's arena and the device's cache are given back, the batch is halved and tried again; it
// grows back slowly. Where it cannot be halved any more, DEVICE_OUT_OF_MEMORY goes on to the caller. Not thread-safe.
class Batches {
 public:
  using Part = std::function<void(size_t first, size_t count)>;

  Batches(std::shared_ptr<const LoadedModel> model, Session& session);

  // `place` enqueues items [first, first + count) into slots 0, 1, ... of the session's input; `take` reads their
  // outputs after the run.
  void run(size_t items, const Part& place, const Part& take);

  // The batch that `items` items, at most the model's batch, run as: more than them where the model has a fixed one.
  int32_t runSize(size_t items) const;

 private:
  size_t takeSize(size_t left) const;
  bool makeRoom(const Error& error);
  void ranWell();

  std::shared_ptr<const LoadedModel> model_;
  Session& session_;
  int32_t most_;
  int32_t good_ = 0, goodNeeded_;
  bool tight_ = false;  // the last batch did not fit at its smallest
};

}  // namespace framepath::infer
