#include "graph/source_table.h"

#include <algorithm>

namespace framepath::graph {
namespace {

// The number of frames of a source, from its container; -1: unknown.
int64_t expectedFrames(const SourceFile& file) {
  const media::SourceOptions& reader = file.spec.reader;
  if (file.info.frames <= 0) return -1;
  if (file.info.durationMs <= 0) return file.info.frames;
  const auto duration = static_cast<double>(file.info.durationMs);
  const auto from = static_cast<double>(std::max<int64_t>(0, reader.startMs));
  const double to = reader.endMs >= 0 ? std::min(static_cast<double>(reader.endMs), duration) : duration;
  const double part = std::clamp((to - from) / duration, 0.0, 1.0);
  double total = static_cast<double>(file.info.frames) * part / std::max(1, reader.stride);
  if (reader.maxFps > 0) total = std::min(total, reader.maxFps * (to - from) / 1000);
  return static_cast<int64_t>(total + 0.5);
}

}  // namespace

int32_t SourceTable::size() const {
  std::lock_guard lock(mutex_);
  return static_cast<int32_t>(files_.size());
}

int32_t SourceTable::add(SourceFile file) {
  std::lock_guard lock(mutex_);
  files_.push_back(std::move(file));
  return static_cast<int32_t>(files_.size()) - 1;
}

void SourceTable::removeLast() {
  std::lock_guard lock(mutex_);
  files_.pop_back();
}

std::string SourceTable::idOf(int32_t source) const {
  std::lock_guard lock(mutex_);
  const auto at = static_cast<size_t>(source);
  return source >= 0 && at < files_.size() ? files_[at].spec.id : "";
}

SourceFacts SourceTable::factsOf(int32_t source) const {
  std::lock_guard lock(mutex_);
  SourceFacts facts;
  const auto at = static_cast<size_t>(source);
  if (source < 0 || at >= files_.size()) return facts;
  const media::SourceOptions& reader = files_[at].spec.reader;
  const double fps = files_[at].info.fps.value();
  if (fps > 0) facts.fps = fps / std::max(1, reader.stride);
  if (reader.maxFps > 0) facts.fps = std::min(facts.fps, reader.maxFps);
  return facts;
}

std::vector<int32_t> SourceTable::numbersOf(const std::string& id) const {
  std::lock_guard lock(mutex_);
  std::vector<int32_t> numbers;
  for (size_t s = 0; s < files_.size(); s++)
    if (files_[s].spec.id == id) numbers.push_back(static_cast<int32_t>(s));
  return numbers;
}

SourceFile SourceTable::fileOf(const std::string& id) const {
  std::lock_guard lock(mutex_);
  const auto found = std::find_if(files_.rbegin(), files_.rend(), [&](const auto& file) { return file.spec.id == id; });
  if (found == files_.rend()) throw Error(ErrorCode::INVALID_ARGUMENT, "There is no source \"" + id + "\".");
  return *found;
}

std::shared_ptr<PushedSource> SourceTable::pushedOf(const std::string& id) const {
  std::lock_guard lock(mutex_);
  const auto found = std::find_if(files_.rbegin(), files_.rend(), [&](const auto& file) { return file.spec.id == id; });
  if (found == files_.rend())
    throw Error(ErrorCode::SOURCE_NOT_FOUND, "No source \"" + id + "\" takes frames.", "Push to a frames(...) source.");
  return found->pushed.lock();
}

std::vector<SourceReport> SourceTable::report(const std::vector<SourceCounts>& counts) const {
  std::lock_guard lock(mutex_);
  std::vector<SourceReport> sources;
  for (size_t s = 0; s < files_.size(); s++) {
    SourceReport& source = sources.emplace_back();
    source.uri = files_[s].spec.reader.uri;
    const std::optional<media::SourceInfo> later = files_[s].link ? files_[s].link->info() : std::nullopt;
    source.info = later ? *later : files_[s].info;
    if (s < counts.size()) source.counts = counts[s];
    source.reader = source.counts.reader;
  }
  return sources;
}

void SourceTable::addTo(Progress& progress, const std::vector<SourceCounts>& counts, double seconds) const {
  std::lock_guard lock(mutex_);
  progress.total = 0;
  for (size_t s = 0; s < files_.size() && s < counts.size(); s++) {
    Progress::Source source;
    source.id = files_[s].spec.id;
    source.done = counts[s].in - counts[s].inFlight;
    source.fps = seconds > 0 ? static_cast<double>(source.done) / seconds : 0;
    source.ended = counts[s].ended && counts[s].inFlight == 0;
    source.total = expectedFrames(files_[s]);
    if (files_[s].info.durationMs > 0 && source.total >= 0)
      source.total = source.ended ? source.done : std::max(source.done, source.total);
    progress.frames += source.done;
    progress.total = source.total < 0 || progress.total < 0 ? -1 : progress.total + source.total;
    progress.sources.push_back(std::move(source));
  }
}

}  // namespace framepath::graph
