#include "binding/plan_json.h"

#include "generated/write_plan.h"

namespace framepath::binding {
namespace {

struct CompleteModule {
  const graph::ModuleDecisions& decisions;

  template <typename Spec>
  void operator()(Spec& spec) const {
    if (decisions.alone) spec.policy.workers.reset(), spec.policy.maxBatch.reset();
    complete(spec.policy, decisions.policy);
    complete(spec.lane, decisions.lane);
    if constexpr (requires { spec.model; })
      if (decisions.model) complete(spec.model, *decisions.model);
    if constexpr (std::is_same_v<Spec, schema::IdentifySpec>)
      if (decisions.identity) complete(spec, *decisions.identity);
    if constexpr (std::is_same_v<Spec, schema::JsSpec>) spec.lane.where = spec.where;
  }
};

}  // namespace

std::string planJson(schema::PipelineSpec asked, const graph::Decisions& decisions) {
  asked.device.reset();  // 'auto' is none of a plan, and the decision knows what was asked for
  complete(asked, decisions.run);
  for (size_t s = 0; s < asked.sources.size(); s++) complete(asked.sources[s], decisions.sources[s]);
  for (size_t m = 0; m < asked.modules.size(); m++) std::visit(CompleteModule{decisions.modules[m]}, asked.modules[m]);
  for (size_t c = 0; c < asked.compositions.size(); c++)
    for (size_t o = 0; o < asked.compositions[c].outputs.size(); o++)
      complete(asked.compositions[c].outputs[o], decisions.outputs[c][o]);
  return jsonOf(asked);
}

}  // namespace framepath::binding
