/** Analyzers that give boxes: layouts hide them, other analyzers receive their crops. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { analyzer, defineAnalyzer, follow, frames, grid, pipeline, video } from '../../src/index.js';
import { folderFor, noAddon } from './clips.js';
import { within } from './outcomes.js';

const [width, height] = [128, 96];
let folder: string;

beforeAll(() => {
  folder = folderFor('analyzer-boxes');
});

/** Stripes of two pixels: whatever is pixelated or blurred is flat. */
async function* stripes(count: number) {
  const picture = new Uint8Array(width * height * 3);
  for (let i = 0; i < picture.length; i++) picture[i] = (Math.floor((Math.floor(i / 3) % width) / 2) % 2) * 255;
  for (let n = 0; n < count; n++) yield picture;
}
const source = (count = 10) => frames(stripes(count), { width, height, format: 'rgb24', fps: 25 });

/** Mean step from a pixel to its right neighbour inside a rectangle. */
function steps(data: Uint8Array, x1: number, y1: number, x2: number, y2: number): number {
  let sum = 0;
  for (let y = y1; y < y2; y++)
    for (let x = x1; x < x2 - 1; x++) sum += Math.abs(data[y * width + x + 1]! - data[y * width + x]!);
  return sum / ((x2 - x1 - 1) * (y2 - y1));
}

describe.skipIf(noAddon !== undefined)('an analyzer with boxes', () => {
  test('decides what is hidden, frame by frame', async () => {
    const out = join(folder, 'redacted.mp4');
    const left = { box: [8, 8, 56, 88] as const };
    const hidden = analyzer({
      name: 'hidden',
      analyze: ({ index }) => (index < 40 ? [left] : [left, { box: [72, 8, 120, 88] }]),
    });
    const run = await pipeline(source(80))
      .use(hidden)
      .compose(grid({ width, height, redact: { of: 'hidden', kind: 'pixelate', margin: 0, lookAheadMs: 0 } }))
      .encode(out, { profile: 'quality' })
      .start();
    await run.done;
    await run.close();
    const seen = await pipeline(video(out)).keepPixels().start();
    const flat: [number, boolean, boolean][] = [];
    for await (const frame of seen) {
      const { data } = frame.pixels({ format: 'gray8' });
      flat.push([frame.index, steps(data, 16, 16, 48, 80) < 20, steps(data, 80, 16, 112, 80) < 20]);
    }
    await seen.close();
    expect(flat).toHaveLength(80);
    expect(flat).toEqual(flat.map(([index]) => [index, true, index >= 40]));
  });

  test('is cropped for another', async () => {
    const boxes = analyzer({
      name: 'boxes',
      analyze: ({ index }) => [{ box: [0, 0, 64, 96] }, ...(index % 2 ? [{ box: [64, 0, 128, 96] }] : [])],
    });
    const chips = defineAnalyzer({
      name: 'chips',
      input: { width: 4, height: 4, format: 'gray8', crop: 'boxes' },
      analyze: ({ input }) => input.map(({ box, index }) => [index, ...box]),
    });
    const run = await pipeline(source()).use(boxes).use(analyzer(chips)).start();
    const first = [0, 0, 0, 64, 96];
    for await (const { index, chips: seen } of run)
      expect(seen).toEqual(index % 2 ? [first, [1, 64, 0, 128, 96]] : [first]);
    await run.close();
  });

  test('does no harm with boxes that make no sense', async () => {
    const odd = analyzer({
      name: 'odd',
      analyze: () => [
        { box: [50, 50, 10, 10] },
        { box: [20, 20, 20, 20] },
        { box: [-1e12, -1e12, 1e12, 1e12] },
        { box: [500, 500, 600, 600] },
        { box: [-50, -50, -10, -10] },
        { box: [1.2, 1.2, 1.3, 1.3], track: 3, id: 4, score: -7 },
      ],
    });
    const chips = defineAnalyzer({
      name: 'chips',
      input: { width: 4, height: 4, format: 'gray8', crop: 'odd' },
      analyze: ({ input }) => input.map(({ index, data }) => [index, data.length]),
    });
    const run = await pipeline(source())
      .use(odd)
      .use(analyzer(chips))
      .compose(
        grid({
          width,
          height,
          tiles: [follow('odd', { source: 0 })],
          redact: { of: 'odd', kind: 'blur' },
          draw: { boxes: 'odd' },
        }),
      )
      .encode(join(folder, 'odd.mp4'))
      .start();
    for await (const { chips: seen } of run)
      for (const [index, size] of seen) expect([index! < 6, size]).toEqual([true, 16]);
    expect((await run.report()).outputs[0]).toMatchObject({ frames: 10, complete: true });
    await run.close();
  });

  test('fails where it returns something else, by its policy', async () => {
    const wrong = (onError: 'fail' | 'skip') =>
      pipeline(source())
        .use(analyzer({ name: 'wrong', onError, analyze: ({ index }) => (index === 3 ? 'nobody' : []) }))
        .compose(grid({ width, height, redact: { of: 'wrong' } }))
        .encode(join(folder, `${onError}.mp4`))
        .start();
    const failing = await wrong('fail');
    const error = await failing.done.catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'MODULE_FAILED', module: 'wrong' });
    expect(error.message).toContain('Expected a list of { box: [x1, y1, x2, y2]');
    const skipping = await wrong('skip');
    await within(30_000, skipping.done);
    const { stages } = await skipping.report();
    expect(stages.find(({ name }) => name === 'wrong')!.results).toEqual({ value: 9, error: 1 });
    await skipping.close();
  });
});
