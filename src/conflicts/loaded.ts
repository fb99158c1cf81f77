/** Native libraries that this process has loaded. */
import { existsSync, readFileSync } from 'node:fs';

/** Paths of shared libraries and addons, from `/proc/self/maps` (proc(5)). */
export function loadedLibraries(): string[] {
  const maps = '/proc/self/maps';
  if (!existsSync(maps)) return [];
  const paths = readFileSync(maps, 'utf8')
    .split('\n')
    .map((line) => /^(?:\S+\s+){5}(\/.*)$/.exec(line)?.[1]);
  const libraries = paths.filter(
    (path): path is string => path !== undefined && /(\.node|\.so(\.[\d.]+)?)$/.test(path),
  );
  return [...new Set(libraries)].filter((path) => existsSync(path));
}
