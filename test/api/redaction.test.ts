/** What redaction shows of a face: nothing, also before it is first found and while nobody knows where it is. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { analyzer, focus, frames, pipeline, video } from '../../src/index.js';
import { folderFor, noAddon } from './clips.js';

const [width, height] = [320, 180];
const face = 60;
let folder: string;

beforeAll(() => {
  folder = folderFor('redaction');
});

/** A fine pattern: where it is seen, pixels are black or white; where it is hidden, gray. */
const pattern = (x: number, y: number) => (((x >> 2) + (y >> 2)) % 2 ? 255 : 0);
const inside = (x: number, y: number, [x1, y1, x2, y2]: number[]) => x >= x1! && x < x2! && y >= y1! && y < y2!;
/** A face walks to the right; a picture on the wall hangs still. */
const faceAt = (i: number) => [40 + 3 * i, 30, 40 + 3 * i + face, 30 + face];
const wall = [250, 120, 310, 170];

async function* film(count: number) {
  for (let i = 0; i < count; i++) {
    const data = Uint8Array.from({ length: width * height }, (_, at) => {
      const [x, y] = [at % width, Math.floor(at / width)];
      return inside(x, y, faceAt(i)) ? pattern(x - 3 * i, y) : inside(x, y, wall) ? pattern(x, y) : 128;
    });
    yield { data, timeMs: i * 40 };
  }
}

/** Pixels of the pattern that show in each picture of the output, of the face and of the wall. */
async function redacted(
  name: string,
  finds: (index: number) => object[] | undefined,
  { count = 40, lookAheadMs, inFlight = 8 }: { count?: number; lookAheadMs?: number; inFlight?: number } = {},
) {
  const path = join(folder, `${name}.mkv`);
  const faces = analyzer({ name: 'faces', onError: 'skip', analyze: ({ index }) => finds(index) });
  const run = await pipeline(frames(film(count), { width, height, format: 'gray8', fps: 25 }))
    .use(faces)
    .compose(focus({ width, height, redact: { of: 'faces', lookAheadMs } }))
    .encode(path, { profile: 'quality' })
    .options({ inFlight })
    .start();
  await run.done;
  await run.close();
  const canvases: { face: number; wall: number }[] = [];
  const output = await pipeline(video(path)).keepPixels().start();
  for await (const frame of output) {
    const { data } = frame.pixels({ format: 'gray8' });
    const uncovered = (box: number[]) => {
      let n = 0;
      for (let y = box[1]!; y < box[3]!; y++)
        for (let x = box[0]!; x < box[2]!; x++) n += Math.abs(data[y * width + x]! - 128) > 64 ? 1 : 0;
      return n;
    };
    canvases.push({ face: uncovered(faceAt(frame.index)), wall: uncovered(wall) });
  }
  await output.close();
  expect(canvases).toHaveLength(count);
  return canvases;
}

const first = 12;
const fromTheFirst = (index: number) => (index < first ? [] : [{ box: faceAt(index) }]);

describe.skipIf(noAddon !== undefined)('a face that is found late', () => {
  test('is hidden before it is first found, and nothing else is', async () => {
    const canvases = await redacted('look-ahead', fromTheFirst);
    expect(canvases.map(({ face }) => face)).toEqual(canvases.map(() => 0));
    expect(Math.min(...canvases.map(({ wall }) => wall))).toBeGreaterThan(1500);
  });

  test('shows until then where the run is to look no further', async () => {
    const canvases = await redacted('at once', fromTheFirst, { lookAheadMs: 0 });
    expect(Math.min(...canvases.slice(0, first).map(({ face }) => face))).toBeGreaterThan(1500);
    expect(canvases.slice(first).every(({ face }) => face === 0)).toBe(true);
  });

  test('is hidden as far back as the run looks', async () => {
    const canvases = await redacted('a little', fromTheFirst, { lookAheadMs: 200 });
    expect(canvases.slice(first - 4).every(({ face }) => face === 0)).toBe(true);
    expect(canvases[0]!.face).toBeGreaterThan(1500);
  });

  test('does not need more frames in flight than a composition does', async () => {
    const canvases = await redacted('narrow', fromTheFirst, { inFlight: 3, count: 60, lookAheadMs: 2000 });
    expect(canvases.every(({ face }) => face === 0)).toBe(true);
  });
});

describe.skipIf(noAddon !== undefined)('a picture without a result', () => {
  test('is hidden as a whole', async () => {
    const broken = (index: number) => index >= 20 && index < 23;
    const canvases = await redacted('broken', (index) => {
      if (broken(index)) throw new Error('cannot look');
      return [{ box: faceAt(index) }];
    });
    for (const [index, { face, wall }] of canvases.entries()) {
      expect(face, `face in ${index}`).toBe(0);
      if (broken(index)) expect(wall, `wall in ${index}`).toBe(0);
      else expect(wall, `wall in ${index}`).toBeGreaterThan(1500);
    }
  });
});
