/** The plan of a described run: modules, dependencies, batches, devices, and what decided each setting. */
import { availableParallelism } from 'node:os';
import { loadAddon } from '../addon.js';
import type { Decided, DecidedSettings } from '../config.js';
import { toFramepathError } from '../errors.js';
import type { ModelFileSpec, ModuleSpec, PipelineSpec, Policy } from '../generated/specs.js';
import { type Module, opensModel } from '../modules/module.js';

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
  /** the layout of the canvas, and the modules that it reads */
  composition?: { layout: string; reads: string[] };
  /** path of the encoded output; `packets`: only `run.packets()` */
  output?: string;
  /** modules left out of the run, and why: a level of the configuration, or the disabled module whose boxes they need */
  disabled: { name: string; why: string }[];
  /** possible mistakes: configured modules that the pipeline does not have, imports that the search for conflicts cannot follow */
  warnings: string[];
}

interface Inspected {
  device: string;
  head: string;
  size: [number, number];
  provider: string;
  falls: ExplainedModel['falls'];
  /** most pictures of one call of the model */
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

/** The value of the call or the configuration, else the default. */
function decided<T>(given: T | undefined, otherwise: T, why: string, by = 'call'): Decided<T> {
  return given === undefined ? { value: otherwise, from: why } : { value: given, from: by };
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

/** Takes each source's frames in order: trackers, stateful analyzers, and classifiers whose classes are kept with tracks or over a stride. */
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
