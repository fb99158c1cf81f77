/** Live sources that are not there, tiles kept for them, and layouts that change while a run goes. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { camera, frames, grid, layout, pipeline, split } from '../../src/index.js';
import { folderFor, noAddon } from './clips.js';
import { closed, codeOf, sleep, within } from './outcomes.js';
import { freePort, until } from './peers.js';
import { pictures } from './pictures.js';

let folder: string;
let files = 0;
beforeAll(() => {
  folder = folderFor('live-compose');
});
const newFile = () => join(folder, `${files++}.mp4`);

const [width, height] = [64, 48];
const small = { width: 320, height: 180, fps: 25 };
const nowhere = async () => `tcp://127.0.0.1:${await freePort()}`;

/** A live source of one colour, until `over`. */
function plain(id: string, color: [number, number, number], over: () => boolean) {
  const picture = new Uint8Array(width * height * 3).map((_, i) => color[i % 3]!);
  async function* paced() {
    while (!over()) {
      yield picture;
      await sleep(40);
    }
  }
  return frames(paced(), { width, height, fps: 25, id, live: true });
}

describe.skipIf(noAddon !== undefined)('a live source that is down at the start', () => {
  test('is tried again while the others are seen, and its tile has its state', { retry: 2 }, async () => {
    let over = false;
    const out = newFile();
    const run = await pipeline(
      camera(await nowhere(), { id: 'down', reconnect: Number.POSITIVE_INFINITY }),
      plain('red', [255, 0, 0], () => over),
    )
      .compose(grid({ ...small }))
      .encode(out, { profile: 'realtime' })
      .start();
    const done = run.done;
    await sleep(600);
    over = true;
    const report = await run.report();
    expect(report.sources[0]).toMatchObject({ id: 'down', in: 0, reconnectsLeft: -1, canvas: { shown: 0 } });
    expect(report.recoveries).toMatchObject([{ where: 'down', what: 'down at the start, is tried again' }]);
    await run.close();
    await within(
      5000,
      done.catch(() => undefined),
    );
    await closed(run);
    const canvases = pictures(out);
    expect(canvases.name(canvases.count - 1, 0.75, 0.5)).toBe('red');
    expect(canvases.name(canvases.count - 1, 0.02, 0.1)).toBe('gray');
  });

  test('fails the start where it is required, or may not be tried again', async () => {
    for (const options of [{ required: true }, { reconnect: 0 }]) {
      const starting = pipeline(camera(await nowhere(), options)).start();
      expect(await codeOf(starting, 5000)).toBe('SOURCE_UNREADABLE');
    }
  });

  test('fails a picture that is submitted from it, at once', async () => {
    let over = false;
    const run = await pipeline(plain('red', [255, 0, 0], () => over)).start();
    const submitted = run.submit(`rtsp://127.0.0.1:${await freePort()}/live`);
    expect(await codeOf(submitted, 5000)).toBe('SOURCE_UNREADABLE');
    over = true;
    await run.close();
  });

  test('may be the only one, may join, and fails when its attempts are used up', async () => {
    const run = await pipeline(camera(await nowhere(), { id: 'one', reconnect: 1 })).start();
    await run.add(camera(await nowhere(), { id: 'two', reconnect: 1 }));
    expect(await codeOf(run.done, 5000)).toBe('SOURCE_FAILED');
    await closed(run);
  });
});

describe.skipIf(noAddon !== undefined)('a layout', () => {
  test('changes while the run goes, and keeps tiles for sources that come later', { retry: 2 }, async () => {
    let over = false;
    const out = newFile();
    const until0 = () => over;
    const run = await pipeline(plain('red', [255, 0, 0], until0), plain('green', [0, 255, 0], until0))
      .compose(split({ left: 'red', right: 'guest', ...small }))
      .encode(out, { profile: 'realtime' })
      .start();
    const done = run.done;
    const shown = async (id: string) => (await run.report()).sources.find((one) => one.id === id)?.canvas?.shown ?? 0;
    await until('red', async () => (await shown('red')) > 5);
    await run.add(plain('guest', [0, 0, 255], until0));
    await until('the guest', async () => (await shown('guest')) > 5);
    await run.remove('guest');
    await sleep(200);
    const wrong = [
      () => run.layout(grid({ ...small, width: 640 })),
      () => run.layout(grid({ ...small, fps: 30 })),
      () => run.layout(split({ left: 0, right: 7 })),
      () => run.layout(grid(), { transitionMs: -1 }),
    ];
    for (const change of wrong) expect(change).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(() => run.layout(grid({ redact: { of: 'faces' } }))).toThrow(
      expect.objectContaining({ code: 'GRAPH_INVALID', module: 'faces' }),
    );
    run.layout(layout({ tiles: [{ show: 'green', rect: [0, 0, 320, 180] }] }), { transitionMs: 200 });
    await sleep(500);
    over = true;
    await within(5000, done);
    await closed(run);
    expect(() => run.layout(grid())).toThrow(expect.objectContaining({ code: 'RUN_CLOSED' }));
    const canvases = pictures(out);
    const right = canvases.story(0.98, 0.1);
    expect(right.slice(0, 3)).toEqual(['gray', 'blue', 'gray']);
    expect(right.at(-1)).toBe('green');
    const left = canvases.story(0.2, 0.5);
    expect([left[0], left.at(-1)]).toEqual(['red', 'green']);
    expect(left.length).toBeGreaterThan(3); // colours between red and green
  });
});
