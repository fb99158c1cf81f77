/** What a described run would be: modules, dependencies, batches, where each runs, and who decided that. */
import { availableParallelism } from 'node:os';
import { loadAddon } from '../addon.js';
import type { Decided, DecidedSettings } from '../config.js';
import { toFramepathError } from '../errors.js';
import type { ModelFileSpec, ModuleSpec, PipelineSpec, Policy } from '../generated/specs.js';
import { type Module, opensModel } from '../modules/module.js';

/** A model as it would be fed, and what would run it. */
export interface ExplainedModel {
  name: string;
  file: string;
  head: string;
  /** of its input: width, height */
  size: [number, number];
  /** what runs it on the device: `tensorrt`, `cuda` or `cpu` */
  provider: string;
  /** what was tried before that, and why it was not that */
  falls: { provider: string; reason: string }[];
}

/** A module of the graph. */
export interface ExplainedModule {
  name: string;
  /** `detect`, `track`, `identify`, `classify`, `raw`, `js` */
  kind: string;
  depends: readonly string[];
  /** reads pixels: the frame stays alive until it has spoken */
  pixels: boolean;
  /** takes each source's frames in order, one at a time */
  stateful: boolean;
  /**
   * `cpu`, `cuda:0`; of analyzers `main thread`, `thread`, `process` or the Python interpreter, and which level of the
   * configuration decided; where that is `auto`, why it came to this
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
 * What {@link Pipeline.explain} says. `from` is who decided: `call` (of detect and so on), a level of the configuration
 * (`options`, `framepath.config.mjs (production)`), `default`, ...
 */
export interface Explanation {
  /** settings of the machine, and the level of configuration that decided each */
  settings: DecidedSettings;
  device: Decided<string>;
  sources: { id: string; what: string }[];
  /** every module after those it depends on */
  modules: ExplainedModule[];
  /** the canvas, and the modules that its layout reads */
  composition?: { layout: string; reads: string[] };
  /** where it is encoded to; `packets` for nobody but `run.packets()` */
  output?: string;
  /** modules that are not part of the run, and why: a level of the configuration, or whose boxes they need */
  disabled: { name: string; why: string }[];
  /** what may be a mistake: modules that are configured but not there, what the search for conflicts cannot see */
  warnings: string[];
}

interface Inspected {
  device: string;
  head: string;
  size: [number, number];
  provider: string;
  falls: ExplainedModel['falls'];
  /** pictures that one call of the model takes at most */
  largestBatch: number;
}

/** Opens the model as the run would. @throws the errors of models */
async function inspect(
  model: ModelFileSpec,
  { device, runtimeLibraries, providers }: PipelineSpec,
): Promise<Inspected> {
  try {
    const request = { device, runtimeLibraries, providers, model };
    return JSON.parse(await loadAddon().inspectModel(JSON.stringify(request))) as Inspected;
  } catch (error) {
    throw toFramepathError(error);
  }
}

const policyOf = (spec: ModuleSpec): Policy => spec.policy ?? {};

/** What the call or the configuration said, else what stands in for it. */
function decided<T>(said: T | undefined, otherwise: T, why: string, by = 'call'): Decided<T> {
  return said === undefined ? { value: otherwise, from: why } : { value: said, from: by };
}

const gpuWorkers = 2; // of a detector: one prepares while the other's results come back

/** As the native side chooses (module_builder.cc): a test compares with the report of a run. */
function workersOf(spec: ModuleSpec, sources: number, onGpu: boolean, by?: string): Decided<number> {
  const { workers } = policyOf(spec);
  if (spec.kind !== 'detect') return decided(spec.kind === 'track' ? undefined : workers, 1, 'default', by);
  const wanted = Math.max(2, sources);
  const most = onGpu ? gpuWorkers : availableParallelism();
  const why = wanted <= most ? (sources > 2 ? `${sources} sources` : 'default') : onGpu ? 'the GPU' : `${most} cores`;
  return decided(workers, Math.min(wanted, most), why, by);
}

/** Takes each source's frames in order: trackers, what keeps state, and classes that are kept with tracks or between looks. */
function isStateful(spec: ModuleSpec, all: readonly ModuleSpec[]): boolean {
  if (spec.kind === 'js') return !spec.stateless;
  if (spec.kind === 'classify' && 'of' in spec) {
    const of = all.find(({ name }) => name === spec.of);
    return of?.kind !== 'detect' || (policyOf(of).stride ?? 1) > 1; // module_builder.cc: checkBoxes
  }
  return spec.kind === 'track' || spec.kind === 'identify';
}

function batchOf(spec: ModuleSpec, found: Inspected | undefined, by?: string): Decided<number> {
  const { maxBatch } = policyOf(spec);
  if (!found || found.provider === 'cpu') return decided(maxBatch, 1, found ? 'on the CPU' : 'default', by);
  return decided(maxBatch, found.largestBatch, `what ${found.provider} takes`, by);
}

function whereOf(module: Module, device: Decided<string>, found: Inspected | undefined): Decided<string> {
  if (module.host) return { value: module.host.where, from: module.decidedBy.isolation ?? 'call' };
  if (!found) return { value: 'cpu', from: 'has no model' };
  if (found.provider !== 'cpu' || device.value === 'cpu') return device;
  const last = found.falls.at(-1);
  return { value: 'cpu', from: last ? `${last.provider} does not run the model` : 'the providers allowed' };
}

function explainModule(
  module: Module,
  spec: ModuleSpec,
  found: Inspected | undefined,
  plan: PipelineSpec,
  device: Decided<string>,
): ExplainedModule {
  const { stride, onError } = policyOf(spec);
  const onGpu = found !== undefined && found.provider !== 'cpu';
  const model = 'model' in spec ? spec.model : undefined;
  const by = module.decidedBy;
  return {
    name: spec.name,
    kind: spec.kind,
    depends: module.depends,
    pixels: spec.kind === 'js' ? spec.pixels || spec.input !== undefined : found !== undefined,
    stateful: isStateful(spec, plan.modules),
    where: whereOf(module, device, found),
    workers: workersOf(spec, plan.sources.length, onGpu, by.workers ?? by.instances),
    maxBatch: batchOf(spec, found, by.maxBatch),
    stride: decided(stride, 1, 'default', by.stride),
    onError: decided(onError, 'fail', 'default', by.onError),
    ...(found && model && { model: explainModel(model, found) }),
  };
}

function explainModel({ name, file }: ModelFileSpec, { head, size, provider, falls }: Inspected): ExplainedModel {
  return { name, file, head, size, provider, falls };
}

/** @param modules in the order of the plan */
export async function explainPlan(
  modules: readonly Module[],
  plan: PipelineSpec,
  settings: DecidedSettings,
  reads: readonly string[] | undefined,
): Promise<Omit<Explanation, 'disabled' | 'warnings'>> {
  const inspected = new Map<string, Inspected>();
  const found: (Inspected | undefined)[] = [];
  for (const spec of plan.modules) {
    const model = 'model' in spec && opensModel(spec) ? spec.model : undefined;
    const key = JSON.stringify(model);
    if (model && !inspected.has(key)) inspected.set(key, await inspect(model, plan));
    found.push(inspected.get(key));
  }
  const asked = settings.device;
  const chosen = found.find((one) => one)?.device;
  const device =
    asked.value === 'auto' && chosen
      ? { value: chosen, from: `auto (${asked.from}): what works on this machine` }
      : asked;
  const { compose, output } = plan;
  return {
    settings,
    device,
    sources: plan.sources.map(({ id, kind, uri }) => ({ id, what: uri ?? kind })),
    modules: modules.map((module, i) => explainModule(module, plan.modules[i], found[i], plan, device)),
    ...(compose && { composition: { layout: compose.kind, reads: [...new Set(reads)] } }),
    ...(output && { output: output.path ?? 'packets' }),
  };
}
