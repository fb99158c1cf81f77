/** The builder: sources, modules, composition, outputs. */
import { dirname, resolve } from 'node:path';

import { loadAddon } from './addon.js';
import { type DecidedSettings, loadConfiguration, type Settings, settingRules } from './config.js';
import { toFramepathError } from './errors.js';
import { type Explanation, explainPlan } from './explain/explanation.js';
import type { OnModuleRecovery, OpenModules } from './hosts/open.js';
import { Layout } from './layout.js';
import { Module, opensModel } from './modules/module.js';
import type { NativeAddon } from './native.js';
import { type ComposeOptions, checkCompose, checkEncode, type EncodeOptions } from './output.js';
import { withoutDisabled } from './placement/disabled.js';
import type { Placed } from './placement/place.js';
import { type Description, orderModules, planRun } from './plan.js';
import { chooseProviders } from './providers/choose.js';
import { aborted, RunCore } from './run/core.js';
import { Run } from './run/run.js';
import { Source } from './source.js';
import { fields, isA, text, unexpected } from './validate.js';
import type { FilePaths } from './writers/writers.js';

/** What `start` is a method of while modules are missing: names them in the compiler's message. */
export interface MissingModules<Names> {
  readonly missingModules: Names;
}

/** Options of {@link Pipeline.start}. */
export interface StartOptions {
  /** aborts the run, also while it opens its sources: nothing is drained, iterators throw ABORTED */
  signal?: AbortSignal;
}

type Ready<Results extends object, Needs extends object> = Results extends Needs
  ? Pipeline<Results, Needs>
  : MissingModules<Exclude<keyof Needs, keyof Results>>;

/**
 * A description of a run. Every method returns a new pipeline; nothing is opened before {@link start}.
 * `Results` are the properties that modules add to frames, `Needs` the modules that others depend on.
 */
export class Pipeline<Results extends object = object, Needs extends object = object> {
  /** Phantom: carries the types, never set. */
  declare readonly types?: { results: Results; needs: Needs };

  readonly #description: Description;
  readonly #settings: Settings;
  readonly #files: FilePaths;

  /** @internal */
  constructor(description: Description, settings: Settings, files: FilePaths) {
    this.#description = description;
    this.#settings = settings;
    this.#files = files;
  }

