/** From what the caller described to what the native side runs: graph checks, names, models, outputs. */

import type { DecidedSettings } from './config.js';
import { didYouMean } from './did-you-mean.js';
import { FramepathError } from './errors.js';
import { reservedNames } from './frame.js';
import { audioModeNames } from './generated/enums.js';
import type { CompositionSpec, ModuleSpec, OutputSpec, PipelineSpec, SourceSpec } from './generated/specs.js';
import { type Layout, layoutSpec, single } from './layout.js';
import { moduleLevels, settingLevels } from './levels.js';
import { resolveModel } from './model-file.js';
import type { Module, Shape } from './modules/module.js';
import type { ComposeOptions, EncodeOptions } from './output.js';
import type { ProviderSpec } from './providers/provider.js';
import { runtimeLibraries } from './runtime-library.js';
import { finite, type Source, type SourceRef } from './source.js';
import { unexpected } from './validate.js';

/** A composition; without a layout the only source as it is. */
export interface CompositionDescription extends ComposeOptions {
  layout?: Layout;
  outputs: readonly { path?: string; options: EncodeOptions }[];
}

/** What a pipeline has gathered. */
export interface Description {
  sources: readonly Source[];
  modules: readonly Module[];
  compositions: readonly CompositionDescription[];
  keepPixels: boolean;
  /** a contact sheet */
  snapshots: boolean;
  trace: boolean;
  /** rows for a MOT file are kept in this folder meanwhile */
  rows?: string;
}

/** Ids of sources: their own, else their position. @throws INVALID_ARGUMENT for ids given twice */
export function sourceIds(sources: readonly Source[]): string[] {
  const ids = sources.map((source, i) => source.spec.id ?? String(i));
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) throw unexpected('an id that no other source has', 'id', twice);
  return ids;
}

/** Modules with every dependency before its dependents. @throws GRAPH_INVALID */
export function orderModules(modules: readonly Module[]): Module[] {
  const byName = new Map<string, Module>();
  for (const module of modules) {
    if (reservedNames.has(module.name))
      throw invalid(`The name '${module.name}' is a property of every frame`, module.name);
    if (byName.has(module.name)) throw invalid(`Two modules are called '${module.name}'`, module.name);
    byName.set(module.name, module);
  }
  const ordered: Module[] = [];
  const path: string[] = [];
  const visit = (module: Module) => {
    if (ordered.includes(module)) return;
    if (path.includes(module.name)) {
      const cycle = [...path.slice(path.indexOf(module.name)), module.name].join(' > ');
      throw invalid(`Modules depend on each other in a circle: ${cycle}`, module.name);
    }
    path.push(module.name);
    for (const name of module.depends) visit(needed(byName, name, `Module '${module.name}' depends on`, module.name));
    path.pop();
    ordered.push(module);
  };
  modules.forEach(visit);
  for (const module of ordered) checkInputs(module, byName);
  return ordered;
}

function needed(byName: ReadonlyMap<string, Module>, name: string, who: string, module?: string): Module {
  const found = byName.get(name);
  if (found) return found;
  const known = [...byName.keys()].filter((other) => other !== module);
  const sentence = `${who} '${name}', which is not used (modules: ${[...byName.keys()].join(', ') || 'none'})`;
  throw invalid(`${sentence}${didYouMean(name, known)}`, module, `Add .use(...) for '${name}'.`);
}

/** An analyzer may give boxes: it is asked for them when it answers (src/run/packed-boxes.ts). */
const boxShapes: readonly Shape[] = ['detections', 'tracks', 'people', 'value'];
const trackShapes: readonly Shape[] = ['tracks', 'people'];
const inputShapes: Partial<Record<Shape, readonly Shape[]>> = {
  tracks: ['detections'],
  people: ['tracks'],
  boxClasses: boxShapes,
};

