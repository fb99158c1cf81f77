/** Clips with damage, the same on every run; and what must come of reading them. */
import { expect } from 'vitest';
import { detect, errorCodes, FramepathError, pipeline, track, video } from '../../src/index.js';
import { closed, within } from './outcomes.js';

/** xorshift32: repeatable everywhere. */
function random(seed: number): () => number {
  let state = Math.imul(seed, 2654435761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

/** Odd seeds change single bytes (1 to 64), even ones blocks: overwritten, zeroed, cut out or repeated. */
export function corrupted(bytes: Uint8Array, seed: number): Uint8Array {
  const next = random(seed);
  const copy = Uint8Array.from(bytes);
  const at = () => Math.floor(next() * copy.length);
  if (seed % 2) {
    for (let n = 1 + Math.floor(next() * 64); n > 0; n--) copy[at()] = Math.floor(next() * 256);
    return copy;
  }
  const from = at();
  const to = Math.min(copy.length, from + 16 + Math.floor(next() * 8192));
  switch (Math.floor(next() * 4)) {
    case 0:
      return copy.map((value, i) => (i >= from && i < to ? Math.floor(next() * 256) : value));
    case 1:
      return copy.fill(0, from, to);
    case 2:
      return Buffer.concat([copy.subarray(0, from), copy.subarray(to)]);
    default:
      return Buffer.concat([copy.subarray(0, to), copy.subarray(from)]);
  }
}

/** What came of a damaged clip: how it ended, frames that were given, pictures that were lost and counted. */
export interface Damaged {
  end: 'read' | 'refused' | 'failed';
  frames: number;
  lost: number;
}

/** Reads a damaged clip through detection and tracking: frames in order, or a coded error; nothing stays alive. */
export async function readDamaged(path: string): Promise<Damaged> {
  const description = pipeline(video(path))
    .use(detect('faces', 'blazeface'))
    .use(track('tracks', { of: 'faces' }));
  const coded = (error: unknown) => {
    expect(error).toBeInstanceOf(FramepathError);
    const { code } = error as FramepathError;
    expect(Object.keys(errorCodes)).toContain(code);
    expect(code).toMatch(/^(SOURCE|DECODE)_/);
  };
  const run = await within(30_000, description.start(), `start() of ${path}`).catch(coded);
  if (!run) return { end: 'refused', frames: 0, lost: 0 };
  let [last, frames] = [-1, 0];
  const reading = (async () => {
    for await (const frame of run) {
      expect(frame.index).toBeGreaterThan(last);
      expect(Number.isFinite(frame.timeMs)).toBe(true);
      last = frame.index;
      frames++;
    }
    return 'read' as const;
  })();
  const end = await within(60_000, reading, `reading ${path}`).catch((error) => {
    coded(error);
    return 'failed' as const;
  });
  const { sources } = await closed(run);
  return { end, frames, lost: sources[0]!.decodeErrors };
}
