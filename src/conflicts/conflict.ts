/** What cannot share a process. */
import { sameFile, samePackage } from './native-packages.js';
import type { Content } from './process-content.js';

/** Why `coming` cannot be loaded where `present` is, a sentence; undefined: it can. */
export function conflictBetween(present: Content, coming: Content): string | undefined {
  return runtimeConflict(present, coming) ?? packageConflict(present, coming) ?? cudaConflict(present, coming);
}

const sentence = (coming: Content, loads: string, present: Content, uses: string) =>
  `${coming.who[0]!.toUpperCase()}${coming.who.slice(1)} would load ${loads} into the process in which ${present.who} uses ${uses}`;

/**
 * A second library of ONNX Runtime. Both are called libonnxruntime.so.1, so the loader gives the second asker the first
 * library, whatever its version.
 */
function runtimeConflict(present: Content, coming: Content): string | undefined {
  for (const ours of present.runtimes)
    for (const theirs of coming.runtimes)
      if (!sameFile(ours.path, theirs.path))
        return sentence(
          coming,
          `ONNX Runtime ${theirs.version} (${theirs.path})`,
          present,
          `${ours.version} (${ours.path})`,
        );
  return undefined;
}

/** Two versions, or two builds, of one native package. */
function packageConflict(present: Content, coming: Content): string | undefined {
  for (const ours of present.packages)
    for (const theirs of coming.packages)
      if (ours.name === theirs.name && !samePackage(ours, theirs))
        return sentence(
          coming,
          `${theirs.name} ${theirs.version} (${theirs.folder})`,
          present,
          `${ours.version} (${ours.folder})`,
        );
  return undefined;
}

/** Libraries of CUDA of another major version. */
function cudaConflict(present: Content, coming: Content): string | undefined {
  for (const ours of present.cuda)
    for (const theirs of coming.cuda)
      if (ours.name === theirs.name && ours.major !== theirs.major)
        return sentence(
          coming,
          `${theirs.name}.so.${theirs.major} (for ${theirs.path})`,
          present,
          `${ours.name}.so.${ours.major} (${ours.path})`,
        );
  return undefined;
}
