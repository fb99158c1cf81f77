// What a call of the driver answered, for one GPU. A sticky error loses the GPU for the whole process: it is kept, and
// everything later answers with it.
#pragma once
#include "device/cuda_driver.h"

namespace framepath::cuda {

class Check {
 public:
  Check(const Driver& driver, int index) : driver_(driver), index_(index) {}

  // Throws DEVICE_LOST, DEVICE_OUT_OF_MEMORY, or DEVICE_UNAVAILABLE for what else can go wrong.
  void operator()(Result result, const char* call) const {
    if (result != result::success) fail(result, call);
  }
  // For destructors: remembers the loss of a GPU, and that is all. True on success.
  bool quietly(Result result, const char* call) const noexcept;

  bool lost() const noexcept;
  void requireAlive() const;  // throws DEVICE_LOST
  std::string gpu() const { return "cuda:" + std::to_string(index_); }

 private:
  [[noreturn]] void fail(Result result, const char* call) const;
  void lose(Result result, const char* call) const;

  const Driver& driver_;
  const int index_;
};

// A context is the current one of this thread while this lives. Throws DEVICE_LOST.
class Current {
 public:
  Current(const Driver& driver, const Check& cu, Context context) : driver_(driver), cu_(cu) {
    cu.requireAlive();
    cu(driver.cuCtxPushCurrent_v2(context), "cuCtxPushCurrent");
  }
  ~Current() {
    Context popped = nullptr;
    cu_.quietly(driver_.cuCtxPopCurrent_v2(&popped), "cuCtxPopCurrent");
  }
  Current(const Current&) = delete;
  Current& operator=(const Current&) = delete;

 private:
  const Driver& driver_;
  const Check& cu_;
};

}  // namespace framepath::cuda
