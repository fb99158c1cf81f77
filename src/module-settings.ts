/** How modules run, as configuration: what their place of use leaves open, by the name of the module. */
import { FramepathError, messageOf } from './errors.js';
import { type AnalyzerUse, useRules } from './modules/analyzer.js';
import { type DecidedBy, type Module, onErrorAlone, type Policy, policyRules } from './modules/module.js';
import { fields, flag, type Rule } from './validate.js';

/** Settings of one module; those of {@link AnalyzerUse} for analyzers, policies for all. */
export interface ModuleSettings extends Omit<AnalyzerUse, 'name'>, Pick<Policy, 'workers'> {
  /** false takes the module out of the run: it returns no value; default true */
  enabled?: boolean;
}

/** A level of the configuration and its settings of modules. */
export interface ModuleLevel {
  /** e.g. `framepath.config.mjs (production)` */
  from: string;
  modules: Readonly<Record<string, ModuleSettings>>;
}

const { name: _, ...placeRules } = useRules;
const everything: Record<string, Rule> = { ...placeRules, workers: policyRules.workers, enabled: flag };

/** Settings of modules by name; what a module of its kind has is checked when a pipeline uses it. @internal */
export const moduleSettingsRule: Rule = (name, value) => {
  fields(name, value, Object.fromEntries(Object.keys(value ?? {}).map((key) => [key, settingsRule])));
};
const settingsRule: Rule = (name, value) => fields(name, value, everything);

/** What can be set of a module: of a native one its policies, of an analyzer all but those of native ones. */
function rulesOf({ spec, shape }: Module): Record<string, Rule> {
  const { retry, maxBatch, maxWaitMs, workers } = policyRules;
  if (spec.kind === 'js') return { ...placeRules, enabled: flag };
  if (shape === 'tracks') return { onError: onErrorAlone, enabled: flag };
  if (shape === 'people') return { onError: onErrorAlone, maxBatch, maxWaitMs, workers, enabled: flag };
  if (shape === 'boxClasses') return { retry, onError: onErrorAlone, maxBatch, maxWaitMs, workers, enabled: flag };
  return { ...policyRules, enabled: flag };
}

/** The settings of a module over all levels, key by key: the first level that sets one wins. */
export interface ModuleDecision {
  settings: ModuleSettings;
  decidedBy: DecidedBy;
}

const settingsOf = ({ modules }: ModuleLevel, name: string): ModuleSettings =>
  Object.hasOwn(modules, name) ? modules[name]! : {};

/** @throws CONFIG_INVALID for a setting that this kind of module does not have */
export function decideModule(module: Module, name: string, levels: readonly ModuleLevel[]): ModuleDecision {
  for (const level of levels) {
    fits(name, level.from, () => fields(`modules.${name}`, settingsOf(level, name), rulesOf(module)));
  }
  return decided(name, levels);
}

/** Whatever kind of module it turns out to be. */
export function decided(name: string, levels: readonly ModuleLevel[]): ModuleDecision {
  const settings: Record<string, unknown> = {};
  const decidedBy: Record<string, string> = {};
  for (const level of levels) {
    for (const [key, value] of Object.entries(settingsOf(level, name))) {
      if (value === undefined || key in settings) continue;
      settings[key] = value;
      decidedBy[key] = level.from;
    }
  }
  return { settings, decidedBy };
}

/**
 * What is wrong with an option is the level's that decided it; undefined: the call's, whose errors are reported as they are.
 * @throws CONFIG_INVALID; what `check` throws
 * @internal
 */
export function fits(name: string, level: string | undefined, check: () => void): void {
  try {
    check();
  } catch (cause) {
    if (level === undefined) throw cause;
    const message = `${level} does not fit module '${name}': ${messageOf(cause)}`;
    throw new FramepathError('CONFIG_INVALID', message, { module: name, cause });
  }
}
