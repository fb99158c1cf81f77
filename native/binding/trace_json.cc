#include "binding/trace_json.h"

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

namespace framepath::binding {
namespace {

using Row = std::pair<std::string, int32_t>;

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string micros(int64_t ns) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", static_cast<double>(ns) / 1000);
  return text;
}

}  // namespace

std::string traceEvents(const graph::Trace& trace, int64_t originNs,
                        const std::function<std::string(int32_t)>& sourceId) {
  const std::vector<graph::Span> spans = trace.spans();
  std::map<Row, int> rows;
  std::map<std::pair<int32_t, int64_t>, int> left;  // spans of a frame still to come: the last arrow ends there
  for (const graph::Span& span : spans) {
    rows.emplace(Row{span.lane, span.worker}, static_cast<int>(rows.size()) + 1);
    if (span.source >= 0) left[{span.source, span.seq}]++;
  }
  const auto total = left;
  std::map<int32_t, std::string> ids;
  std::string json = R"({"displayTimeUnit":"ms","otherData":{"lost":)" + std::to_string(trace.lost()) +
                     R"(},"traceEvents":[{"ph":"M","pid":1,"name":"process_name","args":{"name":"framepath"}})";
  for (const auto& [row, tid] : rows) {
    const std::string name = row.second ? row.first + " " + std::to_string(row.second + 1) : row.first;
    json += ",\n{\"ph\":\"M\",\"pid\":1,\"tid\":" + std::to_string(tid) + R"(,"name":"thread_name","args":{"name":)" +
            quoted(name) + "}}";
  }
  for (const graph::Span& span : spans) {
    const std::string where = "\"pid\":1,\"tid\":" + std::to_string(rows[{span.lane, span.worker}]) +
                              ",\"ts\":" + micros(span.startNs - originNs);
    const auto id = ids.find(span.source);
    const std::string& source =
        id != ids.end() ? id->second : ids[span.source] = span.source < 0 ? "" : sourceId(span.source);
    json += ",\n{\"ph\":\"X\"," + where + ",\"dur\":" + micros(span.endNs - span.startNs) +
            ",\"name\":" + quoted(span.lane) + ",\"args\":{\"source\":" + quoted(source) +
            ",\"seq\":" + std::to_string(span.seq) + ",\"waitMs\":" + micros((span.startNs - span.readyNs) / 1000) +
            "}}";
    if (span.source < 0) continue;
    const std::pair<int32_t, int64_t> frame{span.source, span.seq};
    const int all = total.at(frame), remaining = left[frame]--;
    if (all == 1) continue;
    const char* phase = remaining == all ? "s" : remaining == 1 ? "f" : "t";
    json += ",\n{\"ph\":\"" + std::string(phase) + "\",\"bp\":\"e\"," + where +
            ",\"cat\":\"frame\",\"name\":\"frame\",\"id\":\"" + std::to_string(span.source) + "." +
            std::to_string(span.seq) + "\"}";
  }
  return json + "]}\n";
}

}  // namespace framepath::binding
