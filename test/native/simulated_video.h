// The simulated driver's video codecs, and faults ordered from them and the driver: a few of each kind,
// FRAMEPATH_FAULTS=all or none of them.
//   VIDEO_TEST  as SIMULATOR_TEST, where the simulator has codecs: it is built without them where their headers are not
#pragma once
#include <unistd.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "simulated.h"

namespace framepath::test {

// Calls that our code and libavcodec make of libcuda, and of the codecs' libraries.
inline std::vector<std::string> driverCalls() {
  return {
#define FRAMEPATH_CUDA_NAME(name, parameters) #name,
      FRAMEPATH_CUDA_CALLS(FRAMEPATH_CUDA_NAME)
#undef FRAMEPATH_CUDA_NAME
  };
}

inline bool faultsAre(const char* wanted) {
  const char* value = std::getenv("FRAMEPATH_FAULTS");
  return value && std::string(value) == wanted;
}
inline bool allFaults() {
  return faultsAre("all");
}

// How often `body`, in a child, makes the call.
template <typename Body>
long long timesCalled(const std::string& call, Body&& body) {
  int ends[2];
  if (pipe(ends) != 0) return 0;
  mustPassInChild(call, [&] {
    body();
    const long long count = simulator().counter(("call:" + call).c_str());
    if (::write(ends[1], &count, sizeof count) != sizeof count) check::fail(call.c_str(), 0, "could not be counted");
  });
  close(ends[1]);
  long long count = 0;
  if (::read(ends[0], &count, sizeof count) != sizeof count) count = 0;
  close(ends[0]);
  return count;
}

// Each call fails, at several of its turns and with several results, every time in a child that does `body`.
template <typename Body>
void failEveryCall(const std::vector<std::string>& calls, Body&& body) {
  const long long turns = allFaults() ? 4 : 1;
  const std::vector<int> results = allFaults() ? std::vector{1, 2, 20, 700, 999} : std::vector{1, 700};
  for (const std::string& call : calls) {
    const long long count = timesCalled(call, body);
    for (long long turn = 0; turn < std::min(turns, count); turn++) {
      const long long n = turns == 1 ? (count + 1) / 2 : 1 + (count - 1) * turn / (turns - 1);
      for (const int result : results) {
        const std::string rule = call + ":" + std::to_string(n) + ":" + std::to_string(result);
        mustPassInChild(rule, [&] {
          simulator().fail(rule.c_str());
          body();
        });
      }
    }
  }
}

// REQUIRE_VIDEO=1 makes a failure of what is else skipped.
inline bool videoIsSimulated() {
  const bool there = simulator().present() && dlopen("libnvcuvid.so.1", RTLD_NOW | RTLD_LOCAL) &&
                     dlopen("libnvidia-encode.so.1", RTLD_NOW | RTLD_LOCAL);
  if (there) return true;
  if (std::getenv("REQUIRE_VIDEO")) {
    const char* why = dlerror();
    check::fail("REQUIRE_VIDEO", 0, why ? why : "this is not the simulated driver");
  }
  std::printf("skipped: there are no simulated video codecs (libffmpeg-nvenc-dev, libx265-dev)\n");
  return false;
}

// Never destroyed: the driver may be gone before static objects are.
inline const std::shared_ptr<Device>& gpu() {
  static auto* const device = new std::shared_ptr<Device>(openDevice("cuda:0"));
  return *device;
}

inline long long counter(const char* name) {
  return simulator().counter(name);
}

// The simulator's counts of that name are 0: nothing is left of what they count.
inline void requireNone(std::initializer_list<const char*> names, const std::string& what) {
  for (const char* name : names)
    if (const long long left = counter(name); left != 0)
      check::fail(what.c_str(), 0, std::string(name) + " is " + std::to_string(left));
}

// What a run may end with when a call of the driver fails.
inline bool tellsOfTheDevice(ErrorCode code) {
  return code == ErrorCode::DEVICE_LOST || code == ErrorCode::DEVICE_OUT_OF_MEMORY ||
         code == ErrorCode::DEVICE_UNAVAILABLE;
}

}  // namespace framepath::test

// For tests about faults that must not run in a child of their own, since they have many: false = leave it out.
#define FAULTS_WANTED (!framepath::test::faultsAre("none") && framepath::test::videoIsSimulated())
#define VIDEO_TEST(name)                                  \
  static void body_##name();                              \
  TEST(name) {                                            \
    if (!framepath::test::videoIsSimulated()) return;     \
    framepath::test::mustPassInChild(#name, body_##name); \
  }                                                       \
  static void body_##name()
