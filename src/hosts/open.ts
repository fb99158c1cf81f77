/** Opens the analyzers of a pipeline: loads files, starts hosts, configures instances. */
import { FramepathError, messageOf, toFramepathError } from '../errors.js';
import type { FrameView } from '../frame.js';
import type { DefinitionFacts } from '../generated/messages.js';
import type { HostReport } from '../generated/results.js';
import { hostOptionsDefaults, hostOptionsRules } from '../generated/rules.js';
import type { HostOptions, Policy } from '../generated/specs.js';
import type { AnalyzerHost, AnalyzerPlace } from '../modules/analyzer.js';
import { checkFacts, factsOf } from '../modules/definition.js';
import { boxesOf, inputSpec } from '../modules/input.js';
import { InputViews } from '../modules/input-views.js';
import { Module, splitPolicy } from '../modules/module.js';
import type { NativeAddon, SharedInputs } from '../native.js';
import { type Instance, loadDefinition, openInstance, unusable } from './instance.js';
import { closeMs, HostPool, type OnRecovery } from './pool.js';
import { Turns } from './turns.js';

/** {@link OnRecovery} with the name of the module. */
export type OnModuleRecovery = (module: string, ...recovery: Parameters<OnRecovery>) => void;

export interface OpenModules {
  modules: Module[];
  /** shared memory of their inputs, where one of them could need it */
  inputs: SharedInputs | undefined;
  hosts(): HostReport[];
  close(): Promise<void>;
}

interface Opened {
  facts: DefinitionFacts;
  analyze: AnalyzerHost['analyze'];
}

type Closer = () => Promise<void>;

/**
 * Opens all concurrently, until `signal` is aborted.
 * @throws MODULE_UNUSABLE, or the signal's reason; nothing stays open
 */
