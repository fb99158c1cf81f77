// Whether a batch gives the bits of single runs: matrix kernels pick other code for other sizes, so it is tried, at
// load.
#include <algorithm>
#include <bit>
#include <cstring>

#include "core/error.h"
#include "infer/loaded_model.h"
#include "kernels/tensor.h"

namespace framepath::infer {
namespace {

// Picture number `number`, the same on every machine, as the input's elements.
std::vector<uint8_t> testPicture(const ModelSpec& spec, GraphType type, uint32_t number) {
  const size_t pixels = static_cast<size_t>(spec.width) * spec.height;
  const size_t count = pixels * spec.channels;
  std::vector<uint8_t> bytes(count * graphTypeBytes(type));
  uint32_t state = 0x9e3779b9u * (number + 1);
  for (size_t i = 0; i < count; i++) {
    state = state * 1664525u + 1013904223u;
    const size_t channel = spec.layout == TensorLayout::nchw ? i / pixels : i % spec.channels;
    const auto pixel = static_cast<float>(state >> 24);
    const float value = (pixel - spec.mean[channel]) * spec.scale[channel];
    if (type == GraphType::float32) std::memcpy(&bytes[i * 4], &value, 4);
    const uint16_t half = halfFromFloat(value);
    if (type == GraphType::float16) std::memcpy(&bytes[i * 2], &half, 2);
    const int64_t whole = wholeFrom(value);  // its low bytes are the smaller types
    if (isWhole(type)) std::memcpy(&bytes[i * graphTypeBytes(type)], &whole, graphTypeBytes(type));
  }
  return bytes;
}

void fill(Session& session, const ModelSpec& spec, int32_t slot, uint32_t number) {
  const std::vector<uint8_t> picture = testPicture(spec, session.graph().inputs.front().type, number);
  session.device().copy(session.queue(), session.input(slot), picture.size(), picture.data(), picture.size(),
                        picture.size(), 1, CopyKind::internal);
  session.queue().synchronize();  // `picture` goes
}

// All outputs of item `item`, one after another; empty when an output has no row for it.
std::vector<float> itemOutputs(Session& session, int32_t item, int32_t batch) {
  std::vector<float> values;
  for (size_t i = 0; i < session.outputs().size(); i++) {
    const TensorView& output = session.outputs()[i];
    if (output.rank == 0 || output.dims[0] != batch) return {};
    const auto perItem = static_cast<size_t>(valuesPerItem(output));
    const auto row = session.read(i).subspan(perItem * static_cast<size_t>(item), perItem);
    values.insert(values.end(), row.begin(), row.end());
  }
  return values;
}

bool sameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return !a.empty() && a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// The largest good power of two up to `limit`; session prepared for `limit`.
int32_t tryBatches(Session& session, const ModelSpec& spec, int32_t limit) {
  std::vector<std::vector<float>> single;
  for (int32_t i = 0; i < limit; i++) {
    fill(session, spec, 0, static_cast<uint32_t>(i));
    session.run(1);
    single.push_back(itemOutputs(session, 0, 1));
  }
  for (int32_t i = 0; i < limit; i++) fill(session, spec, i, static_cast<uint32_t>(i));
  int32_t good = 1;
  for (int32_t batch = 2; batch <= limit; batch *= 2) {
    session.run(batch);
    for (int32_t i = 0; i < batch; i++)
      if (!sameBits(single[i], itemOutputs(session, i, batch))) return good;
    good = batch;
  }
  return good;
}

// A graph that declares a free batch but has batch 1 baked into it fails, or gives outputs of another batch. What a
// larger batch took does not count for a smaller one: the provider gives it back.
bool runsAs(Session& session, const ModelSpec& spec, int32_t batch) {
  try {
    session.prepare(batch, itemDims(spec));
    session.countMemory();
  } catch (const Error& e) {
    if (e.code != ErrorCode::INFERENCE_FAILED && e.code != ErrorCode::DEVICE_OUT_OF_MEMORY) throw;
    if (batch == 1) throw;
    session.shrink();
    return false;
  }
  return batch == 1 || std::all_of(session.outputs().begin(), session.outputs().end(), [&](const TensorView& output) {
           return output.rank > 0 && output.dims[0] == batch;
         });
}

}  // namespace

int32_t fittingBatch(Session& session, const ModelSpec& spec, int32_t limit) {
  for (int32_t batch = limit;; batch = std::max(1, batch / 2))
    if (runsAs(session, spec, batch)) return batch;
}

int32_t chooseBatch(Session& session, const ModelSpec& spec, int32_t limit) {
  const auto most = static_cast<int32_t>(std::bit_floor(static_cast<uint32_t>(limit)));
  int32_t good = 1;
  try {
    session.prepare(most, itemDims(spec));
    good = tryBatches(session, spec, most);
  } catch (const Error& e) {
    // A graph that declares a free batch but has batch 1 baked into it fails here, and runs one by one.
    if (e.code != ErrorCode::INFERENCE_FAILED) throw;
  }
  if (good != session.maxBatch() || good == 1) session.prepare(good, itemDims(spec));
  return good;
}

}  // namespace framepath::infer
