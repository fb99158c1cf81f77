/** The configuration file: found, read within bounds, checked. */
import { lstat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { importWithin, readBounded } from './config-content.js';
import { didYouMean } from './did-you-mean.js';
import { FramepathError, messageOf } from './errors.js';
import { fields, type Rule } from './validate.js';

/** Settings and who wrote them. */
export interface FileLevel<S> {
  from: string;
  settings: S;
}

/** How long a module may take to export its settings: it may await. */
const importMs = 10_000;

const unusable = (path: string, why: string, cause?: unknown) =>
  new FramepathError('CONFIG_INVALID', `${path} cannot be used: ${why}`, { cause, hint: 'See framepath doctor.' });

/**
 * What the configuration file of `folder` (or the one that `FRAMEPATH_CONFIG` names) holds: the chosen environment, then the
 * rest. @throws CONFIG_INVALID
 */
export async function fileLevels<S extends object>(
  folder: string,
  env: NodeJS.ProcessEnv,
  rules: Record<string, Rule>,
  limits = { importMs },
): Promise<FileLevel<S>[]> {
  const path = await configPath(folder, env);
  if (!path) return [];
  const { environments = {}, ...base } = await readConfig<S>(path, rules, limits.importMs);
  const name = env.FRAMEPATH_ENV || env.NODE_ENV;
  const has = name !== undefined && Object.hasOwn(environments, name);
  if (env.FRAMEPATH_ENV && !has) {
    const names = Object.keys(environments);
    const known = `it has: ${names.join(', ') || 'none'}`;
    const sentence = `${path} has no environment '${env.FRAMEPATH_ENV}' (${known})${didYouMean(env.FRAMEPATH_ENV, names)}`;
    throw new FramepathError('CONFIG_INVALID', sentence);
  }
  return [
    ...(has ? [{ from: `${path} (${name})`, settings: environments[name]! }] : []),
    { from: path, settings: base as S },
  ];
}

async function configPath(folder: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (env.FRAMEPATH_CONFIG) return resolve(folder, env.FRAMEPATH_CONFIG);
  for (const type of ['mjs', 'json', 'yaml', 'yml']) {
    const path = join(folder, `framepath.config.${type}`);
    if (await isThere(path)) return path;
  }
  return undefined;
}

/** Also a link to nothing or in a circle: it was meant to be a configuration. */
async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw unusable(path, messageOf(cause), cause);
  }
}

async function readConfig<S>(
  path: string,
  rules: Record<string, Rule>,
  withinMs: number,
): Promise<S & { environments?: Record<string, S> }> {
  if (/\.ya?ml$/.test(path)) throw unusable(path, 'write it as framepath.config.mjs or framepath.config.json');
  const isJson = path.endsWith('.json');
  let content: unknown;
  try {
    const text = await readBounded(path, isJson);
    content = isJson ? JSON.parse(text) : await importWithin(path, withinMs);
    fields('options', content, { ...rules, environments: environmentsRule(rules) });
  } catch (cause) {
    throw unusable(path, messageOf(cause), cause);
  }
  return content as S & { environments?: Record<string, S> };
}

const environmentsRule =
  (rules: Record<string, Rule>): Rule =>
  (name, value) => {
    const settings: Rule = (label, item) => fields(label, item, rules);
    fields(name, value, Object.fromEntries(Object.keys(value ?? {}).map((key) => [key, settings])));
  };
