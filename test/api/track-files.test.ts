/** MOT files, contact sheets and labels without identities: of what there is, or refused; never nothing in silence. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  detect,
  focus,
  frames,
  identify,
  type Layout,
  type Pipeline,
  pipeline,
  track,
  video,
} from '../../src/index.js';
import { complete, folderFor } from './clips.js';
import { finds, side } from './made-models.js';
import { codeOf } from './outcomes.js';

const size = { width: side, height: side, format: 'gray8' as const, fps: 25 };
let folder: string;

beforeAll(() => {
  folder = folderFor('track-files');
});

async function* film(count: number) {
  const data = Uint8Array.from({ length: side * side }, (_, i) => (i * 7919) % 251);
  for (let i = 0; i < count; i++) yield { data, timeMs: i * 40 };
}
const two = [
  [4, 4, 24, 24, 0.9, 0],
  [36, 36, 60, 60, 0.8, 0],
];
const tracked = (rows = two, count = 5) =>
  pipeline(frames(film(count), size))
    .use(detect('things', finds(folder, `rows${rows.length}-${rows[0]![4]}`, rows)))
    .use(track('tracks', { of: 'things' }));

describe.skipIf(!complete)('a run that tracks and identifies nobody', () => {
  test('writes MOT rows with the ids of tracks, and a contact sheet of tracks', async () => {
    const [mot, sheet] = [join(folder, 'm.txt'), join(folder, 'c.jpg')];
    const run = await tracked().mot(mot).contactSheet(sheet).start();
    const tracks = new Set<number>();
    for await (const frame of run) for (const { track } of frame.tracks) tracks.add(track);
    await run.close();
    const rows = readFileSync(mot, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(',').map(Number));
    expect(rows).toHaveLength(10);
    expect(new Set(rows.map(([, id]) => id))).toEqual(tracks);
    expect(rows.map(([frame]) => frame)).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
    expect(rows[0]!.slice(2, 6)).toEqual([4, 4, 20, 20]);
    expect([...readFileSync(sheet).subarray(0, 2)]).toEqual([0xff, 0xd8]);
    expect((await run.timeline()).identities).toEqual([]);
  });

  test('lists a track of a single frame too', async () => {
    const mot = join(folder, 'short.txt');
    const run = await tracked(two, 1).mot(mot).start();
    await run.done;
    await run.close();
    expect(readFileSync(mot, 'utf8').trim().split('\n')).toHaveLength(2);
  });

  test('that sees nobody leaves an empty MOT file, and reports why there is no contact sheet', async () => {
    const [mot, sheet] = [join(folder, 'none.txt'), join(folder, 'none.jpg')];
    const run = await tracked([[4, 4, 24, 24, 0.01, 0]])
      .mot(mot)
      .contactSheet(sheet)
      .start();
    await run.done;
    await run.close();
    expect(readFileSync(mot, 'utf8')).toBe('');
    expect(existsSync(sheet)).toBe(false);
    expect((await run.report()).recoveries).toEqual([
      { where: sheet, what: 'no contact sheet', reason: 'No identity was found.' },
    ]);
  });
});

describe.skipIf(!complete)('a file that would hold nothing', () => {
  test('is refused at the start, with what is missing', async () => {
    const detected = () => pipeline(frames(film(1), size)).use(detect('things', finds(folder, 'two', two)));
    const path = join(folder, 'never');
    for (const description of [detected().mot(path), detected().contactSheet(path)]) {
      expect(await codeOf(description.start())).toBe('GRAPH_INVALID');
      await expect(description.start()).rejects.toMatchObject({ hint: 'Add .use(track(...)).' });
      expect(existsSync(path)).toBe(false);
    }
  });
});

describe.skipIf(!complete)('labels of drawn boxes', () => {
  const drawn = async (boxes: 'tracks' | 'people', identifies: boolean) => {
    const path = join(folder, `${boxes}${identifies}.mkv`);
    const people = identify('people', { of: 'tracks', model: 'face-recognition', reid: 'off' });
    const description = (identifies ? tracked().use(people) : tracked()) as unknown as Pipeline;
    const layout = focus({ width: 320, height: 320, draw: { boxes } }) as unknown as Layout<never>;
    const run = await description.compose(layout).encode(path).start();
    await run.done;
    await run.close();
    const output = await pipeline(video(path)).keepPixels().start();
    const pictures: Uint8Array[] = [];
    for await (const frame of output) pictures.push(frame.pixels({ format: 'gray8' }).data);
    await output.close();
    return pictures;
  };

  test('are identities where somebody knows them, also on the boxes of the tracker', async () => {
    const [people, tracks, nobody] = [
      await drawn('people', true),
      await drawn('tracks', true),
      await drawn('tracks', false),
    ];
    expect(tracks).toHaveLength(5);
    expect(tracks).toEqual(people);
    expect(nobody).not.toEqual(people);
  });
});
