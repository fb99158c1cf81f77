/** Damaged clips through a whole pipeline; 200 of them are in faults-corrupt.nightly.test.ts. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pipeline, video } from '../../src/index.js';
import { firstSeed } from '../seed.js';
import { complete, folderFor, patternClip } from './clips.js';
import { corrupted, readDamaged } from './corrupt.js';
import { closed } from './outcomes.js';
import { colorClip } from './pictures.js';

test.skipIf(!complete)(
  '20 damaged clips are read, refused or end with a code',
  async () => {
    const folder = folderFor('corrupt');
    const outcomes = { read: 0, refused: 0, failed: 0 };
    let damaged = 0;
    const clips = ['mp4', 'mkv', 'ts', 'avi'].map((type) => {
      const path = patternClip(join(folder, `clip.${type}`), { size: '160x120' });
      return { type, bytes: readFileSync(path) };
    });
    for (let seed = firstSeed; seed < firstSeed + 20; seed++) {
      const { type, bytes } = clips[(seed >> 1) % clips.length]!;
      const path = join(folder, `damaged-${seed}.${type}`);
      writeFileSync(path, corrupted(bytes, seed));
      const { end, frames, lost } = await readDamaged(path);
      outcomes[end]++;
      if (end !== 'read' || lost > 0 || frames < 50) damaged++;
    }
    expect(outcomes.read).toBeGreaterThan(5); // damage is not the end of a clip
    expect(damaged).toBeGreaterThan(5); // and it is damage: most clips lose pictures, are refused or fail
  },
  240_000,
);

test.skipIf(!complete)('a source may have as many corrupt pictures in a row as maxDecodeErrors allows', async () => {
  const clip = join(folderFor('corrupt-row'), 'clip.mp4');
  const extra = ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p', '-movflags', '+faststart'];
  const bytes = readFileSync(colorClip(clip, 'red', { seconds: 2, extra }));
  const data = bytes.indexOf('mdat') + 4;
  writeFileSync(clip, bytes.fill(0, data + Math.floor(((bytes.length - data) * 4) / 5))); // the last ten of fifty
  const read = async (maxDecodeErrors?: number) => {
    const run = await pipeline(video(clip, maxDecodeErrors === undefined ? {} : { maxDecodeErrors })).start();
    const error = await run.done.then(
      () => undefined,
      ({ code }: { code: string }) => code,
    );
    const [source] = (await closed(run)).sources;
    return { error, lost: source!.decodeErrors };
  };
  const { error, lost } = await read();
  expect(error).toBeUndefined();
  expect(lost).toBeGreaterThan(8);
  expect(lost).toBeLessThan(12);
  expect((await read(7)).error).toBe('DECODE_FAILED');
});
