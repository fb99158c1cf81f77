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
      std::vector<Placement> back;
      for (int32_t i = 0; i < step.take; i++) {
        const Frame& frame = *frames[done + i];
        back.push_back(launchPlaced(*session_, model_->spec(), frame, wholeFrame(frame), i));
      }
      session_->run(step.run);
      for (int32_t i = 0; i < step.take; i++) {
        Detections& found = results[done + i];
        head_->decode(session_->outputs(), i, found);
        mapToFrame(found, back[i]);
      }
      done += step.take;
    }
  }

 private:
  std::shared_ptr<LoadedModel> model_;
  std::unique_ptr<Head> head_;
  std::unique_ptr<Session> session_;
};

}  // namespace

std::unique_ptr<Detector> openDetector(std::shared_ptr<Model> model) {
  return std::make_unique<HeadDetector>(loaded(std::move(model)));
}

}  // namespace framepath::infer
