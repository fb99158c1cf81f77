/** Analyzers that packages list: package.json `"framepath": { "analyzers": { "face.smile": "./smile.js" } }`. */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { didYouMean } from '../did-you-mean.js';
import { FramepathError } from '../errors.js';
import { type Package, packageFolders, packageIn } from './package-file.js';

/** An analyzer by name. */
export interface ListedAnalyzer {
  name: string;
  package: string;
  version: string;
  /** its file; undefined with a `problem` */
  file: string | undefined;
  problem?: string;
}

/** {@link listedAnalyzers} of a folder. */
export type ListedIn = (folder: string) => readonly ListedAnalyzer[];

/** The nearest package.json of a folder and its parents, if any. */
function projectAround(folder: string): Package | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const found = packageIn(at);
    if (found) return found;
    if (at === dirname(at)) return undefined;
  }
}

/** Packages in the node_modules of `folder` and its parents; the nearest of each name, as Node resolves it. */
function installed(folder: string): Package[] {
  const nearest = new Map<string, Package>();
  for (const place of packageFolders(folder)) {
    if (!existsSync(place)) continue;
    const names = readdirSync(place).filter((name) => !name.startsWith('.'));
    const all = names.flatMap((name) =>
      name.startsWith('@') ? readdirSync(join(place, name)).map((inside) => `${name}/${inside}`) : [name],
    );
    for (const name of all) {
      const found = nearest.has(name) ? undefined : packageIn(join(place, name));
      if (found) nearest.set(name, { ...found, name });
    }
  }
  return [...nearest.values()];
}

/** The analyzers that a package lists. */
function listedBy(from: Package): ListedAnalyzer[] {
  const { analyzers = {} } = (from.content.framepath ?? {}) as { analyzers?: unknown };
  if (typeof analyzers !== 'object' || analyzers === null) return [];
  return Object.entries(analyzers).map(([name, file]) => {
    const of = { name, package: from.name, version: from.version };
    const wrong = (problem: string): ListedAnalyzer => ({ ...of, file: undefined, problem });
    if (typeof file !== 'string') return wrong('its file is not a string');
    const path = resolve(from.folder, file);
    if (relative(from.folder, path).startsWith('..')) return wrong(`${file} is outside of the package`);
    if (!/\.([mc]?[jt]s|py)$/.test(path)) return wrong(`${file} is neither JavaScript nor Python`);
    if (!existsSync(path)) return wrong(`${path} is not there`);
    return { ...of, file: path };
  });
}

/** All analyzers listed for a program in `folder`: first by its own package.json, then by installed packages, by name. */
export function listedAnalyzers(folder: string): ListedAnalyzer[] {
  const project = projectAround(folder);
  const others = installed(folder).filter((one) => one.folder !== project?.folder);
  const dependencies = others.flatMap(listedBy).sort((a, b) => a.name.localeCompare(b.name));
  return [...(project ? listedBy(project) : []), ...dependencies];
}

/**
 * The file of the analyzer called `name`: the project's list overrides those of packages.
 * @throws MODULE_UNUSABLE when no package lists it, two packages do, or its file cannot be used
 */
export function findListed(name: string, folder: string, listed: ListedIn = listedAnalyzers): string {
  const all = listed(folder);
  const own = projectAround(folder)?.name;
  const found = all.filter((one) => one.name === name);
  const [first, second] = found.filter((one) => one.package === own).concat(found.filter((one) => one.package !== own));
  if (!first) throw notListed(name, folder, all);
  if (second && first.package !== own) {
    const both = [first, second]
      .map((one) => `${one.package} ${one.version} (${one.file ?? one.problem})`)
      .join(' and ');
    throw new FramepathError('MODULE_UNUSABLE', `Two packages list an analyzer '${name}': ${both}`, {
      hint: 'Give the path of the file you mean.',
    });
  }
  if (first.file !== undefined) return first.file;
  const whose = `The analyzer '${name}' of ${first.package} ${first.version}`;
  throw new FramepathError('MODULE_UNUSABLE', `${whose} cannot be used: ${first.problem}`, {
    hint: 'See its package.json: "framepath": { "analyzers": { "name": "./file.js" } }.',
  });
}

function notListed(name: string, folder: string, all: readonly ListedAnalyzer[]): FramepathError {
  const names = [...new Set(all.map((one) => one.name))];
  const some =
    names.length > 0 && names.length <= 10 ? `listed are: ${names.join(', ')}` : `${names.length} are listed`;
  return new FramepathError(
    'MODULE_UNUSABLE',
    `No package lists an analyzer '${name}' (seen from ${folder})${didYouMean(name, names) || `; ${some}`}`,
    {
      hint: 'framepath modules lists them. The path of a file starts with ./ or ends with .js or .py.',
    },
  );
}
