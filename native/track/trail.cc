#include "track/trail.h"

#include <algorithm>
#include <cmath>

namespace framepath::track {

void Trail::add(const SeenRow& row) {
  rows_.push_back(row);
  last_ = row;
  count_++;
}

void Trail::compact(const SeenRow& row, std::vector<Stretch>& to) const {
  if (to.empty() || !to.back().add(row)) to.emplace_back(source_, !to.empty(), track_, row);
}

void Trail::choose(const SeenRow& row, BestShot& best) const {
  const float quality = row.score * std::sqrt(row.box.area()) * 1e-6f;
  if (quality > best.quality) best = {source_, track_, row.ptsUs, row.box, row.score, quality};
}

void Trail::keep(size_t count) {
  if (rows_.size() <= 2 * count + 16 && (count > 0 || rows_.empty())) return;
  const size_t old = rows_.size() - std::min(rows_.size(), count);
  for (size_t i = 0; i < old; i++) {
    compact(rows_[i], stretches_);
    choose(rows_[i], standIn_);
  }
  rows_.erase(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(old));
  if (count == 0 || rows_.capacity() > 4 * (count + 16)) rows_.shrink_to_fit();
  if (count == 0) stretches_.shrink_to_fit();
}

Trail Trail::cut(int64_t ordinal) {
  Trail later(source_, track_);
  const auto stretch = std::find_if(stretches_.begin(), stretches_.end(),
                                    [&](const Stretch& item) { return item.first.ordinal >= ordinal; });
  const auto row =
      std::find_if(rows_.begin(), rows_.end(), [&](const SeenRow& item) { return item.ordinal >= ordinal; });
  later.stretches_.assign(stretch, stretches_.end());
  later.rows_.assign(row, rows_.end());
  stretches_.erase(stretch, stretches_.end());
  rows_.erase(row, rows_.end());
  if (!later.stretches_.empty()) later.stretches_.front().joined = false;
  for (const Stretch& item : later.stretches_) {
    later.count_ += item.rows;
    later.choose(item.first, later.standIn_);
  }
  later.count_ += static_cast<int64_t>(later.rows_.size());
  later.last_ = last_;
  count_ -= later.count_;
  if (!rows_.empty())
    last_ = rows_.back();
  else if (!stretches_.empty())
    last_ = stretches_.back().last;
  return later;
}

int64_t Trail::ordinalOf(int64_t row) const {
  for (const Stretch& stretch : stretches_) {
    if (row < stretch.rows) return stretch.ordinalOf(row);
    row -= stretch.rows;
  }
  return rows_[static_cast<size_t>(row)].ordinal;
}

std::vector<Stretch> Trail::stretches() const {
  std::vector<Stretch> all = stretches_;
  for (const SeenRow& row : rows_) compact(row, all);
  return all;
}

BestShot Trail::standIn() const {
  BestShot best = standIn_;
  for (const SeenRow& row : rows_) choose(row, best);
  return best;
}

}  // namespace framepath::track
