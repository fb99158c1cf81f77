#include "binding/trace_json.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <tuple>
#include <utility>

#include "binding/read.h"

namespace framepath::binding {
namespace {

using graph::Span;

std::string micros(int64_t ns) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", static_cast<double>(ns) / 1000);
  return text;
}

struct Row {
  int pid = 0, tid = 0;
  std::string name;
  std::string where() const { return "\"pid\":" + std::to_string(pid) + ",\"tid\":" + std::to_string(tid); }
};

// Which row a span is on. Processes of hosts are theirs; everything else is a row of this process, also a GPU's queue.
class Rows {
 public:
  explicit Rows(const std::vector<Span>& spans) {
    for (const Span& span : spans) {
      auto [it, isNew] = rows_.try_emplace(key(span));
      if (!isNew) continue;
      Row& row = it->second;
      const bool elsewhere = span.pid != 0 && span.pid != own_;
      row.pid = elsewhere ? span.pid : own_;
      row.tid = elsewhere ? span.pid : ++last_;
      row.name = !span.host.empty() ? span.host
                 : span.worker      ? span.lane + " " + std::to_string(span.worker + 1)
                                    : span.lane;
    }
  }
  const Row& of(const Span& span) const { return rows_.at(key(span)); }
  int own() const { return own_; }

  std::string metadata() const {
    std::string json = name("process_name", "\"pid\":" + std::to_string(own_), "framepath");
    for (const auto& [key, row] : rows_) {
      if (row.pid != own_) json += ",\n" + name("process_name", "\"pid\":" + std::to_string(row.pid), row.name);
      json += ",\n" + name("thread_name", row.where(), row.name);
    }
    return json;
  }

 private:
  using Key = std::tuple<std::string, std::string, int32_t, int32_t>;
  static Key key(const Span& span) {
    if (!span.host.empty()) return {"", span.host, span.pid, 0};
    return {span.lane, "", span.pid, span.worker};
  }
  static std::string name(const char* what, const std::string& where, const std::string& name) {
    return R"({"ph":"M",)" + where + ",\"name\":\"" + what + R"(","args":{"name":)" + textOf(name) + "}}";
  }

  const int own_ = static_cast<int>(getpid());
  int last_ = 0;
  std::map<Key, Row> rows_;
};

std::string frameId(const Span& span) {
  return std::to_string(span.source) + "." + std::to_string(span.seq);
}

}  // namespace

std::string traceEvents(const graph::Trace& trace, int64_t originNs,
                        const std::function<std::string(int32_t)>& sourceId) {
  std::vector<Span> spans = trace.spans();
  // Arrows go forward in time: a frame's spans are in the order in which they began, the outer of two first.
  std::stable_sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) {
    return a.startNs != b.startNs ? a.startNs < b.startNs : a.endNs > b.endNs;
  });
  const Rows rows(spans);
  std::map<std::pair<int32_t, int64_t>, int> left;  // spans of a frame still to come: the last arrow ends there
  for (const Span& span : spans)
    if (span.source >= 0) left[{span.source, span.seq}]++;
  const auto total = left;
  std::map<int32_t, std::string> ids;
  std::string json = R"({"displayTimeUnit":"ms","otherData":{"lost":)" + std::to_string(trace.lost()) +
                     R"(},"traceEvents":[)" + rows.metadata();
  for (const Span& span : spans) {
    const std::string at = rows.of(span).where() + ",\"ts\":" + micros(span.startNs - originNs);
    const auto id = ids.find(span.source);
    const std::string& source =
        id != ids.end() ? id->second : ids[span.source] = span.source < 0 ? "" : sourceId(span.source);
    const std::string frame = "\"source\":" + textOf(source) + ",\"seq\":" + std::to_string(span.seq);
    json += ",\n{\"ph\":\"X\"," + at + ",\"dur\":" + micros(span.endNs - span.startNs) +
            ",\"name\":" + textOf(span.lane) + ",\"args\":{" + frame +
            ",\"waitMs\":" + micros((span.startNs - span.readyNs) / 1000) + ",\"batch\":" + std::to_string(span.batch) +
            "}}";
    if (span.source < 0) continue;
    if (span.host.empty() && span.readyNs < span.startNs) {
      const auto wait = [&](const char* phase, int64_t ns) {
        return ",\n{\"ph\":\"" + std::string(phase) + "\",\"cat\":\"wait\",\"pid\":" + std::to_string(rows.own()) +
               ",\"id\":" + textOf(span.lane + "/" + frameId(span)) + ",\"name\":" + textOf("waits for " + span.lane) +
               ",\"ts\":" + micros(ns - originNs);
      };
      json += wait("b", span.readyNs) + ",\"args\":{" + frame + "}}" + wait("e", span.startNs) + "}";
    }
    const int all = total.at({span.source, span.seq}), remaining = left[{span.source, span.seq}]--;
    if (all == 1) continue;
    const char* phase = remaining == all ? "s" : remaining == 1 ? "f" : "t";
    json += ",\n{\"ph\":\"" + std::string(phase) + "\",\"bp\":\"e\"," + at +
            ",\"cat\":\"frame\",\"name\":\"frame\",\"id\":\"" + frameId(span) + "\"}";
  }
  return json + "]}\n";
}

graph::Span spanOf(const schema::HostSpan& from) {
  FIELDS_OF(from, module, source, seq, host, pid, startMs, endMs);
  const auto ns = [](double ms) { return static_cast<int64_t>(std::llround(ms * 1e6)); };
  graph::Span span;
  span.lane = module;
  span.source = source;
  span.seq = seq;
  span.readyNs = span.startNs = ns(startMs);
  span.endNs = ns(endMs);
  span.host = host;
  span.pid = pid;
  return span;
}

}  // namespace framepath::binding
