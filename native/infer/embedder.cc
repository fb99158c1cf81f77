#include "infer/embedder.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "infer/alignment.h"
#include "infer/batches.h"
#include "infer/loaded_model.h"
#include "infer/placement.h"
#include "infer/spec.h"

namespace framepath::infer {
namespace {

class CropEmbedder : public Embedder {
 public:
  explicit CropEmbedder(std::shared_ptr<LoadedModel> model)
      : model_(std::move(model)), session_(model_->openSession()), batches_(model_, *session_) {}

  int32_t dims() const override { return model_->spec().embeddingDims; }
  int32_t maxBatch() const override { return model_->batch(); }

  void embed(std::span<const CropRequest> crops, float* embeddings) override {
    const auto width = static_cast<size_t>(dims());
    const auto place = [&](size_t first, size_t count) { launchCrops(crops.subspan(first, count)); };
    batches_.run(crops.size(), place, [&](size_t first, size_t count) {
      const std::span<const float> rows = session_->read(0, static_cast<int64_t>(count));
      std::memcpy(embeddings + first * width, rows.data(), count * width * sizeof(float));
    });
  }

 private:
  void launchCrops(std::span<const CropRequest> crops) {
    const ModelSpec& spec = model_->spec();
    const CropShape shape{spec.width, spec.height, spec.align};
    Queue& queue = session_->queue();
    for (const CropRequest& crop : crops) queue.wait(crop.frame->ready);
    for (size_t from = 0; from < crops.size(); from += kMaxCrops) {
      const auto count = static_cast<int32_t>(std::min<size_t>(kMaxCrops, crops.size() - from));
      const TensorSlot slot = slotOf(*session_, spec, static_cast<int32_t>(from));
      CropsArgs args{};
      for (int32_t i = 0; i < count; i++) {
        const CropRequest& crop = crops[from + i];
        args.items[i] = cropItem(*crop.frame, cropMap(shape, crop));
      }
      args.count = count;
      args.data = slot.data;
      args.type = slot.type;
      args.layout = slot.layout;
      args.width = slot.width;
      args.height = slot.height;
      args.normalize = normalizeOf(spec);
      launch(session_->device(), queue, args, {spec.width, spec.height, count});
    }
    const Fence read = queue.record();
    for (const CropRequest& crop : crops) crop.frame->addReadFence(read);
  }

  std::shared_ptr<LoadedModel> model_;
  std::unique_ptr<Session> session_;
  Batches batches_;
};

}  // namespace

std::unique_ptr<Embedder> openEmbedder(std::shared_ptr<Model> model) {
  requireHead(*model, HeadKind::embedding, "embeds crops");
  return std::make_unique<CropEmbedder>(loaded(std::move(model)));
}

}  // namespace framepath::infer
