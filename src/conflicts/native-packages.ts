/** Packages with native code among the dependencies of a module. */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { findPackage, type Package } from '../packages/package-file.js';
import { type Elf, readElf } from './elf.js';

/** A package with native code. */
export interface NativePackage {
  name: string;
  version: string;
  folder: string;
  /** its native files for this machine */
  files: NativeFile[];
}

export interface NativeFile extends Elf {
  path: string;
}

/** {@link nativeOf}, which reads all folders of a package. */
export type NativeOf = (one: Package) => NativePackage | undefined;

/**
 * Native packages among `packages` and all they depend on: dependencies, optional ones (where many packages keep their
 * binaries) and peers, as installed. By folder.
 */
export function nativePackages(packages: Iterable<Package>, of: NativeOf = nativeOf): Map<string, NativePackage> {
  const found = new Map<string, NativePackage>();
  const seen = new Set<string>();
  const waiting = [...packages];
  while (waiting.length > 0) {
    const one = waiting.pop()!;
    if (seen.has(one.folder) || one.name === 'framepath') continue;
    seen.add(one.folder);
    const native = of(one);
    if (native) found.set(native.folder, native);
    const { dependencies, optionalDependencies, peerDependencies } = one.content;
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
      const next = findPackage(name, one.folder);
      if (next) waiting.push(next);
    }
  }
  return found;
}

/** Undefined for a package without native code. A package that is not built yet (binding.gyp) has no files. */
export function nativeOf({ name, version, folder, content }: Package): NativePackage | undefined {
  const paths = nativeFiles(folder);
  const builds = content.gypfile === true || existsSync(join(folder, 'binding.gyp'));
  const files = paths.flatMap((path) => {
    const elf = readElf(path);
    return elf ? [{ path, ...elf }] : [];
  });
  return files.length > 0 || (builds && content.gypfile !== false) ? { name, version, folder, files } : undefined;
}

const mostFolders = 2000;

/** Loadable files, without those of nested packages. */
function nativeFiles(root: string): string[] {
  const files: string[] = [];
  const folders = [root];
  for (let seen = 0; folders.length > 0 && seen < mostFolders; seen++) {
    const folder = folders.pop()!;
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && entry.name !== 'node_modules') folders.push(path);
      // A link inside the package is a duplicate; one that leaves it (a package store) is not.
      else if (/(\.node|\.so(\.\d+)*)$/.test(entry.name) && (entry.isFile() || linksAway(path, root))) files.push(path);
    }
  }
  return files.sort();
}

function linksAway(path: string, root: string): boolean {
  if (!existsSync(path)) return false;
  const real = realpathSync(path);
  return relative(root, real).startsWith('..') && statSync(real).isFile();
}

/** Whether two files are the same file, or equal byte for byte. */
export function sameFile(a: string, b: string): boolean {
  const [one, other] = [statSync(a), statSync(b)];
  if (one.dev === other.dev && one.ino === other.ino) return true;
  return one.size === other.size && readFileSync(a).equals(readFileSync(b));
}

/** Whether the system's loader cannot distinguish them: the same version with the same files. */
export function samePackage(a: NativePackage, b: NativePackage): boolean {
  if (a.folder === b.folder) return true;
  const namesOf = ({ files, folder }: NativePackage) => files.map(({ path }) => relative(folder, path));
  return (
    a.version === b.version &&
    a.files.length > 0 &&
    namesOf(a).join('\n') === namesOf(b).join('\n') &&
    a.files.every(({ path }, i) => sameFile(path, b.files[i]!.path))
  );
}
