#include "track/timeline.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

namespace framepath::track {

namespace {

constexpr double kMaxSpeed = 6;  // box heights a second: a gap with a larger jump is not filled

Box between(const Box& a, const Box& b, float t) {
  return {a.x1 + t * (b.x1 - a.x1), a.y1 + t * (b.y1 - a.y1), a.x2 + t * (b.x2 - a.x2), a.y2 + t * (b.y2 - a.y2)};
}

bool plausible(const TrackRow& a, const TrackRow& b) {
  const double dx = (b.box.x1 + b.box.x2 - a.box.x1 - a.box.x2) / 2, dy = (b.box.y1 + b.box.y2 - a.box.y1 - a.box.y2) / 2;
  const double height = std::max({1.0, static_cast<double>(a.box.height()), static_cast<double>(b.box.height())});
  return std::hypot(dx, dy) <= height * (0.5 + kMaxSpeed * static_cast<double>(b.ptsUs - a.ptsUs) / 1e6);
}

const SourceRecord* find(const std::vector<std::shared_ptr<SourceRecord>>& records, int32_t source) {
  for (const auto& record : records) {
    if (record->source == source) return record.get();
  }
  return nullptr;
}

// Fills the gaps of one identity in one source; `rows` in the order of frames.
void fillGaps(const SourceRecord& record, const std::vector<FinalRow>& rows, int64_t interpolateUs, std::vector<FinalRow>& out) {
  for (size_t i = 0; i + 1 < rows.size(); i++) {
    const TrackRow &a = rows[i].row, &b = rows[i + 1].row;
    if (b.ptsUs - a.ptsUs > interpolateUs || !plausible(a, b)) continue;
    auto frame = std::upper_bound(record.frames.begin(), record.frames.end(), a.frameIndex,
                                  [](int64_t index, const FrameStamp& stamp) { return index < stamp.index; });
    for (; frame != record.frames.end() && frame->index < b.frameIndex; ++frame) {
      const float t = static_cast<float>(frame->index - a.frameIndex) / static_cast<float>(b.frameIndex - a.frameIndex);
      FinalRow filled = rows[i];
      filled.row = {frame->index, frame->ptsUs, between(a.box, b.box, t), std::min(a.score, b.score), 0, true};
      out.push_back(filled);
    }
  }
}

}  // namespace

std::vector<FinalRow> finalRows(const std::vector<std::shared_ptr<SourceRecord>>& records, const Relinked& relinked,
                                int64_t interpolateUs) {
  std::map<std::pair<int32_t, int32_t>, std::vector<FinalRow>> byPerson;  // source, id
  for (const Piece& piece : relinked.pieces) {
    const SourceRecord* record = find(records, piece.source);
    if (piece.id == 0 || !record) continue;
    std::lock_guard lock(record->mutex);
    const Segment& segment = record->segments[piece.segment];
    for (size_t i = piece.begin; i < piece.end; i++) {
      byPerson[{piece.source, piece.id}].push_back({piece.source, piece.id, segment.track, segment.rows[i]});
    }
  }
  std::vector<FinalRow> all;
  for (auto& [person, rows] : byPerson) {
    std::stable_sort(rows.begin(), rows.end(),
                     [](const FinalRow& a, const FinalRow& b) { return a.row.frameIndex < b.row.frameIndex; });
    all.insert(all.end(), rows.begin(), rows.end());
    const SourceRecord* record = find(records, person.first);
    std::lock_guard lock(record->mutex);
    if (interpolateUs > 0) fillGaps(*record, rows, interpolateUs, all);
  }
  std::stable_sort(all.begin(), all.end(), [](const FinalRow& a, const FinalRow& b) {
    return std::tie(a.source, a.row.frameIndex, a.id) < std::tie(b.source, b.row.frameIndex, b.id);
  });
  return all;
}

std::vector<Identity> finalIdentities(const std::vector<std::shared_ptr<SourceRecord>>& records, const Relinked& relinked,
                                      const std::vector<FinalRow>& rows, int64_t interpolateUs) {
  std::map<int32_t, Identity> byId;
  std::map<int32_t, std::set<std::pair<int32_t, int64_t>>> subIds;
  std::map<std::pair<int32_t, int32_t>, Span*> open;
  for (const FinalRow& row : rows) {
    Identity& identity = byId[row.id];
    identity.id = row.id;
    identity.frames++;
    if (!row.row.interpolated) subIds[row.id].insert({row.source, row.track});
    Span* last = nullptr;
    for (Span& span : identity.spans) {
      if (span.source == row.source) last = &span;
    }
    if (last && row.row.ptsUs - last->endUs <= std::max<int64_t>(interpolateUs, 100'000)) {
      last->endUs = row.row.ptsUs;
    } else {
      identity.spans.push_back({row.source, row.row.ptsUs, row.row.ptsUs});
    }
    // Without a print, the largest sure box stands in for the best shot.
    const float quality = row.row.score * std::sqrt(row.row.box.area()) * 1e-6f;
    if (!row.row.interpolated && quality > identity.best.quality) {
      identity.best = {row.source, row.track, row.row.ptsUs, row.row.box, row.row.score, quality};
    }
  }
  for (const Piece& piece : relinked.pieces) {
    const auto found = byId.find(piece.id);
    const SourceRecord* record = find(records, piece.source);
    if (found == byId.end() || !record) continue;
    std::lock_guard lock(record->mutex);
    const BestShot& best = record->segments[piece.segment].best;
    if (best.source >= 0 && best.quality > found->second.best.quality) found->second.best = best;
  }
  std::vector<Identity> identities;
  for (auto& [id, identity] : byId) {
    for (const auto& [source, track] : subIds[id]) identity.subIds.push_back({source, track});
    std::sort(identity.spans.begin(), identity.spans.end(), [](const Span& a, const Span& b) {
      return std::tie(a.source, a.startUs) < std::tie(b.source, b.startUs);
    });
    identities.push_back(std::move(identity));
  }
  return identities;
}

}  // namespace framepath::track
