/** Composition that looks at people: following, labels, redaction; on faces cut from photos. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { detect, focus, follow, grid, identify, type Layout, pipeline, split, track, video } from '../../src/index.js';
import { complete, decoded, folderFor } from './clips.js';
import { colorClip, faces, pictures, walkingFaces } from './pictures.js';

let folder: string;
let pair: string;

beforeAll(() => {
  if (!complete) return;
  folder = folderFor('people');
  // Ann and Bea pass each other, Bea behind Ann.
  pair = walkingFaces(
    join(folder, 'pair.mp4'),
    [
      { ...faces.bea, x: '480-90*t', y: 160, width: 90 },
      { ...faces.ann, x: '160+90*t', y: 180, width: 100 },
    ],
    { seconds: 4 },
  );
}, 120_000);

const seeing = (...paths: string[]) =>
  pipeline(...paths.map((path) => video(path)))
    .use(detect('faces', 'blazeface'))
    .use(track('tracks', { of: 'faces' }))
    .use(identify('people', { of: 'tracks', model: 'face-recognition' }));

const small = { width: 640, height: 360 };
let outputs = 0;

async function composed(path: string | string[], how: Layout<'people' | 'tracks' | 'faces'>) {
  const out = join(folder, `out-${outputs++}.mp4`);
  const run = await seeing(...[path].flat())
    .compose(how)
    .encode(out, { profile: 'balanced' })
    .start();
  try {
    await run.done;
    return { out, report: await run.report() };
  } finally {
    await run.close();
  }
}

/** Whom each frame of a file shows in a part of its width: final ids. */
async function shownIn(path: string, parts: [from: number, to: number][]): Promise<number[][][]> {
  const run = await seeing(path).start();
  const rows: { index: number; centre: number; width: number; track: number }[] = [];
  for await (const frame of run)
    for (const { box, track } of frame.people)
      rows.push({ index: frame.index, centre: (box[0] + box[2]) / 2 / frame.width, width: box[2] - box[0], track });
  await run.close();
  const ids = new Map<number, number>();
  for (const { id, subIds } of (await run.timeline()).identities) for (const sub of subIds) ids.set(sub.track, id);
  const frames = Math.max(...rows.map(({ index }) => index)) + 1;
  return parts.map(([from, to]) =>
    Array.from({ length: frames }, (_, frame) =>
      rows
        .filter(({ index, centre }) => index === frame && centre > from && centre < to)
        .map(({ track }) => ids.get(track) ?? -track),
    ),
  );
}

describe.skipIf(!complete)('following', () => {
  test('one video with two people gives each a half, and keeps it while they pass each other', async () => {
    const { out, report } = await composed(
      pair,
      split({
        ...small,
        left: follow('people', { source: 0, pick: 0 }),
        right: follow('people', { source: 0, pick: 1 }),
      }),
    );
    expect(decoded(out)).toMatchObject({ ...small, frames: 100 });
    expect(report.follow.map(({ switches }) => switches)).toEqual([0, 0]);
    // Each half's middle shows one person, not the one of the other half.
    const [left, right] = await shownIn(out, [
      [0.15, 0.35],
      [0.65, 0.85],
    ]);
    const often = (frames: number[][]) => {
      const counts = new Map<number, number>();
      for (const id of frames.flat()) counts.set(id, (counts.get(id) ?? 0) + 1);
      return [...counts].sort((a, b) => b[1] - a[1]);
    };
    console.log(often(left!), often(right!), report.follow);
    expect(often(left!)[0]![1]).toBeGreaterThan(70);
    expect(often(right!)[0]![1]).toBeGreaterThan(70);
    expect(often(left!)[0]![0]).not.toBe(often(right!)[0]![0]);
  });
});

describe.skipIf(!complete)('redaction', () => {
  const found = async (path: string) => {
    const run = await pipeline(video(path)).use(detect('faces', 'blazeface')).start();
    let n = 0;
    for await (const frame of run) n += frame.faces.filter(({ score }) => score > 0.5).length;
    await run.close();
    return n;
  };

  test.each([
    ['pixelate', 'people'],
    ['blur', 'people'],
    ['pixelate', 'faces'],
    ['blur', 'faces'],
  ] as const)('%s %s: no face is found any more', async (kind, of) => {
    const { out } = await composed(pair, grid({ ...small, redact: { of, kind } }));
    console.log(kind, of, await found(pair), await found(out), out);
    expect(await found(pair)).toBeGreaterThan(150);
    expect(await found(out)).toBe(0);
  });
});