function checkInputs(module: Module, byName: ReadonlyMap<string, Module>): void {
  const wanted = inputShapes[module.shape] ?? [];
  for (const name of wanted.length ? module.depends : []) {
    const given = byName.get(name)!.shape;
    if (!wanted.includes(given))
      throw invalid(`Module '${module.name}' needs ${wanted.join(' or ')} but '${name}' gives ${given}`, module.name);
  }
  const crop = module.host?.input?.crop;
  if (crop !== undefined && !boxShapes.includes(byName.get(crop)!.shape))
    throw invalid(`Module '${module.name}' crops what '${crop}' gives, which are no boxes`, module.name);
  const of = module.host?.input?.of;
  if (of !== undefined && !trackShapes.includes(byName.get(of)!.shape))
    throw invalid(
      `Module '${module.name}' wants windows of what '${of}' gives, which are no tracks`,
      module.name,
      'Name a module made by track(...) or identify(...).',
    );
  const fallback = module.spec.policy?.fallback;
  if (fallback !== undefined) needed(byName, fallback, `Module '${module.name}' falls back to`, module.name);
}

function invalid(message: string, module?: string, hint?: string): FramepathError {
  return new FramepathError('GRAPH_INVALID', message, { module, hint });
}

/** The layout draws nothing of disabled modules. @throws CONFIG_INVALID when it hides the boxes of one; GRAPH_INVALID */
function checkLayout(layout: Layout, modules: readonly Module[], disabled: ReadonlyMap<string, string>): void {
  const hidden = layout.canvas.redact?.of;
  if (hidden !== undefined && disabled.has(hidden))
    throw new FramepathError('CONFIG_INVALID', `The layout hides what '${hidden}' finds, which is disabled`, {
      module: hidden,
      hint: `It is disabled because of: ${disabled.get(hidden)}. Enable it, or compose without redact.`,
    });
  const byName = new Map(modules.map((module) => [module.name, module]));
  for (const name of layout.modules) {
    if (disabled.has(name)) continue;
    const module = needed(byName, name, 'The layout reads');
    if (!boxShapes.includes(module.shape)) throw invalid(`The layout reads '${name}', which gives no boxes`, name);
  }
}

/** A file that would hold nothing is refused. @throws GRAPH_INVALID */
function checkFiles({ rows, snapshots }: Description, modules: readonly Module[]): void {
  if ((rows === undefined && !snapshots) || modules.some(({ shape }) => shape === 'tracks')) return;
  const file = rows !== undefined ? 'mot(...) writes' : 'contactSheet(...) shows';
  throw invalid(`${file} tracks, and no module gives any`, undefined, 'Add .use(track(...)).');
}

/** Finds sources by position or id; -1 for an id that no source has yet. @internal */
export function positions(ids: readonly string[]): (ref: SourceRef, name: string) => number {
  return (ref, name) => {
    if (typeof ref === 'string') return ids.lastIndexOf(ref);
    if (ref < ids.length) return ref;
    throw unexpected(
      `one of the sources ${ids.map((id, i) => (id === String(i) ? id : `${i} ('${id}')`)).join(', ')}`,
      name,
      ref,
      ids,
    );
  };
}

/** The native form of a source. */
export function sourceSpec(source: Source, id: string): SourceSpec {
  return { ...source.spec, id };
}

/** The spec that the native side runs; its modules are in the order of `modules`. */
export function planRun(
  from: Description,
  modules: readonly Module[],
  settings: DecidedSettings,
  providers: ProviderSpec = {},
  disabled: ReadonlyMap<string, string> = new Map(),
): PipelineSpec {
  const ids = sourceIds(from.sources);
  const position = positions(ids);
  checkFiles(from, modules);
  const folder = settings.modelsFolder.value;
  return {
    device: settings.device.value,
    levels: [...settingLevels(settings), ...modules.flatMap(moduleLevels)],
    ...(settings.memoryLimit.value !== undefined && { memoryLimit: settings.memoryLimit.value }),
    runtimeLibraries: runtimeLibraries(settings.runtimeLibrary.value),
    providers,
    sources: from.sources.map((source, i) => sourceSpec(source, ids[i]!)),
    modules: modules.map((module) => moduleSpec(module, folder)),
    compositions: compositionSpecs(from.compositions, modules, ids, position, disabled),
    inFlight: settings.inFlight.value,
    resultQueue: settings.resultQueue.value,
    keepPixels: from.keepPixels,
    keptFrames: settings.keptFrames.value,
    maxPending: settings.maxPending.value,
    ...(settings.maxEncoderSessions.value && { maxEncoderSessions: settings.maxEncoderSessions.value }),
    encoderSessions: settings.encoderSessions.value,
    open: ids.length === 0,
    snapshots: from.snapshots,
    trace: from.trace,
    ...(from.rows !== undefined && { rows: from.rows }),
  };
}

