/** Modules as the configuration leaves them: files found, options decided, what is disabled left out. */
import { extname, isAbsolute, resolve } from 'node:path';
import { decideModule, fits, type ModuleLevel } from '../module-settings.js';
import { type AnalyzerPlace, type AnalyzerUse, checkIsolation } from '../modules/analyzer.js';
import { type Module, splitPolicy, type UnresolvedSpec } from '../modules/module.js';
import { isPath } from '../packages/package-file.js';
import type { Scans } from './scans.js';

export interface Configured {
  modules: Module[];
  /** name -> level of the configuration that disabled it */
  disabled: Map<string, string>;
  /** configuration of modules that the pipeline does not have */
  unused: { module: string; from: string }[];
}

/** @throws CONFIG_INVALID, MODULE_UNUSABLE */
export async function configureModules(
  given: readonly Module[],
  levels: readonly ModuleLevel[],
  scans: Scans,
): Promise<Configured> {
  const names = new Set(levels.flatMap(({ modules }) => Object.keys(modules)));
  const configured: Configured = { modules: [], disabled: new Map(), unused: [] };
  const known = new Set<string>();
  for (const module of given) {
    const { place } = module;
    const name = place && names.size > 0 ? await nameOf(module, place, scans) : module.name;
    known.add(name);
    const { settings, decidedBy } = decideModule(module, name, levels);
    const { enabled = true, ...configuration } = settings;
    if (!enabled) configured.disabled.set(name, decidedBy.enabled!);
    else if (place)
      configured.modules.push(placed(module, place, configuration, decidedBy, { as: name, names }, scans));
    else configured.modules.push(withPolicy(module, configuration, decidedBy));
  }
  for (const { from, modules } of levels)
    for (const module of Object.keys(modules)) if (!known.has(module)) configured.unused.push({ module, from });
  return configured;
}

/** The name of an analyzer before it is loaded, found in the text of its file. */
async function nameOf(module: Module, { what, use, from }: AnalyzerPlace, scans: Scans): Promise<string> {
  if (!('file' in what) || use.name !== undefined) return module.name;
  const folder = resolve(from, use.root ?? '.');
  if (!isListedName(what.file)) return scans.nameOf(resolve(folder, what.file));
  // A name that no package lists may be disabled, or get a root from the configuration; else `placed` refuses it.
  const listed = scans.listed(folder).find(({ name, file }) => name === what.file && file !== undefined);
  return listed ? scans.nameOf(listed.file!) : what.file.slice(what.file.lastIndexOf('.') + 1);
}

/** Whether it is a name listed by a package, not a path. */
function isListedName(file: string): boolean {
  return !isAbsolute(file) && !isPath(file) && !/^\.([mc]?[jt]sx?|py)$/.test(extname(file));
}

function placed(
  module: Module,
  place: AnalyzerPlace,
  configuration: AnalyzerUse,
  levels: Readonly<Record<string, string>>,
  configured: NonNullable<AnalyzerPlace['configured']>,
  scans: Scans,
): Module {
  const { use, decidedBy } = merged(place.use, configuration, levels);
  const folder = resolve(place.from, use.root ?? '.');
  const named = 'file' in place.what ? place.what.file : undefined;
  const file = named && (isListedName(named) ? scans.findListed(named, folder) : resolve(folder, named));
  fits(configured.as, decidedBy.onError, () => splitPolicy(use));
  fits(configured.as, decidedBy.isolation, () => checkIsolation(file, use.isolation));
  return module.with({
    decidedBy,
    place: {
      what: file === undefined ? place.what : { file },
      use: { ...use, ...(use.root !== undefined && { root: folder }) },
      from: place.from,
      ...(configured.names.size > 0 && { configured }),
    },
  });
}

function withPolicy(module: Module, configuration: object, levels: Readonly<Record<string, string>>): Module {
  const { use: policy, decidedBy } = merged(module.spec.policy ?? {}, configuration, levels);
  if (Object.keys(decidedBy).length === 0) return module;
  fits(module.name, decidedBy.onError, () => splitPolicy(policy));
  return module.with({ decidedBy, spec: { ...module.spec, policy } as UnresolvedSpec });
}

/** Options of the call override the configuration, key by key. */
function merged<T extends object>(call: T, configuration: object, levels: Readonly<Record<string, string>>) {
  const stated = Object.fromEntries(Object.entries(call).filter(([, value]) => value !== undefined));
  const decidedBy = Object.fromEntries(
    Object.entries(levels).filter(([key]) => key in configuration && !(key in stated)),
  );
  return { use: { ...configuration, ...stated } as T, decidedBy };
}
