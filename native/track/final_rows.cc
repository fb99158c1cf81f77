#include "track/final_rows.h"

#include <algorithm>
#include <deque>
#include <unordered_map>

#include "track/stretch.h"

namespace framepath::track {

namespace {

constexpr size_t kMostFrames = 20'000;  // held to be filled, when times do not go on

Box between(const Box& a, const Box& b, float t) {
  return {a.x1 + t * (b.x1 - a.x1), a.y1 + t * (b.y1 - a.y1), a.x2 + t * (b.x2 - a.x2), a.y2 + t * (b.y2 - a.y2)};
}

class SpooledRows final : public FinalRows {
 public:
  SpooledRows(int32_t source, RowSpool::Reader reader, RelinkRef linked)
      : source_(source), reader_(std::move(reader)), linked_(std::move(linked)) {
    const auto& all = linked_->stretches;
    next_ = std::lower_bound(all.begin(), all.end(), source,
                             [](const FinalStretch& item, int32_t value) { return item.source < value; });
    end_ = std::upper_bound(next_, all.end(), source,
                            [](int32_t value, const FinalStretch& item) { return value < item.source; });
  }

  bool next(std::vector<FinalRow>& rows) override {
    const auto mayGetMore = [&] {
      return held_.empty() || (held_.back().ptsUs - held_.front().ptsUs <= kFillUs && held_.size() < kMostFrames);
    };
    while (!ended_ && mayGetMore()) ended_ = !take();
    if (held_.empty()) return false;
    rows = std::move(held_.front().rows);
    held_.pop_front();
    std::stable_sort(rows.begin(), rows.end(), [](const FinalRow& a, const FinalRow& b) { return a.id < b.id; });
    return true;
  }

 private:
  struct Held {
    int64_t ordinal, index, ptsUs;
    std::vector<FinalRow> rows;
  };
  struct Last {
    int64_t ordinal;
    FinalRow row;
  };

  bool take() {
    if (!reader_.next(frame_)) return false;
    const int64_t ordinal = ordinal_++;
    held_.push_back({ordinal, frame_.index, frame_.ptsUs, {}});
    for (; next_ != end_ && next_->first <= ordinal; ++next_) current_[next_->track].push_back(*next_);
    for (const SpooledRow& row : frame_.rows) {
      const int32_t id = idOf(row.track, ordinal);
      if (id == 0) continue;
      const float* v = row.values;
      const Last seen{ordinal,
                      {source_, id, row.track, frame_.index, frame_.ptsUs, {v[0], v[1], v[2], v[3]}, v[4], false}};
      const auto [last, added] = last_.try_emplace(id, seen);
      if (!added) {
        fill(last->second, seen);
        last->second = seen;
      }
      held_.back().rows.push_back(seen.row);
    }
    if (last_.size() > 64 && ordinal % 1024 == 0)
      std::erase_if(last_, [&](const auto& entry) { return entry.second.ordinal < held_.front().ordinal; });
    return true;
  }

  int32_t idOf(int64_t track, int64_t ordinal) {
    const auto found = current_.find(track);
    if (found == current_.end()) return 0;
    std::deque<FinalStretch>& stretches = found->second;
    while (!stretches.empty() && stretches.front().last < ordinal) stretches.pop_front();
    if (!stretches.empty()) return stretches.front().first <= ordinal ? stretches.front().id : 0;
    current_.erase(found);
    return 0;
  }

  void fill(const Last& from, const Last& to) {
    const FinalRow &a = from.row, &b = to.row;
    if (to.ordinal == from.ordinal + 1 || from.ordinal < held_.front().ordinal ||
        !fillable({from.ordinal, a.ptsUs, a.box, a.score}, {to.ordinal, b.ptsUs, b.box, b.score}))
      return;
    for (int64_t ordinal = from.ordinal + 1; ordinal < to.ordinal; ordinal++) {
      Held& held = held_[static_cast<size_t>(ordinal - held_.front().ordinal)];
      const float t = static_cast<float>(held.index - a.frameIndex) / static_cast<float>(b.frameIndex - a.frameIndex);
      held.rows.push_back(
          {source_, a.id, a.track, held.index, held.ptsUs, between(a.box, b.box, t), std::min(a.score, b.score), true});
    }
  }

  const int32_t source_;
  RowSpool::Reader reader_;
  const RelinkRef linked_;
  std::vector<FinalStretch>::const_iterator next_, end_;
  std::unordered_map<int64_t, std::deque<FinalStretch>> current_;  // by track
  std::unordered_map<int32_t, Last> last_;                         // by id
  std::deque<Held> held_;                                          // may still get rows
  SpooledFrame frame_;
  int64_t ordinal_ = 0;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<FinalRows> openFinalRows(int32_t source, RowSpool::Reader reader, RelinkRef linked) {
  return std::make_unique<SpooledRows>(source, std::move(reader), std::move(linked));
}

}  // namespace framepath::track
