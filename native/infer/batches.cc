#include "infer/batches.h"

#include <algorithm>
#include <bit>

#include "core/error.h"

namespace framepath::infer {
namespace {

// Runs that go well before the batch is doubled again; twice as many after every time that was too much.
constexpr int32_t kGoodRuns = 64, kMostGoodRuns = 8192;

}  // namespace

Batches::Batches(std::shared_ptr<const LoadedModel> model, Session& session)
    : model_(std::move(model)), session_(session), most_(model_->batch()), goodNeeded_(kGoodRuns) {}

size_t Batches::takeSize(size_t left) const {
  const size_t take = std::min(left, static_cast<size_t>(most_));
  if (model_->spec().fixedBatch > 0) return take;
  if (session_.provider() == Provider::cpu) return std::bit_floor(take);  // only powers of two were checked
  // Where memory is short, no more than runs as less than what did not fit.
  size_t fits = take;
  while (fits > 1 && session_.runSize(static_cast<int32_t>(fits)) > most_) fits--;
  return fits;
}

int32_t Batches::runSize(size_t items) const {
  const int32_t fixed = model_->spec().fixedBatch;
  return fixed > 0 ? fixed : session_.runSize(static_cast<int32_t>(takeSize(items)));
}

void Batches::run(size_t items, const Part& place, const Part& take) {
  for (size_t done = 0; done < items;) {
    const size_t count = takeSize(items - done);
    try {
      place(done, count);
      session_.run(runSize(count));
      take(done, count);
    } catch (const Error& e) {
      if (e.code != ErrorCode::DEVICE_OUT_OF_MEMORY || !makeRoom(e)) throw;
      continue;
    }
    ranWell();
    done += count;
  }
}

bool Batches::makeRoom(const Error& error) {
  const bool halves = most_ > 1 && model_->spec().fixedBatch == 0;
  if (!halves && tight_) return false;
  tight_ = !halves;
  if (halves) most_ /= 2;
  good_ = 0;
  goodNeeded_ = std::min(2 * goodNeeded_, kMostGoodRuns);
  session_.shrink();
  session_.device().trim();
  model_->recovered(halves ? "out of memory, batches of " + std::to_string(most_) + " from there"
                           : "out of memory, tried again with what was kept given back",
                    error.sentence);
  return true;
}

void Batches::ranWell() {
  tight_ = false;
  if (most_ == model_->batch() || ++good_ < goodNeeded_) return;
  good_ = 0;
  most_ = std::min(2 * most_, model_->batch());
}

}  // namespace framepath::infer
