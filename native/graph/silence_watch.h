// Reports live sources that are connected and give nothing, once per outage.
#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "graph/recoveries.h"
#include "media/source_link.h"

namespace framepath::graph {

// Thread-safe.
class SilenceWatch {
 public:
  explicit SilenceWatch(Recoveries& recoveries) : recoveries_(recoveries) {}
  ~SilenceWatch() { stop(); }
  SilenceWatch(const SilenceWatch&) = delete;
  SilenceWatch& operator=(const SilenceWatch&) = delete;

  void add(std::string id, std::shared_ptr<const media::SourceLink> link);
  void stop();

  static constexpr int64_t kSilentNs = 5'000'000'000;

 private:
  struct Watched {
    std::string id;
    std::shared_ptr<const media::SourceLink> link;
    int64_t sinceNs = 0;  // it is read from here on
    bool reported = false;
  };
  void watch();

  Recoveries& recoveries_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  std::vector<Watched> watched_;
  std::thread thread_;  // from the first live source on
};

}  // namespace framepath::graph
