/** Levels of the configuration as a spec carries them, so that the plan states who decided an option. */
import type { DecidedSettings } from './config.js';
import type { DecidedBy } from './generated/enums.js';
import type { LevelSpec } from './generated/specs.js';
import type { Module } from './modules/module.js';

/** The kind of the level with that name: those of src/config.ts, or how an `auto` was resolved (src/placement/isolate.ts). */
function kindOf(from: string): DecidedBy {
  if (from === 'options' || from === 'call') return 'call';
  if (from === 'default') return 'default';
  if (from.startsWith('auto (')) return 'probe';
  return from.startsWith('FRAMEPATH_') ? 'environment' : 'file';
}

const level = (option: string, from: string): LevelSpec => ({ option, by: kindOf(from), why: from });

/** Of settings, by their names in a spec. */
export const settingLevels = ({ providers, ...settings }: DecidedSettings): LevelSpec[] =>
  Object.entries({ ...settings, 'providers.order': providers }).map(([option, { from }]) => level(option, from));

/** Of the policy of a module, and of the place of an analyzer; the call's are left out. */
export function moduleLevels({ spec, host, decidedBy }: Module, position: number): LevelSpec[] {
  const levels: Record<string, string | undefined> = {
    ...decidedBy,
    workers: decidedBy.workers ?? decidedBy.instances,
  };
  const within = (name: string, options: object = {}) =>
    Object.keys(options).map((key) => ({ key: `${name}.${key}`, from: levels[key] }));
  const options = [...within('policy', spec.policy), ...within('host', 'host' in spec ? spec.host : undefined)];
  return [...options, { key: 'where', from: host && levels.isolation }].flatMap(({ key, from }) =>
    from === undefined ? [] : [level(`modules[${position}].${key}`, from)],
  );
}
