// What exporters write into a file: our own set-up ("framepath.*") and Ultralytics (names, imgsz, task, end2end).
#include <cctype>
#include <cstdlib>
#include <sstream>

#include "core/error.h"
#include "infer/spec.h"

namespace framepath::infer {
namespace {

std::vector<double> numbersIn(const std::string& text) {
  std::vector<double> numbers;
  const char* at = text.c_str();
  while (*at) {
    char* end = nullptr;
    const double value = std::strtod(at, &end);
    if (end == at) {
      at++;
      continue;
    }
    numbers.push_back(value);
    at = end;
  }
  return numbers;
}

// The values of Python's "{0: 'person', 1: \"o'clock\"}" in order of appearance (exporters write them in class order).
std::vector<std::string> pythonStrings(const std::string& text) {
  std::vector<std::string> strings;
  for (size_t i = 0; i < text.size(); i++) {
    const char quote = text[i];
    if (quote != '\'' && quote != '"') continue;
    std::string value;
    for (i++; i < text.size() && text[i] != quote; i++) {
      if (text[i] == '\\' && i + 1 < text.size()) i++;
      value += text[i];
    }
    strings.push_back(value);
  }
  return strings;
}

void takeFramepath(const GraphInfo& graph, StatedSpec& stated) {
  const auto text = [&](const char* key, std::string& value) {
    if (value.empty()) value = graph.metadataValue(std::string("framepath.") + key);
  };
  const auto list = [&](const char* key, std::vector<double>& value) {
    if (value.empty()) value = numbersIn(graph.metadataValue(std::string("framepath.") + key));
  };
  const auto number = [&](const char* key, std::optional<double>& value) {
    const std::vector<double> values = numbersIn(graph.metadataValue(std::string("framepath.") + key));
    if (!value && values.size() == 1) value = values[0];
  };
  text("head", stated.head);
  text("layout", stated.layout);
  text("color", stated.color);
  text("resize", stated.resize);
  text("align", stated.align);
  text("metric", stated.metric);
  list("mean", stated.mean);
  list("scale", stated.scale);
  number("pad", stated.pad);
  const std::string& metric = graph.metadataValue("framepath.metric");
  if (metric.empty() || metric == stated.metric) number("threshold", stated.threshold);  // it is one of that metric
  number("scoreThreshold", stated.scoreThreshold);
  if (stated.labels.empty()) stated.labels = namesIn(graph.metadataValue("framepath.labels"));
}

// Its RT-DETR has a row a query, not a column a cell: 4 numbers and one of each class.
bool isRtDetr(const GraphInfo& graph, const std::vector<std::string>& labels) {
  if (graph.outputs.size() != 1 || graph.outputs[0].dims.size() != 3) return false;
  if (graph.outputs[0].dims[2] != 4 + static_cast<int64_t>(labels.size())) return false;
  // Of two classes it looks like rows that a YOLO selected itself.
  return labels.size() != 2 || graph.metadataValue("description").find("rtdetr") != std::string::npos;
}

void takeUltralytics(const GraphInfo& graph, StatedSpec& stated) {
  const std::string& task = graph.metadataValue("task");
  if (stated.labels.empty()) stated.labels = pythonStrings(graph.metadataValue("names"));
  const std::vector<double> size = numbersIn(graph.metadataValue("imgsz"));  // height, width
  if (stated.size.empty() && size.size() == 2)
    stated.size = {static_cast<int64_t>(size[1]), static_cast<int64_t>(size[0])};
  if (stated.scale.empty() && !isWhole(graph.inputs.front().type)) stated.scale = {1.0 / 255};
  if (task == "classify") {
    if (stated.head.empty()) stated.head = "classification";
    if (stated.resize.empty()) stated.resize = "center-crop";
    return;
  }
  if (stated.head.empty() && (graph.metadataValue("end2end") == "True" || graph.metadataValue("end2end") == "true"))
    stated.head = "yolo-end2end";
  if (stated.head.empty() && isRtDetr(graph, stated.labels)) {
    stated.head = "rt-detr";
    return;
  }
  if (!stated.pad) stated.pad = 114;
}

}  // namespace

std::vector<std::string> namesIn(const std::string& text) {
  std::vector<std::string> names;
  std::istringstream parts(text);
  for (std::string name; std::getline(parts >> std::ws, name, ',');) {
    name.erase(name.find_last_not_of(' ') + 1);
    if (!name.empty()) names.push_back(name);
  }
  return names;
}

StatedSpec withMetadata(const GraphInfo& graph, StatedSpec stated, const std::string& name) {
  takeFramepath(graph, stated);
  const bool ultralytics = !graph.metadataValue("task").empty() && !graph.metadataValue("names").empty() &&
                           !graph.metadataValue("stride").empty();
  if (!ultralytics || graph.inputs.empty()) return stated;
  const std::string& task = graph.metadataValue("task");
  if (stated.head.empty() && stated.use != ModelUse::raw && task == "obb")
    throw Error(
        ErrorCode::MODEL_UNSUPPORTED,
        "The model \"" + name + "\" was exported for task \"" + task + "\" (rotated boxes), which no head reads yet.",
        "Export a detect, segment or pose model, or state head \"raw\" and read its outputs yourself.");
  takeUltralytics(graph, stated);
  return stated;
}

}  // namespace framepath::infer
