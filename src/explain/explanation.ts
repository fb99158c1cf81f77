/** What a run would do: its plan, and what only this side knows of it. */
import { loadAddon } from '../addon.js';
import type { Decided, DecidedSettings } from '../config.js';
import { toFramepathError } from '../errors.js';
import type { Decision, ModelFilePlan, ModulePlan, Plan } from '../generated/plan.js';
import type { PipelineSpec } from '../generated/specs.js';
import type { Module } from '../modules/module.js';

/** A model, its input, and the provider that would run it. */
export interface ExplainedModel {
  name: string;
  file: string;
  head: string;
  /** of its input: width, height */
  size: [number, number];
  /** execution provider: `tensorrt`, `cuda` or `cpu` */
  provider: string;
  /** fallback chain: the providers tried before, each with the reason why it cannot run the model */
  falls: { provider: string; reason: string }[];
}

/** A module of the graph. */
export interface ExplainedModule {
  name: string;
  /** `detect`, `track`, `identify`, `classify`, `raw`, `js` */
  kind: string;
  depends: readonly string[];
  /** reads pixels: the frame stays alive until its result */
  pixels: boolean;
  /** takes each source's frames in order, one at a time */
  stateful: boolean;
  /**
   * `cpu`, `cuda:0`; of analyzers `main thread`, `thread`, `process` or the Python interpreter. `from`: the level of the
   * configuration that decided; for `auto` also the reason
   */
  where: Decided<string>;
  workers: Decided<number>;
  /** most frames taken at once */
  maxBatch: Decided<number>;
  stride: Decided<number>;
  onError: Decided<string>;
  model?: ExplainedModel;
}

/**
 * The result of {@link Pipeline.explain}. `from` is what decided a value: `call` (of detect and so on), a level of the configuration
 * (`options`, `framepath.config.mjs (production)`), `default`, ...
 */
export interface Explanation {
  /** settings of the machine, and the level of configuration that decided each */
  settings: DecidedSettings;
  device: Decided<string>;
  sources: { id: string; what: string }[];
  /** every module after those it depends on */
  modules: ExplainedModule[];
  /** layout of each canvas, the modules that it reads, the names of its outputs (paths where they have no other) */
  compositions: { name: string; layout: string; reads: string[]; outputs: string[] }[];
  /** modules left out of the run, and why: a level of the configuration, or the disabled module whose boxes they need */
  disabled: { name: string; why: string }[];
  /** possible mistakes: configured modules that the pipeline does not have, imports that the search for conflicts cannot follow */
  warnings: string[];
  /** every option of the run with its final value, who decided it and why; the rest of the explanation is read from it */
  plan: Plan;
}

/** What `start` would decide. @throws the errors of models and devices @internal */
export async function resolvePlan(spec: PipelineSpec): Promise<Plan> {
  try {
    return JSON.parse(await loadAddon().resolve(JSON.stringify(spec))) as Plan;
  } catch (error) {
    throw toFramepathError(error);
  }
}

const decided = <T>({ value, why }: Decision<T>): Decided<T> => ({ value, from: why });

/** Undefined where no model is opened. */
function explainModel({ name, file, head, size, provider, falls }: ModelFilePlan): ExplainedModel | undefined {
  if (!head || !size || !provider) return undefined;
  return { name, file, head: head.value, size: size.value, provider: provider.value, falls };
}

function explainModule({ depends }: Module, plan: ModulePlan): ExplainedModule {
  const { name, kind, lane, policy } = plan;
  const model = 'model' in plan ? explainModel(plan.model) : undefined;
  return {
    name,
    kind,
    depends,
    pixels: lane.pixels.value,
    stateful: lane.stateful.value,
    where: decided(lane.where),
    workers: decided(policy.workers),
    maxBatch: decided(policy.maxBatch),
    stride: decided(policy.stride),
    onError: decided(policy.onError),
    ...(model && { model }),
  };
}

/** @param modules in the order of the spec @param reads modules that each composition reads */
export async function explainPlan(
  modules: readonly Module[],
  spec: PipelineSpec,
  settings: DecidedSettings,
  reads: readonly string[][],
): Promise<Omit<Explanation, 'disabled' | 'warnings'>> {
  const plan = await resolvePlan(spec);
  const { device, sources, compositions } = plan;
  return {
    settings,
    device: decided(device),
    sources: sources.map(({ id, kind, uri }) => ({ id, what: uri || kind })),
    modules: plan.modules.map((module, i) => explainModule(modules[i]!, module)),
    compositions: compositions.map(({ name, layout, outputs }, i) => ({
      name,
      layout: layout.kind,
      reads: reads[i]!,
      outputs: outputs.map((output) => output.name),
    })),
    plan,
  };
}
