/** Finds native code that cannot share a process. */
import { sameFile, samePackage } from './native-packages.js';
import type { Content } from './process-content.js';

/** The reason why `coming` cannot be loaded beside `present`; undefined where it can. */
export function conflictBetween(present: Content, coming: Content): string | undefined {
  return runtimeConflict(present, coming) ?? packageConflict(present, coming) ?? cudaConflict(present, coming);
}

/** A message about the first conflicting pair. */
function conflictAmong<T>(
  present: readonly [Content, readonly T[]],
  coming: readonly [Content, readonly T[]],
  conflicts: (ours: T, theirs: T) => boolean,
  loads: (theirs: T) => string,
  uses: (ours: T) => string,
): string | undefined {
  const [{ who: here }, all] = present;
  const [{ who }, more] = coming;
  for (const ours of all)
    for (const theirs of more)
      if (conflicts(ours, theirs))
        return `${who[0]!.toUpperCase()}${who.slice(1)} would load ${loads(theirs)} into the process in which ${here} uses ${uses(ours)}`;
  return undefined;
}

/**
 * A second library of ONNX Runtime. Both are called libonnxruntime.so.1, so the loader gives the second asker the first
 * library of any version.
 */
const runtimeConflict = (present: Content, coming: Content) =>
  conflictAmong(
    [present, present.runtimes],
    [coming, coming.runtimes],
    (ours, theirs) => !sameFile(ours.path, theirs.path),
    ({ version, path }) => `ONNX Runtime ${version} (${path})`,
    ({ version, path }) => `${version} (${path})`,
  );

/** Two versions, or two builds, of one native package. */
const packageConflict = (present: Content, coming: Content) =>
  conflictAmong(
    [present, present.packages],
    [coming, coming.packages],
    (ours, theirs) => ours.name === theirs.name && !samePackage(ours, theirs),
    ({ name, version, folder }) => `${name} ${version} (${folder})`,
    ({ version, folder }) => `${version} (${folder})`,
  );

/** Libraries of CUDA of another major version. */
const cudaConflict = (present: Content, coming: Content) =>
  conflictAmong(
    [present, present.cuda],
    [coming, coming.cuda],
    (ours, theirs) => ours.name === theirs.name && ours.major !== theirs.major,
    ({ name, major, path }) => `${name}.so.${major} (for ${path})`,
    ({ name, major, path }) => `${name}.so.${major} (${path})`,
  );
