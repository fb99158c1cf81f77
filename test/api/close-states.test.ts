/** close(), abort and signals end a run within two seconds, also one that is finishing. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { analyzer, detect, frames, pipeline, type Run, split } from '../../src/index.js';
import { compiled, program } from './children.js';
import { decoded, folderFor, noAddon } from './clips.js';
import { closed, codeOf, sleep, within } from './outcomes.js';

/** The promise is two seconds; machines that run other tests beside this one are slow. */
const soon = 4_000;
const hour = 3_600_000;
let folder: string;

beforeAll(() => {
  folder = folderFor('closing');
});

const picture = new Uint8Array(64 * 64 * 3);
const size = { width: 64, height: 64 };

/** Has read everything and fills a gap of 100 hours: it would be finishing for a long time. */
async function finishing(out: string, options: { signal?: AbortSignal } = {}): Promise<Run> {
  const times = [0, 100 * hour].map((timeMs) => ({ data: picture, timeMs }));
  const run = await pipeline(frames(times, { width: 64, height: 64, maxGapMs: Number.POSITIVE_INFINITY }))
    .options({ device: 'cpu' })
    .encode(join(folder, out), { profile: 'realtime' })
    .start(options);
  run.done.catch(() => undefined);
  for (let i = 0; run.progress.state !== 'finishing' && i < 200; i++) await sleep(20);
  expect(run.progress.state).toBe('finishing');
  return run;
}

describe.skipIf(noAddon !== undefined)('a run that is finishing', () => {
  test('is closed, and its file plays', async () => {
    const run = await finishing('close.mp4');
    await within(soon, run.close(), 'close()');
    const { outputs } = await closed(run);
    expect(outputs).toMatchObject([{ complete: false }]);
    expect(decoded(join(folder, 'close.mp4')).frames).toBe(outputs[0]!.frames);
  });

  test('is aborted', async () => {
    const controller = new AbortController();
    const run = await finishing('abort.mp4', { signal: controller.signal });
    controller.abort();
    expect(await codeOf(run.done, soon)).toBe('ABORTED');
    await closed(run);
  });

  test('is aborted while close() is under way', async () => {
    const controller = new AbortController();
    const run = await finishing('both.mp4', { signal: controller.signal });
    const closing = run.close();
    controller.abort();
    await within(soon, Promise.allSettled([closing]), 'close()');
    expect(await codeOf(run.done, soon)).toBe('ABORTED');
  });

  test('ends whoever iterates', async () => {
    const run = await finishing('iterate.mp4');
    const reading = (async () => {
      for await (const _ of run);
    })();
    await sleep(50);
    await run.close();
    await within(soon, reading, 'the iteration');
  });
});

describe.skipIf(noAddon !== undefined)('a run that starts', () => {
  test.each([0, 10, 25, 50])('is aborted %d ms after that, while it opens sources and models', async (ms) => {
    const controller = new AbortController();
    const description = pipeline(frames([picture], size))
      .use(detect('a', 'blazeface'))
      .use(detect('b', 'blazeface'))
      .use(detect('c', 'blazeface'));
    const run = description.options({ device: 'cpu' }).start({ signal: controller.signal });
    setTimeout(() => controller.abort(), ms);
    expect(
      await codeOf(
        run.then(({ done }) => done),
        soon,
      ),
    ).toBe('ABORTED');
  });
});

describe.skipIf(noAddon !== undefined)('closing', () => {
  test('is quick with 16,000 boxes to hide', async () => {
    const boxes = Array.from({ length: 16_000 }, (_, i) => {
      const x = (i * 37) % 500;
      const y = (i * 91) % 300;
      return { box: [x, y, x + 60, y + 60] };
    });
    const crowd = analyzer({ name: 'crowd', analyze: () => boxes });
    const pixels = new Uint8Array(640 * 360 * 3);
    const source = frames(Array(40).fill(pixels), { width: 640, height: 360 });
    const run = await pipeline(source)
      .use(crowd)
      .options({ device: 'cpu' })
      .compose(split({ left: 0, right: 0, width: 640, height: 360, redact: { of: 'crowd', kind: 'blur' } }))
      .encode(join(folder, 'crowd.mp4'), { profile: 'realtime' })
      .start();
    run.done.catch(() => undefined);
    await sleep(1_000);
    await within(soon, run.close(), 'close()');
    await closed(run);
  });
});

describe.skipIf(!compiled)('a process', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('ends at %s while its run finishes', async (signal) => {
    const out = join(folder, `${signal}.mp4`);
    const { child, ended } = program(`
      const picture = new Uint8Array(64 * 64 * 3);
const size = { width: 64, height: 64 };
      const times = [0, ${100 * hour}].map((timeMs) => ({ data: picture, timeMs }));
      const run = await pipeline(frames(times, { width: 64, height: 64, maxGapMs: Infinity })).options({ device: 'cpu' })
        .encode(${JSON.stringify(out)}, { profile: 'realtime' }).start();
      process.on('${signal}', () => run.close().then(() => console.log('closed')));
      const done = run.done;
      while (run.progress.state !== 'finishing') await new Promise((resolve) => setTimeout(resolve, 20));
      console.log('finishing');
      await done;
    `);
    await within(20_000, new Promise((resolve) => child.stdout!.once('data', resolve)), 'the start');
    const began = performance.now();
    child.kill(signal);
    expect(await within(20_000, ended, 'the process')).toMatchObject({ code: 0, out: 'finishing\nclosed\n' });
    expect(performance.now() - began).toBeLessThan(soon);
  });
});