export async function openModules(
  modules: readonly Module[],
  addon: NativeAddon,
  onRecovery: OnModuleRecovery,
  signal: AbortSignal | undefined,
): Promise<OpenModules> {
  signal?.throwIfAborted();
  const shared = modules.some(({ place }) => place && wantsMemory(place)) ? new addon.SharedInputs() : undefined;
  const closers: Closer[] = [];
  const pools: HostPool[] = [];
  const hosts = () => pools.flatMap((pool) => pool.report());
  let closing: Promise<unknown> | undefined;
  const close = async () => {
    closing ??= Promise.all(closers.map((each) => each()));
    await closing.finally(() => shared?.close());
  };
  // An analyzer that opens after `close`, because of a slow import or `configure`, is closed at once.
  const keep = (closer: Closer) => {
    if (closing) void closer().catch(() => undefined);
    else closers.push(closer);
  };
  let onAbort: () => void = () => undefined;
  const abandoned = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal?.reason);
  });
  signal?.addEventListener('abort', onAbort, { once: true });
  const opening = modules.map(async (module) => {
    if (!module.place) return module;
    return ready(module, module.place, await openPlace(module, module.place, shared, onRecovery, keep, pools));
  });
  try {
    // Wait for all: an analyzer that is still opening when another fails has to be closed too.
    await Promise.race([Promise.allSettled(opening), abandoned]);
    return { modules: await Promise.all(opening), inputs: shared, hosts, close };
  } catch (error) {
    await close();
    throw signal?.aborted ? error : toFramepathError(error);
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

const wantsMemory = ({ what }: AnalyzerPlace): boolean => 'file' in what || what.definition.input !== undefined;

/** The module as the pipeline runs it. */
function ready(module: Module, { use, configured }: AnalyzerPlace, { facts, analyze }: Opened): Module {
  const { policy } = splitPolicy(use);
  const name = use.name ?? facts.name;
  checkConfigured(name, configured);
  const { instances = 1, isolation = 'inline' } = use;
  const inline = isolation === 'inline' || isolation === 'auto';
  if (instances > 1 && facts.input?.of !== undefined)
    throw new FramepathError('GRAPH_INVALID', `Module '${name}' has instances: ${instances}, but takes windows`, {
      module: name,
      hint: "A window needs its source's frames in order: remove instances, or take crops (input.crop) instead.",
    });
  if (instances > 1 && !facts.stateless)
    throw new FramepathError('GRAPH_INVALID', `Module '${name}' has instances: ${instances}, but keeps state`, {
      module: name,
      hint: 'Set stateless: true in its definition if it keeps nothing between frames, or remove instances.',
    });
  const input = facts.input && inputSpec(facts.input);
  const boxes = input && boxesOf(input);
  const depends = [...new Set([...facts.depends, ...(boxes === undefined ? [] : [boxes])])];
  const nativePolicy: Policy = { ...policy, ...(instances > 1 && { workers: instances }) };
  const { pixels } = module.spec as { pixels: boolean };
  const stateless = facts.stateless && input?.of === undefined; // windows grow in order
  const elsewhere = input?.memory === 'device' && !inline && isolation !== 'thread';
  const spec = {
    kind: 'js' as const,
    policy: nativePolicy,
    depends,
    pixels,
    stateless,
    ...(input && { input }),
    ...(!inline && { host: hostOptionsOf(use) }), // the timeout is kept on this side, which also kills a host that is late
    ...(elsewhere && { elsewhere }),
  };
  const host: AnalyzerHost = {
    pixels,
    ...(input && { input }),
    where: typeof isolation === 'object' ? isolation.python : inline ? 'main thread' : isolation,
    disabled: [],
    analyze,
  };
  return new Module(name, 'value', depends, spec, host, undefined, module.decidedBy);
}

/** Those that were stated. */
const hostOptionsOf = (use: AnalyzerPlace['use']): HostOptions =>
  Object.fromEntries(Object.entries(use).filter(([key, value]) => key in hostOptionsRules && value !== undefined));

/** The configuration was applied to the name expected before the file was loaded: the file has to define that name. */
function checkConfigured(name: string, configured: AnalyzerPlace['configured']): void {
  if (!configured || configured.as === name) return;
  const of = [name, configured.as].find((one) => configured.names.has(one));
  if (of === undefined) return;
  throw new FramepathError(
    'CONFIG_INVALID',
    `The configuration names module '${of}', but the name '${name}' of an analyzer was known only after its file was loaded`,
    { module: name, hint: `Name it where it is used: analyzer(file, { name: '${name}' }).` },
  );
}

function openPlace(
  module: Module,
  place: AnalyzerPlace,
  shared: SharedInputs | undefined,
  onRecovery: OnModuleRecovery,
  keep: (closer: Closer) => void,
  pools: HostPool[],
): Promise<Opened> {
  const { what, use } = place;
  const { isolation = 'inline' } = use;
  return isolation === 'inline' || isolation === 'auto' || !('file' in what)
    ? openInline(place, shared, onRecovery, keep)
    : openHosted(module, { ...use, isolation }, what.file, shared!, onRecovery, keep, pools);
}

async function openInline(
  { what, use }: AnalyzerPlace,
  shared: SharedInputs | undefined,
  onRecovery: OnModuleRecovery,
  keep: (closer: Closer) => void,
): Promise<Opened> {
  const definition = 'file' in what ? await loadDefinition(what.file) : what.definition;
  const instance: Instance = await openInstance(definition, use.options);
  // With timeoutMs the native side sends one question at a time, and the next one while a late call still runs.
  const turns = new Turns(use.timeoutMs ? Number.POSITIVE_INFINITY : (use.instances ?? 1));
  keep(() => {
    turns.close();
    return closeInline(use.name ?? definition.name, instance, onRecovery);
  });
  const { input } = definition;
  const views = input && new InputViews(shared!);
  return {
    facts: factsOf(definition),
    analyze: (frame, deps, packed, cuda) =>
      turns.take(() => {
        if (packed && input) (frame as FrameView).input = views!.read(packed, input, cuda);
        return instance.analyze(frame, deps);
      }),
  };
}

/** Settles within `closeMs`. @throws MODULE_FAILED */
async function closeInline(name: string, instance: Instance, onRecovery: OnModuleRecovery): Promise<void> {
  let late: NodeJS.Timeout | undefined;
  const abandoned = new Promise<'late'>((resolve) => {
    late = setTimeout(() => resolve('late'), closeMs); // keeps Node alive: an exit without this report would look like success
  });
  try {
    if ((await Promise.race([instance.close(), abandoned])) === 'late')
      onRecovery(name, 'its close did not end in time, and is not waited for', `It had ${closeMs} ms.`);
  } catch (cause) {
    throw new FramepathError('MODULE_FAILED', `Module '${name}' threw while it was closed: ${messageOf(cause)}`, {
      module: name,
      cause,
    });
  } finally {
    clearTimeout(late);
  }
}

type Elsewhere = Exclude<AnalyzerPlace['use']['isolation'], 'inline' | 'auto' | undefined>;

async function openHosted(
  module: Module,
  use: AnalyzerPlace['use'] & { isolation: Elsewhere },
  file: string,
  shared: SharedInputs,
  onRecovery: OnModuleRecovery,
  keep: (closer: Closer) => void,
  pools: HostPool[],
): Promise<Opened> {
  let name = module.name || file;
  const pool = new HostPool(
    {
      name,
      file,
      options: use.options,
      place: { isolation: use.isolation, root: use.root ?? process.cwd(), memoryMb: use.memoryMb, inputs: shared.fd },
      instances: use.instances ?? 1,
      ...hostOptionsDefaults,
      ...hostOptionsOf(use),
      timeoutMs: use.timeoutMs ?? 0,
    },
    (...recovery) => onRecovery(name, ...recovery),
  );
  keep(() => pool.close());
  const facts = await pool.start();
  try {
    checkFacts(facts);
  } catch (cause) {
    throw unusable(`The analyzer of ${file} is not well defined: ${messageOf(cause)}`, cause);
  }
  name = use.name ?? facts.name;
  pool.called(name);
  pools.push(pool);
  return {
    facts,
    analyze: ({ source, index, timeMs, width, height }, deps, packed, cuda, served) =>
      pool.ask(
        {
          frame: { source, index, timeMs, width, height },
          deps,
          ...(packed && { input: Array.from(packed) }),
          ...(cuda && { cuda }),
        },
        served,
      ),
  };
}
