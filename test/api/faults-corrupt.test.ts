/** Damaged clips through a whole pipeline; 200 of them are in faults-corrupt.full.test.ts. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { firstSeed } from '../seed.js';
import { complete, folderFor, patternClip } from './clips.js';
import { corrupted, readDamaged } from './corrupt.js';

test.skipIf(!complete)(
  '20 damaged clips are read, refused or end with a code',
  async () => {
    const folder = folderFor('corrupt');
    const outcomes = { read: 0, refused: 0, failed: 0 };
    const clips = ['mp4', 'mkv', 'ts', 'avi'].map((type) => {
      const path = patternClip(join(folder, `clip.${type}`), { size: '160x120' });
      return { type, bytes: readFileSync(path) };
    });
    for (let seed = firstSeed; seed < firstSeed + 20; seed++) {
      const { type, bytes } = clips[(seed >> 1) % clips.length]!;
      const path = join(folder, `damaged-${seed}.${type}`);
      writeFileSync(path, corrupted(bytes, seed));
      outcomes[(await readDamaged(path)).end]++;
    }
    expect(outcomes.read).toBeGreaterThan(5); // damage is not the end of a clip
    expect(outcomes.read).toBeLessThan(20); // and it is damage
  },
  240_000,
);
