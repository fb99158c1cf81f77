/** Reads package.json files and resolves packages as Node does. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { FramepathError, messageOf } from '../errors.js';

/** A package at its real path: symbolic links (of pnpm, for example) are resolved. */
export interface Package {
  name: string;
  version: string;
  folder: string;
  content: PackageContent;
}

export interface PackageContent {
  name?: unknown;
  version?: unknown;
  gypfile?: unknown;
  framepath?: unknown;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

/** The package in this folder, or undefined. @throws MODULE_UNUSABLE where its package.json cannot be read */
export function packageIn(folder: string): Package | undefined {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return undefined;
  try {
    const content = JSON.parse(readFileSync(file, 'utf8')) as PackageContent;
    const { name, version } = content;
    const real = realpathSync(folder);
    return { name: typeof name === 'string' ? name : real, version: String(version ?? ''), folder: real, content };
  } catch (cause) {
    throw new FramepathError('MODULE_UNUSABLE', `${file} cannot be read: ${messageOf(cause)}`, {
      cause,
      hint: 'Fix the file, or install its package again.',
    });
  }
}

/** The package that a file or folder belongs to: the nearest package.json that has a name, upwards. */
export function packageAround(path: string): Package | undefined {
  for (let folder = path; ; folder = dirname(folder)) {
    const found = packageIn(folder);
    if (found && found.name !== found.folder) return found;
    if (folder === dirname(folder)) return undefined;
  }
}

/** The folders in which Node looks for packages from `folder`, nearest first; those of NODE_PATH last. */
export function packageFolders(folder: string): string[] {
  return createRequire(join(folder, 'package.json')).resolve.paths('any') ?? [];
}

/** The package of this name as seen from `folder`. */
export function findPackage(name: string, folder: string): Package | undefined {
  for (const place of packageFolders(folder)) {
    const found = packageIn(join(place, name));
    if (found) return { ...found, name };
  }
  return undefined;
}

/** Whether a specifier is a path, not a package name. */
export const isPath = (specifier: string): boolean => /^\.{0,2}\/|^\.{1,2}$/.test(specifier);

/** `@scope/name/part` -> `@scope/name`. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
