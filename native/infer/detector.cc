#include "infer/detector.h"

#include "core/error.h"
#include "infer/batches.h"
#include "infer/box_decoder.h"
#include "infer/loaded_model.h"
#include "infer/placement.h"

namespace framepath::infer {
namespace {

class HeadDetector : public Detector {
 public:
  explicit HeadDetector(std::shared_ptr<LoadedModel> model)
      : model_(std::move(model)), session_(model_->openSession()), batches_(model_, *session_) {
    decoder_ = openBoxDecoder(openHead(model_->spec(), model_->graph()), session_->home(), session_->queue(),
                              session_->maxBatch());
  }

  int32_t maxBatch() const override { return model_->batch(); }

  void detect(std::span<const FrameRef> frames, std::span<Detections> results) override {
    if (frames.size() != results.size())
      throw Error(ErrorCode::INTERNAL, "detect: as many results as frames are needed.");
    const auto place = [&](size_t first, size_t count) { letterbox(frames.subspan(first, count)); };
    batches_.run(frames.size(), place, [&](size_t first, size_t count) {
      const std::span<Detections> found = results.subspan(first, count);
      decoder_->decode(session_->outputs(), found);
      for (size_t i = 0; i < count; i++) mapToFrame(found[i], back_[i]);
    });
  }

  void letterbox(std::span<const FrameRef> frames) override {
    back_.clear();
    for (const FrameRef& frame : frames)
      back_.push_back(
          launchPlaced(*session_, model_->spec(), *frame, wholeFrame(*frame), static_cast<int32_t>(back_.size())));
  }
  void infer(int32_t count) override { session_->run(batches_.runSize(static_cast<size_t>(count))); }
  Queue& queue() override { return session_->queue(); }

 private:
  std::shared_ptr<LoadedModel> model_;
  std::unique_ptr<BoxDecoder> decoder_;  // outlives the queue it works on
  std::unique_ptr<Session> session_;
  Batches batches_;
  std::vector<Placement> back_;  // of the frames in the input
};

}  // namespace

std::unique_ptr<Detector> openDetector(std::shared_ptr<Model> model) {
  return std::make_unique<HeadDetector>(loaded(std::move(model)));
}

}  // namespace framepath::infer
