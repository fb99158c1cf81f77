// Where the time of a stage goes.
#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "core/histogram.h"

namespace framepath::graph {

struct StageStats {
  std::string name;
  std::string kind;  // decode | module | compose | encode
  int32_t workers = 1;
  int64_t count = 0;
  int64_t batches = 0;
  int64_t failures = 0;
  int64_t busyNs = 0;
  int64_t queued = 0;                      // of a module: tasks that wait for it
  std::map<std::string, int64_t> results;  // of a module: number of results by ObservationKind
  Histogram wait, service;

  void add(int64_t waitNs, int64_t serviceNs) {
    count++;
    wait.add(waitNs);
    service.add(serviceNs);
  }
  // One piece of work on one worker.
  void addWork(int64_t readyNs, int64_t startNs, int64_t endNs) {
    add(startNs - readyNs, endNs - startNs);
    busyNs += endNs - startNs;
  }
};

}  // namespace framepath::graph
