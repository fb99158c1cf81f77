#include "binding/mot_text.h"

#include <utility>
#include <vector>

#include "track/mot.h"

namespace framepath::binding {

namespace {
constexpr size_t kPart = 1 << 20;
}

std::string MotText::next(graph::Pipeline& pipeline, int32_t source) {
  Source open;
  {
    std::lock_guard lock(mutex_);
    open = std::exchange(sources_[source], Source{});
  }
  if (!open.begun) open = {true, pipeline.results().rows(source)};
  std::string text;
  std::vector<track::FinalRow> people;
  std::vector<track::MotRow> lines;
  try {
    while (open.rows && text.size() < kPart) {
      if (pipeline.results().linkingEnded()) {
        pipeline.recovered({pipeline.sourceId(source), graph::kMotCut, "The run was closed while it was written."});
        open.rows.reset();
      } else if (!open.rows->next(people)) {
        open.rows.reset();
      } else {
        lines.clear();
        for (const track::FinalRow& row : people)
          lines.push_back(
              {row.frameIndex + 1, pipeline.results().onlyTracks() ? row.track : row.id, row.box, row.score});
        text += track::formatMot(lines);
      }
    }
  } catch (...) {
    if (text.empty()) throw;  // else with the next call, after the lines there are
  }
  if (text.empty()) return text;
  std::lock_guard lock(mutex_);
  sources_[source] = std::move(open);
  return text;
}

}  // namespace framepath::binding
