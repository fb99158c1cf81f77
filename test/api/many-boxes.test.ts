/** More boxes than can be hidden one by one: the whole picture is. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { analyzer, frames, pipeline, split } from '../../src/index.js';
import { folderFor, noAddon } from './clips.js';
import { pictures } from './pictures.js';

const [width, height] = [160, 96];
/** Alternating black and white: gray, once it is hidden. */
const stripes = Uint8Array.from({ length: width * height }, (_, i) => ((i % width) % 4 < 2 ? 0 : 255));

async function contrast(folder: string, boxes: number): Promise<number> {
  const out = join(folder, `${boxes}.mp4`);
  const crowd = analyzer({
    name: 'crowd',
    analyze: () => Array.from({ length: boxes }, (_, i) => ({ box: [i % 100, 0, (i % 100) + 5, 5], score: 0.5 })),
  });
  const run = await pipeline(frames([stripes, stripes], { width, height, format: 'gray8', fps: 25 }))
    .use(crowd)
    .compose(split({ width: 320, height, left: 0, right: 0, redact: { of: 'crowd' } }))
    .encode(out, { profile: 'realtime', bitrate: 4e6 })
    .start();
  await run.done;
  const last = pictures(out, 320, height);
  const row = Array.from({ length: 100 }, (_, x) => last.at(last.count - 1, (x + 10.5) / 320, 0.8)[1]);
  return Math.max(...row) - Math.min(...row);
}

test.skipIf(noAddon !== undefined)('4,000 boxes hide all of it, 10 only what they cover', async () => {
  const folder = folderFor('many-boxes');
  expect(await contrast(folder, 10)).toBeGreaterThan(150);
  expect(await contrast(folder, 4_000)).toBeLessThan(60);
  rmSync(folder, { recursive: true });
});
