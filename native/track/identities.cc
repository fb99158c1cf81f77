#include <algorithm>
#include <map>
#include <mutex>

#include "core/error.h"
#include "track/bank.h"
#include "track/gallery.h"
#include "track/identity.h"
#include "track/relink.h"
#include "track/timeline.h"

namespace framepath::track {

namespace {

class RunIdentities final : public Identities {
 public:
  explicit RunIdentities(const IdentityOptions& options) : options_(options), space_(makePrintSpace(options)) {}

  std::unique_ptr<Gallery> openGallery(int32_t source) override {
    std::lock_guard lock(mutex_);
    for (const auto& record : records_) {
      if (record->source == source) {
        throw Error(ErrorCode::INVALID_ARGUMENT, "Identities: source " + std::to_string(source) + " has a gallery already");
      }
    }
    auto record = std::make_shared<SourceRecord>(source);
    std::unique_ptr<Gallery> gallery = makeGallery(options_, record, bank_);
    const auto place = std::upper_bound(records_.begin(), records_.end(), source,
                                        [](int32_t value, const auto& other) { return value < other->source; });
    records_.insert(place, std::move(record));
    return gallery;
  }

  RelinkResult relink(const RelinkOptions& options) override {
    std::lock_guard lock(mutex_);
    relinked_ = relinkRecords(records_, options_, options);
    rows_ = finalRows(records_, relinked_, options.interpolateUs);
    return {finalIdentities(records_, relinked_, rows_, options.interpolateUs), relinked_.merged};
  }

  std::vector<FinalRow> rows() const override {
    std::lock_guard lock(mutex_);
    return rows_;
  }

  // The people of this run and those of the bank that were not seen.
  std::vector<uint8_t> save() const override {
    std::lock_guard lock(mutex_);
    std::map<int32_t, PrintSet> all = relinkRecords(records_, options_, {}).prints;
    for (const auto& [id, prints] : bank_) all.emplace(id, prints);
    return saveBank(space_, all);
  }

  void load(const std::vector<uint8_t>& bytes) override {
    std::map<int32_t, PrintSet> loaded = loadBank(space_, bytes, std::max(1, options_.maxPrintsPerIdentity));
    std::lock_guard lock(mutex_);
    if (!records_.empty()) {
      throw Error(ErrorCode::INVALID_ARGUMENT, "Identities: a bank must be loaded before the first source is opened");
    }
    bank_ = std::move(loaded);
  }

 private:
  const IdentityOptions options_;
  const PrintSpace space_;
  mutable std::mutex mutex_;
  std::map<int32_t, PrintSet> bank_;
  std::vector<std::shared_ptr<SourceRecord>> records_;  // by source
  Relinked relinked_;
  std::vector<FinalRow> rows_;
};

}  // namespace

std::shared_ptr<Identities> makeIdentities(const IdentityOptions& options) { return std::make_shared<RunIdentities>(options); }

}  // namespace framepath::track
