// What neither a model's file nor its caller states, gathered so that one error lists all of it.
#pragma once
#include <string>
#include <vector>

#include "infer/graph_info.h"
#include "infer/model.h"

namespace framepath::infer {

class MissingFacts {
 public:
  void layout();
  void head();
  void size();
  void scale();
  void metric();
  void threshold();

  bool empty() const { return facts_.empty(); }
  // MODEL_SPEC_NEEDED: what is missing, what was found (`spec`, as far as it is known), and the options to paste for a
  // model that is used so. The values in them are examples.
  [[noreturn]] void ask(const std::string& name, const GraphInfo& graph, const ModelSpec& spec, ModelUse use) const;

 private:
  struct Fact {
    std::string what;
    std::vector<std::pair<std::string, std::string>> values;  // option and example, as the command line has them
  };
  std::vector<Fact> facts_;
  bool headMissing_ = false;
};

}  // namespace framepath::infer
