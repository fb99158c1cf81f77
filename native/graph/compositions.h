// All compositions of a run, and what the failure of one output means: it ends alone, unless it is `required` or
// nothing else takes canvases any more.
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "graph/composition.h"
#include "graph/recoveries.h"

namespace framepath::graph {

// INVALID_ARGUMENT: nobody asked for them when the run was described.
Error keepsNoPackets();
Error keepsNoCanvases();
Error composesNothing();

// Thread-safe, but for open().
class Compositions {
 public:
  // `failed` is called once, from a thread of an output, with what ends the run.
  Compositions(Recoveries& recoveries, std::function<void(const Error&)> failed)
      : recoveries_(recoveries), failed_(std::move(failed)) {}
  Compositions(const Compositions&) = delete;
  Compositions& operator=(const Compositions&) = delete;

  // Opens one more; throws what Composition does. Before start().
  void open(CompositionOptions options, const std::shared_ptr<Device>& device);
  // The modules that hand frames over, to be added to `modules`.
  std::vector<ModuleNode> sinkNodes(const std::vector<ModuleNode>& modules);
  void start();

  // Calls of all of them: see Composition. `audio`: of each composition.
  void addSource(const CompositionSource& source, const std::vector<JoiningAudio>& audio);
  std::vector<bool> admits(const std::string& id) const;
  // Whether an output mixes audio, so that sources can join it.
  bool adjustsAudio(size_t composition, size_t output) const {
    return all_[composition]->outputs()[output]->adjustsAudio();
  }
  bool keepHdr() const;                                       // whether any canvas is of high dynamic range
  std::vector<CanvasCounts> countsOf(int32_t sources) const;  // by number of the source, of all compositions together
  void removeSource(int32_t source);
  void sourceFinished(int32_t source, bool failed);
  void stop(int64_t deadlineNs);
  void wake();
  void abort();
  std::vector<OutputReport> finish(bool complete);
  std::vector<OutputReport> soFar() const;
  std::optional<Error> failure() const;  // what ends the run
  std::vector<StageStats> stages() const;
  std::vector<FollowReport> followStats() const;
  std::vector<std::weak_ptr<const void>> encoders() const;

  // By name; an empty one is that of the only one. Throws INVALID_ARGUMENT.
  void nextPacket(const std::string& output, PacketQueue::Callback callback);
  void nextCanvas(const std::string& composition, CanvasQueue::Callback callback);
  // See Composition.
  void setLayout(const std::string& composition, compose::LayoutSpec layout, int64_t transitionUs);
  void setAudio(const std::string& composition, const AudioChange& change);

 private:
  void lost(const Composition& composition, int32_t output, const Error& error);
  void lostOne(const std::string& name, bool required, const Error& error);

  Recoveries& recoveries_;
  const std::function<void(const Error&)> failed_;
  std::vector<std::shared_ptr<Composition>> all_;

  mutable std::mutex mutex_;
  size_t takers_ = 0;  // outputs, and readers of canvases, that have not failed
  std::optional<Error> failure_;
};

}  // namespace framepath::graph
