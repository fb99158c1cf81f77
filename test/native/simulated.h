// Tests on a GPU, each in a process of its own: what they set in the environment, and a GPU that they lose, is theirs
// alone; one that crashes or hangs is a failure and not the end.
//   GPU_TEST        where there is a GPU, simulated or not
//   SIMULATOR_TEST  on the simulated one (scripts/with-simulator), see test/simulator/simulator.h
// REQUIRE_CUDA=1 makes a failure of what is else skipped.
#pragma once
#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "check.h"
#include "core/error.h"
#include "device/backends.h"
#include "device/cuda_driver.h"
#include "device/device.h"

namespace framepath::test {

constexpr unsigned kChildSeconds = 300;  // sanitized, on a busy machine

struct Simulator {
  long long (*counter)(const char* name) = nullptr;
  void (*fail)(const char* rules) = nullptr;

  bool present() const { return counter && fail; }
  long long live() const {
    long long all = 0;
    for (const char* kind : {"memory_live", "host_live", "stream_live", "event_live", "module_live", "context_live"})
      all += counter(kind);
    return all;
  }
};

// Of the driver's library that this process loads; not present: a real one, or none.
inline const Simulator& simulator() {
  static const Simulator one = [] {
    Simulator found;
    if (void* library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL)) {
      found.counter = reinterpret_cast<decltype(found.counter)>(dlsym(library, "simulatorCounter"));
      found.fail = reinterpret_cast<decltype(found.fail)>(dlsym(library, "simulatorFail"));
    }
    return found;
  }();
  return one;
}

// Runs `body` in a child. What it checks counts; `label` is added to what fails. Returns the signal that ended it, or
// 0.
template <typename Body>
int inChild(const std::string& label, Body&& body) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    alarm(kChildSeconds);
    const int before = check::failures();
    try {
      body();
    } catch (const Error& e) {
      check::fail(label.c_str(), 0, "threw " + std::string(errorCodeName(e.code)) + ": " + e.sentence);
    } catch (const std::exception& e) {
      check::fail(label.c_str(), 0, std::string("threw: ") + e.what());
    }
    std::exit(check::failures() == before ? 0 : 1);  // leaks are looked for at exit
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return WTERMSIG(status);
  if (WEXITSTATUS(status) != 0) check::fail(label.c_str(), 0, "failed in its process");
  return 0;
}

template <typename Body>
void mustPassInChild(const std::string& label, Body&& body) {
  const int signal = inChild(label, body);
  if (signal == SIGALRM)
    check::fail(label.c_str(), 0, "hangs");
  else if (signal)
    check::fail(label.c_str(), 0, std::string("was killed: ") + strsignal(signal));
}

inline void skip(const char* why) {
  std::printf("skipped: %s\n", why);
  if (std::getenv("REQUIRE_CUDA")) check::fail("REQUIRE_CUDA", 0, why);
}

// Called in the child. A real GPU cannot show what these tests are about.
inline void skipWithoutSimulator() {
  const char* why = "there is no simulated GPU (scripts/with-simulator)";
  if (!gpuPresent()) return skip(why);
  std::printf("skipped: %s\n", why);
}

}  // namespace framepath::test

#define GPU_TEST(name)                                                               \
  static void body_##name();                                                         \
  TEST(name) {                                                                       \
    framepath::test::mustPassInChild(#name, [] {                                     \
      if (!framepath::gpuPresent()) return framepath::test::skip("there is no GPU"); \
      body_##name();                                                                 \
    });                                                                              \
  }                                                                                  \
  static void body_##name()
#define SIMULATOR_TEST(name)                                                                       \
  static void body_##name();                                                                       \
  TEST(name) {                                                                                     \
    framepath::test::mustPassInChild(#name, [] {                                                   \
      if (!framepath::test::simulator().present()) return framepath::test::skipWithoutSimulator(); \
      body_##name();                                                                               \
    });                                                                                            \
  }                                                                                                \
  static void body_##name()