function moduleSpec(module: Module, folder: string): ModuleSpec {
  if (module.spec.kind === 'js')
    return { name: module.name, ...module.spec, ...(module.host && { where: module.host.where }) };
  if (!('model' in module.spec)) return { name: module.name, ...module.spec };
  const { ref, ...stated } = module.spec.model;
  return {
    name: module.name,
    ...module.spec,
    model: { ...stated, ...resolveModel(ref, folder, module.name) },
  } as ModuleSpec;
}

function compositionSpecs(
  compositions: readonly CompositionDescription[],
  modules: readonly Module[],
  ids: readonly string[],
  position: (ref: SourceRef, name: string) => number,
  disabled: ReadonlyMap<string, string>,
): CompositionSpec[] {
  const known = (ref: SourceRef) => {
    const found = position(ref, 'sources');
    if (found < 0) throw unexpected(`some of the sources ${ids.join(', ')}`, 'sources', ref, ids);
    return found;
  };
  const specs = compositions.map(({ layout, sources, canvases, outputs, ...composition }, i) => {
    if (!layout && ids.length !== 1)
      throw unexpected(`compose(layout) before encode, with ${ids.length} sources,`, 'layout', undefined);
    if (layout) checkLayout(layout, modules, disabled);
    if (outputs.length === 0 && !canvases)
      throw unexpected('encode(...) after compose(...), or canvases: true,', 'output', undefined);
    return {
      name: composition.name ?? String(i),
      ...(sources && { sources: sources.map(known) }),
      layout: layoutSpec(layout ?? single(), ids.length, position, disabled),
      outputs: outputs.map((output) => outputSpec(output, ids, position)),
      ...(canvases !== undefined && { canvases }),
    };
  });
  unique('compose', specs);
  unique(
    'encode',
    specs.flatMap(({ outputs }) => outputs),
  );
  return specs;
}

/** @throws INVALID_ARGUMENT for names given twice */
function unique(method: string, named: readonly { name: string }[]): void {
  const names = named.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw unexpected(`a name that no other ${method}(...) has`, 'name', twice);
}

export function audioGains(gains: Readonly<Record<string, number>>): { source: string; gain: number }[] {
  return Object.entries(gains).map(([source, gain]) => ({ source, gain }));
}

function outputSpec(
  output: CompositionDescription['outputs'][number],
  ids: readonly string[],
  position: (ref: SourceRef, name: string) => number,
): OutputSpec {
  const { name = output.path ?? 'packets', audio, bitrate, reconnect, ...rest } = output.options;
  return {
    ...rest,
    name,
    ...(output.path !== undefined && { path: output.path }),
    ...finite('reconnect', reconnect),
    ...(typeof bitrate === 'object'
      ? { minBitrate: bitrate.min, bitrate: bitrate.max }
      : bitrate !== undefined && { bitrate }),
    ...(audio !== undefined && audioSpec(audio)),
  };

  function audioSpec(
    asked: NonNullable<typeof audio>,
  ): Pick<OutputSpec, 'audio' | 'audioSource' | 'audioId' | 'audioGains'> {
    if (typeof asked === 'object') return { audioGains: audioGains(asked) };
    const mode = audioModeNames.find((name) => name === asked);
    if (mode) return { audio: mode };
    if (typeof asked === 'string' && !ids.includes(asked)) return { audioId: asked }; // of a source that is to join
    return { audioSource: position(asked, 'audio') };
  }
}
