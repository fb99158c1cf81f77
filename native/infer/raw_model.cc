#include "infer/batches.h"
#include "infer/embedder.h"
#include "infer/loaded_model.h"
#include "infer/placement.h"

namespace framepath::infer {
namespace {

// Any model may be read raw, whatever its head.
class SessionRawModel : public RawModel {
 public:
  explicit SessionRawModel(std::shared_ptr<LoadedModel> model)
      : model_(std::move(model)), session_(model_->openSession()), batches_(model_, *session_) {}

  std::vector<RawTensor> run(const FrameRef& frame) override {
    std::vector<RawTensor> tensors;
    const auto place = [&](size_t, size_t) { launchPlaced(*session_, model_->spec(), *frame, wholeFrame(*frame), 0); };
    batches_.run(1, place, [&](size_t, size_t) {
      tensors.clear();
      for (size_t i = 0; i < session_->outputs().size(); i++) {
        const std::span<const float> values = session_->read(i);
        tensors.push_back(
            {session_->graph().outputs[i].name, dimsOf(session_->outputs()[i]), {values.begin(), values.end()}});
      }
    });
    return tensors;
  }

 private:
  std::shared_ptr<LoadedModel> model_;
  std::unique_ptr<Session> session_;
  Batches batches_;
};

}  // namespace

std::unique_ptr<RawModel> openRawModel(std::shared_ptr<Model> model) {
  return std::make_unique<SessionRawModel>(loaded(std::move(model)));
}

}  // namespace framepath::infer
