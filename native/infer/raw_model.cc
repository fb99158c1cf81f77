#include "infer/embedder.h"
#include "infer/loaded_model.h"
#include "infer/placement.h"

namespace framepath::infer {
namespace {

// Any model may be read raw, whatever its head.
class SessionRawModel : public RawModel {
 public:
  explicit SessionRawModel(std::shared_ptr<LoadedModel> model)
      : model_(std::move(model)), session_(model_->openSession()) {}

  std::vector<RawTensor> run(const FrameRef& frame) override {
    launchPlaced(*session_, model_->spec(), *frame, wholeFrame(*frame), 0);
    session_->run(model_->nextStep(1).run);
    std::vector<RawTensor> tensors;
    for (size_t i = 0; i < session_->outputs().size(); i++) {
      const OutputView& output = session_->outputs()[i];
      tensors.push_back({session_->graph().outputs[i].name, output.dims, {output.data, output.data + output.count()}});
    }
    return tensors;
  }

 private:
  std::shared_ptr<LoadedModel> model_;
  std::unique_ptr<Session> session_;
};

}  // namespace

std::unique_ptr<RawModel> openRawModel(std::shared_ptr<Model> model) {
  return std::make_unique<SessionRawModel>(loaded(std::move(model)));
}

}  // namespace framepath::infer
