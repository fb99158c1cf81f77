#include "infer/detector.h"

#include <limits>

#include "core/error.h"
#include "infer/batches.h"
#include "infer/box_decoder.h"
#include "infer/loaded_model.h"
#include "infer/mask_decoder.h"
#include "infer/placement.h"

namespace framepath::infer {
namespace {

class HeadDetector : public Detector {
 public:
  explicit HeadDetector(std::shared_ptr<LoadedModel> model)
      : model_(std::move(model)), session_(model_->openSession()), batches_(model_, *session_) {
    const Head head = openHead(model_->spec(), model_->graph());
    decoder_ = openBoxDecoder(head, session_->home(), session_->queue(), session_->maxBatch());
    if (head.prototypes.channels > 0) masks_ = std::make_unique<MaskDecoder>(head, session_->home(), session_->queue());
  }

  int32_t maxBatch() const override { return model_->batch(); }

  void detect(std::span<const FrameRef> frames, std::span<Detections> results) override {
    if (frames.size() != results.size())
      throw Error(ErrorCode::INTERNAL, "detect: as many results as frames are needed.");
    const auto place = [&](size_t first, size_t count) { letterbox(frames.subspan(first, count)); };
    batches_.run(frames.size(), place, [&](size_t first, size_t count) {
      found_.resize(count);
      decoder_->decode(session_->outputs(), found_);
      for (size_t i = 0; i < count; i++) {
        FoundBoxes& found = found_[i];
        keepUsable(found, masks_ ? kMostMasked : std::numeric_limits<size_t>::max());
        mapToFrame(found, back_[i]);
        const Frame& frame = *frames[first + i];
        if (masks_)
          masks_->decode(session_->outputs(), count, static_cast<int32_t>(i), back_[i], frame.width, frame.height,
                         found);
        results[first + i] = std::move(static_cast<Detections&>(found));
      }
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
  // They outlive the queue they work on.
  std::unique_ptr<BoxDecoder> decoder_;
  std::unique_ptr<MaskDecoder> masks_;  // null: the model has none
  std::unique_ptr<Session> session_;
  Batches batches_;
  std::vector<Placement> back_;  // of the frames in the input
  std::vector<FoundBoxes> found_;
};

}  // namespace

std::unique_ptr<Detector> openDetector(std::shared_ptr<Model> model) {
  return std::make_unique<HeadDetector>(loaded(std::move(model)));
}

}  // namespace framepath::infer
