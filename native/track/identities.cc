#include <algorithm>
#include <mutex>

#include "core/error.h"
#include "track/bank.h"
#include "track/final_rows.h"
#include "track/gallery.h"
#include "track/identity.h"
#include "track/relink.h"

namespace framepath::track {

namespace {

class RunIdentities final : public Identities {
 public:
  RunIdentities(const IdentityOptions& options, const RowOptions& rows, const IdentityLimits& limits)
      : options_(options), rows_(rows), limits_(limits), space_(makeEmbeddingSpace(options)) {}

  std::unique_ptr<Gallery> openGallery(int32_t source) override {
    std::lock_guard lock(mutex_);
    if (recordOf(source)) {
      throw Error(ErrorCode::INVALID_ARGUMENT,
                  "Identities: source " + std::to_string(source) + " has a gallery already");
    }
    auto record = std::make_shared<SourceRecord>(source);
    if (rows_.keep) record->spool = std::make_unique<RowSpool>(rows_.folder);
    std::unique_ptr<Gallery> gallery = makeGallery(options_, record, bank_, limits_, rows_.lost);
    const auto place = std::upper_bound(records_.begin(), records_.end(), source,
                                        [](int32_t value, const auto& other) { return value < other->source; });
    records_.insert(place, std::move(record));
    return gallery;
  }

  RelinkRef relink(const RelinkOptions& options) override {
    std::lock_guard linking(linking_);
    const auto records = this->records();
    int64_t frames = 0;
    for (const auto& record : records) {
      std::lock_guard lock(record->mutex);
      frames += record->frames;
    }
    const bool stopped = options.stop && options.stop->passed();
    if (linked_ && linkedFrames_ == frames && linkedScenes_ == options.sameScene && (linked_->complete || stopped))
      return linked_;
    linked_ = std::make_shared<RelinkResult>(relinkRecords(records, options_, options));
    linkedFrames_ = frames;
    linkedScenes_ = options.sameScene;
    return linked_;
  }

  std::unique_ptr<FinalRows> rows(int32_t source, RelinkRef linked) const override {
    std::shared_ptr<SourceRecord> record;
    {
      std::lock_guard lock(mutex_);
      record = recordOf(source);
    }
    if (!record) return openFinalRows(source, RowSpool::Reader{}, std::move(linked));  // no frame came from it
    std::lock_guard lock(record->mutex);
    if (!record->spool) throw Error(ErrorCode::INVALID_ARGUMENT, "The rows of this run are not kept.", "Ask for MOT.");
    return openFinalRows(source, record->spool->read(), std::move(linked));
  }

  // The people of this run and those of the bank that were not seen.
  std::vector<uint8_t> save(const RelinkResult& linked) const override {
    std::map<int32_t, EmbeddingSet> all = linked.embeddings;
    std::lock_guard lock(mutex_);
    for (const auto& [id, embeddings] : bank_) all.emplace(id, embeddings);
    return saveBank(space_, all);
  }

  void load(const std::vector<uint8_t>& bytes) override {
    std::map<int32_t, EmbeddingSet> loaded = loadBank(space_, bytes, std::max(1, options_.maxEmbeddingsPerIdentity));
    std::lock_guard lock(mutex_);
    if (!records_.empty()) {
      throw Error(ErrorCode::INVALID_ARGUMENT, "Identities: a bank must be loaded before the first source is opened");
    }
    bank_ = std::move(loaded);
  }

 private:
  std::shared_ptr<SourceRecord> recordOf(int32_t source) const {
    for (const auto& record : records_)
      if (record->source == source) return record;
    return nullptr;
  }
  std::vector<std::shared_ptr<SourceRecord>> records() const {
    std::lock_guard lock(mutex_);
    return records_;
  }

  const IdentityOptions options_;
  const RowOptions rows_;
  const IdentityLimits limits_;
  const EmbeddingSpace space_;
  mutable std::mutex mutex_;
  std::map<int32_t, EmbeddingSet> bank_;
  std::vector<std::shared_ptr<SourceRecord>> records_;  // by source
  std::mutex linking_;                                  // one at a time; guards the last result
  RelinkRef linked_;
  int64_t linkedFrames_ = 0;
  std::vector<std::vector<int32_t>> linkedScenes_;
};

}  // namespace

std::shared_ptr<Identities> makeIdentities(const IdentityOptions& options, const RowOptions& rows,
                                           const IdentityLimits& limits) {
  return std::make_shared<RunIdentities>(options, rows, limits);
}

}  // namespace framepath::track
