#include "infer/missing_facts.h"

#include "core/enum_names.h"
#include "core/error.h"
#include "infer/spec.h"

namespace framepath::infer {
namespace {

// "640x640" as JavaScript writes it: [640, 640]; numbers as lists of one; words in quotes. A threshold is a number.
std::string literal(const std::string& option, const std::string& value) {
  if (option == "size") return "[" + value.substr(0, value.find('x')) + ", " + value.substr(value.find('x') + 1) + "]";
  if (option == "mean" || option == "scale") return "[" + value + "]";
  return option == "threshold" ? value : "'" + value + "'";
}

void append(std::string& list, const std::string& separator, const std::string& item) {
  list += (list.empty() ? "" : separator) + item;
}

}  // namespace

void MissingFacts::layout() {
  facts_.push_back({"the order of its input's dimensions (layout: nchw or nhwc)", {{"layout", "nchw"}}});
}

void MissingFacts::head() {
  facts_.push_back({"what its outputs are (head)", {{"head", "yolo"}}});
  headMissing_ = true;
}

void MissingFacts::size() {
  facts_.push_back({"the size of its input (size: width, height)", {{"size", "640x640"}}});
}

void MissingFacts::scale() {
  facts_.push_back(
      {"how pixels become its input (mean and scale: input = (pixel - mean) * scale, pixel in 0..255; scale 1 where "
       "that "
       "is in the graph)",
       {{"mean", "127.5"}, {"scale", "0.0078125"}}});
}

void MissingFacts::metric() {
  facts_.push_back({"how two of its embeddings are compared (metric: cosine or l2)", {{"metric", "cosine"}}});
}

void MissingFacts::threshold() {
  facts_.push_back({"from where on two embeddings are one person (threshold: above it for cosine, below it for l2)",
                    {{"threshold", "0.5"}}});
}

void MissingFacts::ask(const std::string& name, const GraphInfo& graph, const ModelSpec& spec, ModelUse use) const {
  std::string what, options, facts, flags;
  for (const Fact& fact : facts_) {
    append(what, "; ", fact.what);
    for (const auto& [option, value] : fact.values) {
      const bool ofIdentify = option == "metric" || option == "threshold";  // its own options, not the model's
      append(ofIdentify ? options : facts, ", ", option + ": " + literal(option, value));
      append(flags, ",", option + "=" + value);
    }
  }
  const bool nested = use == ModelUse::embed || use == ModelUse::classifyBoxes;
  if (!facts.empty()) append(options, ", ", nested ? "facts: { " + facts + " }" : facts);

  std::string found = "Found: inputs " + graph.inputsText() + "; outputs " + graph.outputsText();
  if (!headMissing_) found += std::string("; head ") + nameOf(spec.head);
  std::string hint = "State what the model was trained with, in place of these examples: { " + options + " }";
  if (use == ModelUse::detect) hint += "; on the command line --detect-facts " + flags;
  if (use == ModelUse::embed) hint += "; on the command line --embed-facts " + flags;
  hint += ".";
  if (headMissing_) hint += " Heads: " + namesOf<HeadKind>() + ".";
  throw Error(ErrorCode::MODEL_SPEC_NEEDED,
              "The file of model \"" + name + "\" does not state: " + what + ". " + found + ".", hint);
}

}  // namespace framepath::infer
