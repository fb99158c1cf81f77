#include "infer/spec.h"

#include "core/enum_names.h"
#include "core/error.h"
#include "infer/missing_facts.h"

namespace framepath::infer {
namespace {

struct Context {
  const GraphInfo& graph;
  const StatedSpec& stated;  // metadata merged in
  const std::string& name;
  MissingFacts& missing;
};

[[noreturn]] void unsupported(const Context& c, const std::string& what, const std::string& hint = {}) {
  throw Error(ErrorCode::MODEL_UNSUPPORTED,
              "The model \"" + c.name + "\" " + what + " Inputs: " + c.graph.inputsText() +
                  ". Outputs: " + c.graph.outputsText() + ".",
              hint);
}

[[noreturn]] void invalid(const Context& c, const std::string& option, const std::string& expected,
                          const std::string& received) {
  throw Error(ErrorCode::INVALID_ARGUMENT, "Expected " + expected + " for " + option + " of model \"" + c.name +
                                               "\" but received " + received + ".");
}

// The value of an enum that was stated by name; none where nothing was.
template <NamedEnum E>
std::optional<E> statedAs(const Context& c, const char* option, const std::string& name) {
  if (name.empty()) return std::nullopt;
  if (const std::optional<E> value = valueNamed<E>(name)) return value;
  invalid(c, option, "one of " + namesOf<E>(), "\"" + name + "\"");
}

// Layout, channels and whatever of the size the file fixes.
void readInput(const Context& c, ModelSpec& spec) {
  const bool sized = c.graph.inputs.size() == 2 && isSizeInput(c.graph.inputs[1]);
  if (c.graph.inputs.size() != 1 && !sized)
    unsupported(c, "has " + std::to_string(c.graph.inputs.size()) + " inputs, not one picture.");
  const TensorInfo& input = c.graph.inputs.front();
  if (input.dims.size() != 4)
    unsupported(c, "has an input that is not a picture (rank " + std::to_string(input.dims.size()) + ", not 4).");
  if (input.type == GraphType::other) unsupported(c, "takes pictures neither as floats nor as whole numbers.");
  const auto isChannels = [](int64_t dim) { return dim == 3 || dim == 1; };
  const bool first = isChannels(input.dims[1]), last = isChannels(input.dims[3]);
  if (const auto layout = statedAs<TensorLayout>(c, "layout", c.stated.layout))
    spec.layout = *layout;
  else if (first != last)
    spec.layout = first ? TensorLayout::nchw : TensorLayout::nhwc;
  else if (first && last)
    return c.missing.layout();
  else
    unsupported(c, "has an input without 1 or 3 channels.");
  const bool nchw = spec.layout == TensorLayout::nchw;
  if (sized && !nchw) unsupported(c, "takes the size of its pictures in a layout other than nchw.");
  const int64_t channels = input.dims[nchw ? 1 : 3];
  if (!isChannels(channels) && channels > 0)
    unsupported(c, "has an input without 1 or 3 channels in layout " + std::string(nchw ? "nchw." : "nhwc."));
  spec.channels = channels == 1 ? 1 : 3;
  constexpr int64_t kLargestSide = 16384;
  const int64_t height = input.dims[nchw ? 2 : 1], width = input.dims[nchw ? 3 : 2];
  if (height > kLargestSide || width > kLargestSide) unsupported(c, "has an input larger than 16384 pixels.");
  spec.height = static_cast<int32_t>(height > 0 ? height : 0);
  spec.width = static_cast<int32_t>(width > 0 ? width : 0);
  const int64_t batch = input.dims[0];
  constexpr int64_t kLargestBatch = 1024;
  if (batch == 0 || batch > kLargestBatch) unsupported(c, "has an unusable batch size.");
  spec.fixedBatch = static_cast<int32_t>(batch > 0 ? batch : 0);
}

void takeStatedSize(const Context& c, ModelSpec& spec) {
  const std::vector<int64_t>& size = c.stated.size;
  if (size.empty()) return;
  if (size.size() != 2 || size[0] < 1 || size[1] < 1 || size[0] > 16384 || size[1] > 16384)
    invalid(c, "size", "[width, height] between 1 and 16384", "something else");
  if ((spec.width && spec.width != size[0]) || (spec.height && spec.height != size[1]))
    unsupported(
        c, "has a fixed input size, not the stated " + std::to_string(size[0]) + "x" + std::to_string(size[1]) + ".",
        "Leave size out.");
  spec.width = static_cast<int32_t>(size[0]);
  spec.height = static_cast<int32_t>(size[1]);
}

void chooseHead(const Context& c, ModelSpec& spec) {
  if (c.stated.use == ModelUse::raw) {  // any model may be read raw
    spec.head = HeadKind::raw;
    return;
  }
  if (!c.stated.head.empty()) {
    spec.head = *statedAs<HeadKind>(c, "head", c.stated.head);
    return;
  }
  const std::optional<HeadKind> head = headFromOutputs(c.graph, spec.width, spec.height);
  if (head) {
    spec.head = *head;
    return;
  }
  switch (c.stated.use) {
    case ModelUse::embed: spec.head = HeadKind::embedding; return;
    case ModelUse::classify:
    case ModelUse::classifyBoxes: spec.head = HeadKind::classification; return;
    case ModelUse::any:
    case ModelUse::detect:
    case ModelUse::raw: c.missing.head();
  }
}

// Sizes a model with free sides runs at when none is stated.
void chooseSize(const Context& c, ModelSpec& spec) {
  if (spec.width && spec.height) return;
  const auto choose = [&](int32_t width, int32_t height) {
    spec.width = spec.width ? spec.width : width;
    spec.height = spec.height ? spec.height : height;
  };
  switch (spec.head) {
    case HeadKind::yunet:
    case HeadKind::scrfd:
    case HeadKind::retinaface:
    case HeadKind::yolo:
    case HeadKind::yoloEnd2end:
    case HeadKind::yolox:
    case HeadKind::rtDetr: return choose(640, 640);
    case HeadKind::nanodet: return choose(320, 320);
    case HeadKind::movenet: return choose(256, 256);  // MultiPose; SinglePose has a size of its own
    case HeadKind::ultraface:
    case HeadKind::blazeface:
    case HeadKind::embedding:
    case HeadKind::classification:
    case HeadKind::raw: c.missing.size();
  }
}

// A damaged file can declare any shape: refused here instead of by the allocator.
void checkVolume(const Context& c, const ModelSpec& spec) {
  constexpr int64_t kMostValues = int64_t{1} << 28;
  if (int64_t{spec.width} * spec.height * spec.channels * (spec.fixedBatch ? spec.fixedBatch : 1) > kMostValues)
    unsupported(c, "has an input of more than 2^28 values.");
}

// What a head's models are trained with. False: there is no custom, the numbers must be stated.
bool headDefaults(ModelSpec& spec) {
  const auto all = [](float value) { return std::array<float, 3>{value, value, value}; };
  switch (spec.head) {
    case HeadKind::blazeface:
      spec.mean = all(127.5f), spec.scale = all(1 / 127.5f), spec.iouThreshold = 0.3f;
      return true;
    case HeadKind::yunet:
      spec.bgr = true, spec.resize = Resize::letterboxTopLeft, spec.scoreThreshold = 0.6f, spec.iouThreshold = 0.3f;
      return true;
    case HeadKind::yolo:
      spec.scale = all(1 / 255.0f), spec.pad = 114, spec.scoreThreshold = 0.25f, spec.iouThreshold = 0.45f;
      return true;
    case HeadKind::yolox:
      spec.bgr = true, spec.pad = 114, spec.resize = Resize::letterboxTopLeft;
      spec.scoreThreshold = 0.3f, spec.iouThreshold = 0.45f;
      return true;
    case HeadKind::yoloEnd2end: spec.scoreThreshold = 0.25f; return false;
    case HeadKind::ultraface:
      spec.mean = all(127), spec.scale = all(1 / 128.0f), spec.resize = Resize::stretch;
      spec.scoreThreshold = 0.7f, spec.iouThreshold = 0.3f;
      return true;
    case HeadKind::scrfd:
      spec.mean = all(127.5f), spec.scale = all(1 / 128.0f), spec.resize = Resize::letterboxTopLeft;
      spec.iouThreshold = 0.4f;
      return true;
    case HeadKind::retinaface:
      spec.bgr = true, spec.mean = {104, 117, 123}, spec.resize = Resize::letterboxTopLeft;
      spec.scoreThreshold = 0.6f, spec.iouThreshold = 0.4f;
      return true;
    case HeadKind::nanodet:
      spec.bgr = true, spec.mean = {103.53f, 116.28f, 123.675f};
      spec.scale = {1 / 57.375f, 1 / 57.12f, 1 / 58.395f};
      spec.scoreThreshold = 0.4f, spec.iouThreshold = 0.5f;
      return true;
    case HeadKind::rtDetr: spec.scale = all(1 / 255.0f), spec.resize = Resize::stretch; return true;
    case HeadKind::movenet: spec.scoreThreshold = 0.25f; return true;
    case HeadKind::embedding: spec.resize = Resize::stretch; return false;
    case HeadKind::classification: spec.resize = Resize::stretch; return false;
    case HeadKind::raw: return true;
  }
  return false;
}

std::array<float, 3> three(const Context& c, const char* option, const std::vector<double>& values) {
  if (values.size() == 1) return {float(values[0]), float(values[0]), float(values[0])};
  if (values.size() != 3) invalid(c, option, "1 or 3 numbers", std::to_string(values.size()));
  return {float(values[0]), float(values[1]), float(values[2])};
}

void takeStatedPixels(const Context& c, ModelSpec& spec) {
  const StatedSpec& s = c.stated;
  if (!s.mean.empty()) spec.mean = three(c, "mean", s.mean);
  if (!s.scale.empty()) spec.scale = three(c, "scale", s.scale);
  if (s.pad) spec.pad = static_cast<float>(*s.pad);
  if (s.color != "gray")  // of metadata
    if (const auto order = statedAs<ColorOrder>(c, "color", s.color)) spec.bgr = *order == ColorOrder::bgr;
  if (const auto resize = statedAs<Resize>(c, "resize", s.resize)) spec.resize = *resize;
}

void takeStatedResults(const Context& c, ModelSpec& spec) {
  const StatedSpec& s = c.stated;
  const auto fraction = [&](const char* option, double value) {
    if (!(value >= 0 && value <= 1)) invalid(c, option, "a number between 0 and 1", std::to_string(value));
    return static_cast<float>(value);
  };
  if (s.scoreThreshold) spec.scoreThreshold = fraction("scoreThreshold", *s.scoreThreshold);
  if (s.iouThreshold) spec.iouThreshold = fraction("iouThreshold", *s.iouThreshold);
  if (s.topK && *s.topK < 1) invalid(c, "topK", "a whole number above 0", std::to_string(*s.topK));
  if (s.topK) spec.topK = *s.topK;
  spec.labels = s.labels;
  if (spec.head != HeadKind::embedding) return;
  // The chip sizes two aligned families share by custom; others are not aligned unless stated.
  const bool chip150 = spec.width == 150 && spec.height == 150, chip112 = spec.width == 112 && spec.height == 112;
  const Align custom = chip150 ? Align::dlib : chip112 ? Align::arcface : Align::none;
  spec.align = nameOf(statedAs<Align>(c, "align", s.align).value_or(custom));
  spec.metric = s.metric;
  if (c.stated.use == ModelUse::embed && s.metric.empty()) c.missing.metric();
  if (c.stated.use == ModelUse::embed && !s.threshold) c.missing.threshold();
  (void)statedAs<Metric>(c, "metric", s.metric);
  if (s.threshold) spec.threshold = static_cast<float>(*s.threshold);
}

}  // namespace

ModelSpec inferInput(const GraphInfo& graph, const StatedSpec& given, const std::string& name) {
  const StatedSpec stated = withMetadata(graph, given, name);
  MissingFacts missing;
  const Context c{graph, stated, name, missing};
  ModelSpec spec;
  readInput(c, spec);
  if (!missing.empty()) return spec;  // inferSpec asks for it, together with the rest
  takeStatedSize(c, spec);
  checkVolume(c, spec);
  return spec;
}

ModelSpec inferSpec(const GraphInfo& graph, const StatedSpec& given, const std::string& name) {
  const StatedSpec stated = withMetadata(graph, given, name);
  MissingFacts missing;
  const Context c{graph, stated, name, missing};
  ModelSpec spec;
  readInput(c, spec);
  const bool layoutKnown = missing.empty();
  if (layoutKnown) takeStatedSize(c, spec);
  chooseHead(c, spec);
  const bool headKnown = spec.head != HeadKind::raw || c.stated.use == ModelUse::raw || c.stated.head == "raw";
  if (layoutKnown && headKnown) chooseSize(c, spec);
  checkVolume(c, spec);
  const bool custom = headDefaults(spec);
  const bool whole = isWhole(graph.inputs.front().type);
  if (whole) spec.mean = {0, 0, 0}, spec.scale = {1, 1, 1};  // what heads are trained with is for floats
  if (!custom && stated.scale.empty() && !whole) missing.scale();
  takeStatedPixels(c, spec);
  takeStatedResults(c, spec);
  if (!missing.empty()) missing.ask(name, graph, spec, stated.use);
  if (spec.resize == Resize::centerCrop) spec.cropFraction = graph.metadataValue("task") == "classify" ? 1.0f : 0.875f;
  spec.fixes = namesIn(graph.metadataValue("framepath.fixes"));
  spec.sourceSha256 = graph.metadataValue("framepath.source.sha256");
  return spec;
}

}  // namespace framepath::infer
