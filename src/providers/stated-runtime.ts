/**
 * The library of ONNX Runtime that somebody states. The native side looks at its headers; whether it can be run is tried in a
 * child process, once for every file: what is damaged inside, or is another library of that name, ends the process that
 * loads it.
 */
import { statSync } from 'node:fs';
import { cacheFile, writeCached } from '../cache-folder.js';
import { FramepathError } from '../errors.js';
import { type ProbeFinding, probe, readFinding } from './probe.js';

/** Of this process, where the cache cannot be written. */
const tried = new Map<string, ProbeFinding>();

/** @throws RUNTIME_UNUSABLE for a library that would end this process; the native side checks everything else */
export async function checkStatedRuntime(stated: string | undefined): Promise<void> {
  const found = stated === undefined ? undefined : statSync(stated, { throwIfNoEntry: false });
  if (!stated || !found?.isFile()) return;
  const { size, mtimeMs, ino } = found;
  const facts = { stated, size, mtimeMs, ino };
  const cached = cacheFile('runtime', facts);
  let finding = tried.get(cached) ?? readFinding(cached);
  if (!finding) {
    finding = await probe({ provider: 'cpu', device: 'cpu', runtimeLibraries: [stated] });
    tried.set(cached, finding);
    try {
      // What failed for another reason may work another time.
      if (finding.state === 'works' || finding.signal) writeCached(cached, { finding, ...facts });
    } catch {
      // a cache that cannot be written: the next process tries again
    }
  }
  if (!finding.signal) return;
  throw new FramepathError(
    'RUNTIME_UNUSABLE',
    `The library of ONNX Runtime ${stated} is damaged or is another library: tried in a child process, ${finding.reason}`,
    { hint: `npm i onnxruntime-node, or state another library (to try this one again, remove ${cached}).` },
  );
}