  #with<R extends object = Results, N extends object = Needs>(
    change: Partial<Description>,
    settings: Settings = {},
    files: FilePaths = {},
  ): Pipeline<R, N> {
    return new Pipeline(
      { ...this.#description, ...change },
      { ...this.#settings, ...settings },
      { ...this.#files, ...files },
    );
  }

  /**
   * Adds a module; `frame[module.name]` is its result. Order does not matter: it follows from dependencies.
   * @throws INVALID_ARGUMENT; at start GRAPH_INVALID
   */
  use<const N extends string, V, D extends object>(
    module: Module<N, V, D>,
  ): Pipeline<Results & { [K in N]: V }, Needs & D> {
    if (!isA(Module, module)) throw unexpected('a module such as detect(...)', 'module', module);
    return this.#with({ modules: [...this.#description.modules, module as Module] });
  }

  /**
   * Puts the sources that the layout shows on a canvas. A run may have any number of compositions, each with its outputs:
   * {@link encode} adds one to the composition before it. It ends when the last source that it shows ends.
   * @throws INVALID_ARGUMENT; at start GRAPH_INVALID
   */
  compose<A extends string>(
    layout: Layout<A>,
    options: ComposeOptions = {},
  ): Pipeline<Results, Needs & { [K in A]: unknown }> {
    if (!isA(Layout, layout)) throw unexpected('a layout such as split(...)', 'layout', layout);
    checkCompose(options);
    const { compositions } = this.#description;
    const encoded = compositions.find((composition) => !composition.layout); // encode(...) came first
    if (!encoded) return this.#with({ compositions: [...compositions, { outputs: [], ...options, layout }] });
    return this.#with({ compositions: [{ ...encoded, ...options, layout }] });
  }

  /**
   * Encodes the composition described before, or the only source as it is. A composition may have any number of outputs,
   * each with its own codec, size and bitrate: one that fails ends alone (see `required`).
   * @param path a file (`.mp4`, `.m4v`, `.mov`, `.mkv`, `.ts`, `.m2ts`, `.m3u8`) or URL; null: only `run.packets()`
   * @throws INVALID_ARGUMENT; at start ENCODER_UNAVAILABLE, OUTPUT_UNWRITABLE
   */
  encode(path: string | null | undefined, options: EncodeOptions = {}): Pipeline<Results, Needs> {
    checkEncode(path, options);
    const output = { ...(typeof path === 'string' && { path }), options };
    const { compositions } = this.#description;
    const { outputs, ...composition } = compositions.at(-1) ?? { outputs: [] };
    return this.#with({
      compositions: [...compositions.slice(0, -1), { ...composition, outputs: [...outputs, output] }],
    });
  }

  /** `frame.pixels()` and `frame.jpeg()` work until the next frame is asked for. */
  keepPixels(): Pipeline<Results, Needs> {
    return this.#with({ keepPixels: true });
  }

  /** Settings of this run; they win over configuration files and `FRAMEPATH_*`. @throws INVALID_ARGUMENT */
  options(settings: Settings): Pipeline<Results, Needs> {
    fields('options', settings, settingRules);
    return this.#with({}, settings);
  }

  /** Writes `frame.toJSON()` a line, ordered by (time, source), then `{relink}`. @throws at start OUTPUT_UNWRITABLE */
  results(path: string): Pipeline<Results, Needs> {
    return this.#file('results', path);
  }

  /**
   * Writes MOT text, one file a source (`x.<id>.txt` where there are several): with final ids, of tracks where nothing
   * identifies. @throws at start OUTPUT_UNWRITABLE; GRAPH_INVALID without a tracker
   */
  mot(path: string): Pipeline<Results, Needs> {
    return this.#file('mot', path);
  }

  /** Writes the timeline as JSON when the run ends. @throws at start OUTPUT_UNWRITABLE */
  timeline(path: string): Pipeline<Results, Needs> {
    return this.#file('timeline', path);
  }

  /** Writes the report as JSON when the run ends. @throws at start OUTPUT_UNWRITABLE */
  report(path: string): Pipeline<Results, Needs> {
    return this.#file('report', path);
  }

  /**
   * Writes a JPEG with the best shot of every identity, of every track where nothing identifies, when the run ends. Where
   * nobody was seen there is no file, and the report has a recovery. @throws at start OUTPUT_UNWRITABLE; GRAPH_INVALID
   * without a tracker
   */
  contactSheet(path: string): Pipeline<Results, Needs> {
    return this.#file('contactSheet', path);
  }

  /**
   * Writes who worked when as a file that ui.perfetto.dev opens: a row for every stage and worker, arrows along each
   * frame. The first half million pieces of work are kept. @throws at start OUTPUT_UNWRITABLE
   */
  trace(path: string): Pipeline<Results, Needs> {
    return this.#file('trace', path);
  }

  #file(kind: keyof FilePaths, path: string): Pipeline<Results, Needs> {
    text('path', path);
    return this.#with(needsOf[kind]?.(path) ?? {}, {}, { [kind]: path });
  }

  /**
   * Opens sources, models, encoder and files; rejects with whatever does not fit, so that a started run has everything.
   * @throws any code of the table that concerns opening; CONFIG_INVALID, GRAPH_INVALID, ADDON_MISSING, PLATFORM_UNSUPPORTED, ABORTED
   */
  async start(this: Ready<Results, Needs>, options: StartOptions = {}): Promise<Run<Results>> {
    fields('options', options, {
      signal: (name, value) => {
        if (!isA(AbortSignal, value)) throw unexpected('an AbortSignal', name, value);
      },
    });
    return (this as Pipeline<Results, Needs>).#start(options.signal);
  }

  /**
   * Returns what {@link start} would do: modules in their order, batches, where each runs, and who decided. Opens models
   * and the hosts of analyzers, but neither sources nor outputs.
   * @throws CONFIG_INVALID, GRAPH_INVALID, INVALID_ARGUMENT, ADDON_MISSING, PLATFORM_UNSUPPORTED, MODULE_UNUSABLE, MODULE_CONFLICT, and the errors of
   * models
   */
  async explain(this: Ready<Results, Needs>): Promise<Explanation> {
    return (this as Pipeline<Results, Needs>).#explain();
  }

  async #explain(): Promise<Explanation> {
    const { settings, placed } = await this.#place();
    const { openModules } = await import('./hosts/open.js');
    const opened = await openModules(placed.modules, loadAddon(), () => undefined, undefined);
    try {
      const { modules, spec, disabled } = await this.#plan(opened, placed, settings);
      const reads = this.#description.compositions.map(({ layout }) => [
        ...new Set(layout?.modules.filter((name) => !disabled.has(name))),
      ]);
      const { warnings } = placed;
      return { ...(await explainPlan(modules, spec, settings, reads)), disabled: disabledBy(disabled), warnings };
    } finally {
      await opened.close();
    }
  }

  /** The modules as they are configured, each with its place. */
  async #place(): Promise<{ settings: DecidedSettings; placed: Placed }> {
    const { settings, modules: levels } = await loadConfiguration(this.#settings);
    const { placeModules } = await import('./placement/place.js');
    return { settings, placed: await placeModules(this.#description.modules, levels, settings) };
  }

  async #plan(opened: OpenModules, placed: Placed, settings: DecidedSettings) {
    const { modules: enabled, disabled } = withoutDisabled(opened.modules, placed.disabled);
    const modules = orderModules(enabled);
    const infers = modules.some(({ spec }) => opensModel(spec));
    const providers = infers ? await chooseProviders(settings) : {};
    return { modules, disabled, spec: planRun(this.#description, modules, settings, providers, disabled) };
  }

  async #start(signal: AbortSignal | undefined): Promise<Run<Results>> {
    const { settings, placed } = await this.#place();
    const addon = loadAddon();
    let onRecovery: OnModuleRecovery = () => undefined;
    const { openModules } = await import('./hosts/open.js');
    const opened = await openModules(placed.modules, addon, (...what) => onRecovery(...what), signal).catch((error) => {
      throw signal?.aborted ? aborted(signal.reason) : error;
    });
    try {
      const core = await this.#startRun(addon, opened, placed, settings, signal);
      onRecovery = recoveriesOf(new WeakRef(core));
      dropped.register(core, opened.close);
      return new Run<Results>(core);
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  async #startRun(
    addon: NativeAddon,
    opened: OpenModules,
    placed: Placed,
    settings: DecidedSettings,
    signal: AbortSignal | undefined,
  ): Promise<RunCore> {
    const { modules, spec, disabled } = await this.#plan(opened, placed, settings);
    const core = openRun(addon, spec, modules, opened, [...disabled.keys()]);
    await core.start(this.#files, this.#description.sources, signal);
    return core;
  }
}

/** What the native side keeps for a file. */
const needsOf: Partial<Record<keyof FilePaths, (path: string) => Partial<Description>>> = {
  mot: (path) => ({ rows: dirname(resolve(path)) }),
  contactSheet: () => ({ snapshots: true }),
  trace: () => ({ trace: true }),
};

/** Hosts do not hold the run: one that is dropped has to go. */
function recoveriesOf(core: WeakRef<RunCore>): OnModuleRecovery {
  return (...what) => core.deref()?.lost(...what);
}

/** Its analyzers go with a run that was dropped. */
const dropped = new FinalizationRegistry((close: OpenModules['close']) => void close().catch(() => undefined));

const disabledBy = (disabled: ReadonlyMap<string, string>) => [...disabled].map(([name, why]) => ({ name, why }));

function openRun(...given: ConstructorParameters<typeof RunCore>): RunCore {
  try {
    return new RunCore(...given);
  } catch (error) {
    throw toFramepathError(error);
  }
}

/**
 * Starts a description with its sources. Without sources the run stays open until closed: sources are added, or
 * pictures submitted.
 * @example
 * ```ts
 * const run = await pipeline(video('in.mp4')).use(detect('faces', 'blazeface')).start();
 * ```
 * @throws INVALID_ARGUMENT
 */
export function pipeline(...sources: Source[]): Pipeline {
  sources.forEach((source, i) => {
    if (!isA(Source, source)) throw unexpected('a source such as video(...)', `source ${i}`, source);
  });
  return new Pipeline(
    { sources, modules: [], compositions: [], keepPixels: false, snapshots: false, trace: false },
    {},
    {},
  );
}
