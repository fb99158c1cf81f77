// Names of threads, as debuggers, top -H and /proc/self/task show them: the stage a thread works for.
#pragma once
#include <string>

#ifdef __linux__
#include <pthread.h>
#endif

namespace framepath {

// The calling thread's name while this lives; the first 15 bytes count. Threads that libraries start meanwhile (a
// decoder's, an encoder's) inherit it.
class ThreadName {
 public:
  explicit ThreadName(const std::string& name) {
#ifdef __linux__
    pthread_getname_np(pthread_self(), before_, sizeof before_);
    pthread_setname_np(pthread_self(), name.substr(0, sizeof before_ - 1).c_str());
#endif
  }
  ~ThreadName() {
#ifdef __linux__
    pthread_setname_np(pthread_self(), before_);
#endif
  }
  ThreadName(const ThreadName&) = delete;
  ThreadName& operator=(const ThreadName&) = delete;

 private:
  char before_[16] = {};
};

}  // namespace framepath
