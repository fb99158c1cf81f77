#include "infer/detector.h"

#include "core/error.h"
#include "infer/head.h"
#include "infer/loaded_model.h"
#include "infer/placement.h"

namespace framepath::infer {
namespace {

class HeadDetector : public Detector {
 public:
  explicit HeadDetector(std::shared_ptr<LoadedModel> model)
      : model_(std::move(model)), head_(openHead(model_->spec(), model_->graph())), session_(model_->openSession()) {}

  int32_t maxBatch() const override { return model_->batch(); }

  void detect(std::span<const FrameRef> frames, std::span<Detections> results) override {
    if (frames.size() != results.size())
      throw Error(ErrorCode::INTERNAL, "detect: as many results as frames are needed.");
    for (size_t done = 0; done < frames.size();) {
      const LoadedModel::Step step = model_->nextStep(frames.size() - done);
      letterbox(frames.subspan(done, static_cast<size_t>(step.take)));
      session_->run(step.run);
      for (int32_t i = 0; i < step.take; i++) {
        Detections& found = results[done + i];
        head_->decode(session_->outputs(), i, found);
        mapToFrame(found, back_[i]);
      }
      done += step.take;
    }
  }

  void letterbox(std::span<const FrameRef> frames) override {
    back_.clear();
    for (const FrameRef& frame : frames)
      back_.push_back(
          launchPlaced(*session_, model_->spec(), *frame, wholeFrame(*frame), static_cast<int32_t>(back_.size())));
  }
  void infer(int32_t count) override { session_->run(model_->nextStep(static_cast<size_t>(count)).run); }
  Queue& queue() override { return session_->queue(); }

 private:
  std::shared_ptr<LoadedModel> model_;
  std::unique_ptr<Head> head_;
  std::unique_ptr<Session> session_;
  std::vector<Placement> back_;  // of the frames in the input
};

}  // namespace

std::unique_ptr<Detector> openDetector(std::shared_ptr<Model> model) {
  return std::make_unique<HeadDetector>(loaded(std::move(model)));
}

}  // namespace framepath::infer
