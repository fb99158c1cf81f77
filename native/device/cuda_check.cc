#include "device/cuda_check.h"

#include <atomic>

namespace framepath::cuda {
namespace {

// The first sticky error of each GPU; never forgotten.
std::atomic<const Error*> losses[64];

std::atomic<const Error*>& lossOf(int index) {
  return losses[static_cast<unsigned>(index) % std::size(losses)];
}

}  // namespace

bool Check::quietly(Result result, const char* call) const noexcept {
  if (isSticky(result)) lose(result, call);
  return result == result::success;
}

bool Check::lost() const noexcept {
  return lossOf(index_).load(std::memory_order_acquire) != nullptr;
}

void Check::requireAlive() const {
  if (const Error* loss = lossOf(index_).load(std::memory_order_acquire)) throw Error(*loss);
}

void Check::lose(Result result, const char* call) const {
  const Error* expected = nullptr;
  const auto* loss =
      new Error(ErrorCode::DEVICE_LOST, gpu() + " is lost: " + call + " answered " + driver_.errorText(result) + ".",
                "Start a new process: this one cannot use the GPU any more. dmesg may show more (Xid).");
  if (!lossOf(index_).compare_exchange_strong(expected, loss)) delete loss;
}

void Check::fail(Result result, const char* call) const {
  if (isSticky(result)) {
    lose(result, call);
    requireAlive();
  }
  const std::string sentence = gpu() + " refuses: " + call + " answered " + driver_.errorText(result) + ".";
  if (result == result::outOfMemory)
    throw Error(ErrorCode::DEVICE_OUT_OF_MEMORY, sentence, "Free memory of the GPU: nvidia-smi shows who holds it.");
  if (result == result::devicesUnavailable)
    throw Error(ErrorCode::DEVICE_UNAVAILABLE, sentence,
                "Another process holds the GPU exclusively: nvidia-smi -c 0 as root shares it.");
  throw Error(ErrorCode::DEVICE_UNAVAILABLE, sentence, "See framepath doctor; dmesg may show more.");
}

}  // namespace framepath::cuda
