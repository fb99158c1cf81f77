// What all calls share: the lock, the rules of failure, counters, contexts.
#pragma once
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "device/cuda_types.h"

namespace framepath::simulator {

using cuda::Result;
namespace result = cuda::result;

struct ContextState {
  int device = 0;
  bool primary = false;
  unsigned flags = 0;
  int references = 0;
};

struct State {
  std::recursive_mutex mutex;
  bool initialised = false, lazy = false;
  Result lost = result::success;  // the sticky error, once there was one
  std::map<std::string, long long> counters;
  ContextState primary[8];

  void count(const std::string& name, long long by = 1) { counters[name] += by; }
  void lose(Result why) {
    if (lost == result::success) lost = why;
  }
};
State& state();  // never destroyed: threads may call until the process ends

bool flag(const char* name);  // of the environment
long long number(const char* name, long long otherwise);
void log(const char* format, ...) __attribute__((format(printf, 1, 2)));

// An access outside of what is allocated: reported on stderr, counted, and an illegal address for the process.
Result illegal(const char* what);

std::vector<ContextState*>& contextStack();  // of this thread
ContextState* currentContext();              // null: none

// Begins a call: takes the lock, counts it, and finds out whether it may go on.
enum class Needs { nothing, driver, context };
class Entry {
 public:
  Entry(const char* call, Needs needs);
  Result answer = result::success;

 private:
  std::lock_guard<std::recursive_mutex> lock_;
};

}  // namespace framepath::simulator

#define SIM_API extern "C" __attribute__((visibility("default"))) framepath::cuda::Result
#define SIM_ENTER(call, needs)                                                         \
  const framepath::simulator::Entry entry_(#call, framepath::simulator::Needs::needs); \
  if (entry_.answer != framepath::cuda::result::success) return entry_.answer
