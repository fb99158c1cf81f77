/** Analyzers of a pipeline become modules that can be asked: files are loaded, hosts started, configured. */
import { dirname } from 'node:path';
import { FramepathError, toFramepathError } from '../errors.js';
import type { FrameView } from '../frame.js';
import type { AnalyzerHost, AnalyzerPlace } from '../modules/analyzer.js';
import { type DefinitionFacts, factsOf } from '../modules/definition.js';
import { InputViews, inputSpec } from '../modules/input.js';
import { Module, splitPolicy } from '../modules/module.js';
import type { NativeAddon, PolicySpec, SharedInputs } from '../native.js';
import { type Instance, loadDefinition, openInstance } from './instance.js';
import { HostPool, type Told } from './pool.js';

/** Told with the name of the module; see {@link Told}. */
export type ToldOf = (module: string, ...told: Parameters<Told>) => void;

export interface OpenModules {
  modules: Module[];
  /** memory of their inputs, where one of them could want any */
  inputs: SharedInputs | undefined;
  close(): Promise<void>;
}

interface Opened {
  facts: DefinitionFacts;
  analyze: AnalyzerHost['analyze'];
  close(): Promise<void>;
}

/** Opens them all at once. @throws MODULE_UNUSABLE, and nothing stays open */
export async function openModules(modules: readonly Module[], addon: NativeAddon, told: ToldOf): Promise<OpenModules> {
  const shared = modules.some(({ place }) => place && wantsMemory(place)) ? new addon.SharedInputs() : undefined;
  const closers: (() => Promise<void>)[] = [];
  let closing: Promise<unknown> | undefined;
  const close = async () => {
    closing ??= Promise.all(closers.map((each) => each()));
    await closing;
  };
  const opening = modules.map(async (module) => {
    if (!module.place) return module;
    const opened = await openPlace(module, module.place, shared, told);
    closers.push(opened.close);
    return ready(module, module.place, opened);
  });
  const settled = await Promise.allSettled(opening);
  const failed = settled.find((result) => result.status === 'rejected');
  if (failed) {
    await close();
    throw toFramepathError(failed.reason);
  }
  return { modules: await Promise.all(opening), inputs: shared, close };
}

const wantsMemory = ({ what }: AnalyzerPlace): boolean => 'file' in what || what.definition.input !== undefined;

/** The module that the pipeline runs. */
function ready(module: Module, { use }: AnalyzerPlace, { facts, analyze }: Opened): Module {
  const { policy } = splitPolicy(use);
  const name = use.name ?? facts.name;
  const { instances = 1, isolation = 'inline' } = use;
  if (instances > 1 && !facts.stateless)
    throw new FramepathError('GRAPH_INVALID', `Module '${name}' has instances: ${instances}, but keeps state`, {
      module: name,
      hint: 'Say stateless: true in its definition if it keeps nothing between frames, or remove instances.',
    });
  const input = facts.input && inputSpec(facts.input);
  const depends = [...new Set([...facts.depends, ...(input?.crop ? [input.crop] : [])])];
  // Hosts are timed here: who took too long has to be ended too.
  const { timeoutMs, ...rest } = policy;
  const nativePolicy: PolicySpec = { ...(isolation === 'inline' ? policy : rest), workers: instances };
  const { pixels } = module.spec as { pixels: boolean };
  const { stateless } = facts;
  const spec = { kind: 'js' as const, policy: nativePolicy, depends, pixels, stateless, ...(input && { input }) };
  const host: AnalyzerHost = { pixels, stride: policy.stride ?? 1, ...(input && { input }), analyze };
  return new Module(name, 'value', depends, spec, host);
}

function openPlace(
  module: Module,
  place: AnalyzerPlace,
  shared: SharedInputs | undefined,
  told: ToldOf,
): Promise<Opened> {
  const { what, use } = place;
  const { isolation = 'inline' } = use;
  return isolation === 'inline' || !('file' in what)
    ? openInline(place, shared)
    : openHosted(module, { ...use, isolation }, what.file, shared!, told);
}

async function openInline({ what, use }: AnalyzerPlace, shared: SharedInputs | undefined): Promise<Opened> {
  const definition = 'file' in what ? await loadDefinition(what.file) : what.definition;
  const instance: Instance = await openInstance(definition, use.options);
  const { input } = definition;
  const views = input && new InputViews(shared!);
  return {
    facts: factsOf(definition),
    analyze: (frame, deps, words) => {
      if (words && input) (frame as FrameView).input = views!.read(words, input);
      return instance.analyze(frame, deps);
    },
    close: instance.close,
  };
}

async function openHosted(
  module: Module,
  use: AnalyzerPlace['use'] & { isolation: Exclude<AnalyzerPlace['use']['isolation'], 'inline' | undefined> },
  file: string,
  shared: SharedInputs,
  told: ToldOf,
): Promise<Opened> {
  let name = module.name || file;
  const pool = new HostPool(
    {
      name: module.name || file,
      file,
      options: use.options,
      place: { isolation: use.isolation, root: use.root ?? dirname(file), memoryMb: use.memoryMb, inputs: shared.fd },
      instances: use.instances ?? 1,
      restarts: use.restarts ?? 5,
      backoffMs: use.backoffMs ?? 100,
      startTimeoutMs: use.startTimeoutMs ?? 30_000,
      timeoutMs: use.timeoutMs ?? 0,
    },
    (...what) => told(name, ...what),
  );
  const facts = await pool.start();
  name = use.name ?? facts.name;
  return {
    facts,
    analyze: ({ source, index, timeMs, width, height }, deps, words) =>
      pool.ask({ frame: { source, index, timeMs, width, height }, deps, ...(words && { input: Array.from(words) }) }),
    close: () => pool.close(),
  };
}
