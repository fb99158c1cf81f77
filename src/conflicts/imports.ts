/** Static analysis of a module's imports: its own files, followed by `import` and `require`, and the packages they name. */
import { existsSync, realpathSync, statSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPackage, isPath, type Package, packageAround, packageOf } from '../packages/package-file.js';
import { readFindings } from './module-syntax.js';

/** The imports reachable from one file. */
export interface Scan {
  /** imported packages, by folder */
  packages: Map<string, Package>;
  /** name of the analyzer, where it is a literal in the file */
  name: string | undefined;
  /** imports that could not be followed, with the reason */
  unseen: string[];
}

const mostFiles = 1000;
/** Packages that load the native file of their caller. */
const loaders = new Set([
  'bindings',
  'node-gyp-build',
  'node-gyp-build-optional-packages',
  '@mapbox/node-pre-gyp',
  'node-pre-gyp',
  'pkg-prebuilds',
  'prebuild-install',
]);

/** Follows `file` through its own files. A file that cannot be read is named in `unseen`. */
export async function scanImports(file: string): Promise<Scan> {
  const scan: Scan = { packages: new Map(), name: undefined, unseen: [] };
  const seen = new Set<string>();
  const waiting = [existsSync(file) ? realpathSync(file) : file];
  const names: string[][] = [];
  while (waiting.length > 0) {
    const path = waiting.pop()!;
    if (seen.has(path)) continue;
    if (seen.size >= mostFiles) {
      scan.unseen.push(`imports beyond the first ${mostFiles} of its files`);
      break;
    }
    seen.add(path);
    if (path.endsWith('.json')) continue;
    const found = await readFindings(path);
    names.push(found.names);
    scan.unseen.push(...found.unseen);
    for (const specifier of found.asked) follow(specifier, path, scan, waiting);
  }
  scan.name = names[0]?.length ? onlyOne(names[0]) : onlyOne(names.flat());
  return scan;
}

const onlyOne = (names: readonly string[]): string | undefined => (new Set(names).size === 1 ? names[0] : undefined);

function follow(specifier: string, from: string, scan: Scan, waiting: string[]): void {
  const file = pathOf(specifier);
  if (file === undefined || isPath(file)) {
    const path = file && ownFile(resolve(dirname(from), file));
    if (path === undefined) scan.unseen.push(`'${specifier}' of ${from}, which is not there`);
    else if (/\.node$/.test(path)) addPackage(scan, packageAround(dirname(path)));
    else waiting.push(path);
    return;
  }
  if (isBuiltin(specifier) || /^(data|node|https?):/.test(specifier)) return;
  if (specifier.startsWith('#')) {
    followPrivate(specifier, from, scan, waiting);
    return;
  }
  const name = packageOf(specifier);
  if (name === 'framepath') return; // framepath itself: its libraries are known
  if (loaders.has(name)) addPackage(scan, packageAround(dirname(from)));
  const found = findPackage(name, dirname(from));
  if (found) addPackage(scan, found);
  else if (packageAround(dirname(from))?.name !== name)
    scan.unseen.push(`'${specifier}' of ${from}, which is not installed`);
}

/** A `file:` URL as a path, anything else as it is; undefined where the URL names no file of this machine. */
function pathOf(specifier: string): string | undefined {
  if (!specifier.startsWith('file:')) return specifier;
  try {
    return fileURLToPath(specifier);
  } catch {
    return undefined;
  }
}

function addPackage(scan: Scan, found: Package | undefined): void {
  if (found) scan.packages.set(found.folder, found);
}

/** `#name`, from the `imports` of its package.json. */
function followPrivate(specifier: string, from: string, scan: Scan, waiting: string[]): void {
  try {
    const path = createRequire(from).resolve(specifier);
    const inside = packageAround(dirname(path));
    if (inside?.folder === packageAround(dirname(from))?.folder) waiting.push(realpathSync(path));
    else addPackage(scan, inside);
  } catch {
    scan.unseen.push(`'${specifier}' of ${from}`);
  }
}

/** A file as Node, `require` or a loader of TypeScript would find it. */
function ownFile(path: string): string | undefined {
  const extensions = ['js', 'mjs', 'cjs', 'json', 'node', 'ts', 'mts', 'cts'];
  const typed = path.replace(/\.([mc]?)js$/, '.$1ts');
  const plain = path.replace(/[?#].*$/, ''); // an import can carry a query
  const candidates = [path, ...extensions.map((end) => `${path}.${end}`), typed, join(path, 'index.js'), plain];
  const found = candidates.find((one) => existsSync(one) && statSync(one).isFile());
  return found && realpathSync(found);
}
