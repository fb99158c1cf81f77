/** Sources and callers that do not keep pace, or stop in mid-run. */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { analyzer, frames, grid, images, pipeline, video } from '../../src/index.js';
import { decoded, folderFor, noAddon, patternClip } from './clips.js';
import { closed, codeOf, count, sleep, within } from './outcomes.js';

let folder: string;
let clip: string;

beforeAll(() => {
  folder = folderFor('running');
  clip = patternClip(join(folder, 'clip.mp4'));
}, 60_000);

const gray = { width: 32, height: 32, fps: 25, format: 'gray8' as const };
async function* pushed(n: number, then?: Error) {
  for (let i = 0; i < n; i++) yield new Uint8Array(32 * 32).fill(i);
  if (then) throw then;
}
const slow = analyzer({ name: 'slow', analyze: () => sleep(2).then(() => 1) });

/** Recovery events while `body` runs. */
async function recoveriesOf(body: () => Promise<void>): Promise<unknown[]> {
  const events: unknown[] = [];
  const listen = (event: unknown) => void events.push(event);
  subscribe('framepath:recovery', listen);
  try {
    await body();
    await sleep(10);
  } finally {
    unsubscribe('framepath:recovery', listen);
  }
  return events;
}

describe.skipIf(noAddon !== undefined)('a source that fails in mid-run', () => {
  test('alone ends the run, after what it gave', async () => {
    const run = await pipeline(frames(pushed(12, new Error('lens cap')), gray)).start();
    let n = 0;
    const reading = (async () => {
      for await (const _ of run) n++;
    })();
    const error = await within(10_000, reading).catch((e) => e);
    expect(error).toMatchObject({ code: 'SOURCE_FAILED', source: '0', cause: { message: 'lens cap' } });
    expect(n).toBe(12);
    const { sources, recoveries } = await closed(run);
    expect(sources[0]).toMatchObject({ in: 12, error: { code: 'SOURCE_FAILED' } });
    expect(recoveries).toEqual([]);
  });

  test('beside another is lost and reported, and the other goes on', async () => {
    const seen: Record<string, number> = {};
    const events = await recoveriesOf(async () => {
      const out = join(folder, 'lost.mp4');
      const bad = frames(pushed(12, new Error('lens cap')), { ...gray, id: 'bad' });
      const run = await pipeline(video(clip, { id: 'good' }), bad)
        .compose(grid({ width: 128, height: 64 }))
        .encode(out, { profile: 'realtime' })
        .start();
      for await (const { source } of run) seen[source] = (seen[source] ?? 0) + 1;
      const { sources, outputs, recoveries } = await closed(run);
      expect(sources[0]).toMatchObject({ id: 'good', in: 50, delivered: 50 });
      expect(sources[0]!.error).toBeUndefined();
      expect(sources[1]).toMatchObject({ id: 'bad', in: 12, delivered: 12, error: { code: 'SOURCE_FAILED' } });
      expect(outputs[0]).toMatchObject({ complete: false, frames: 50 });
      expect(decoded(out).frames).toBe(50);
      expect(recoveries).toMatchObject([{ where: 'bad', reason: expect.stringContaining('lens cap') }]);
    });
    expect(seen).toEqual({ good: 50, bad: 12 });
    expect(events).toMatchObject([{ where: 'bad', reason: expect.stringContaining('lens cap') }]);
  });

  test('is refused at the start when a picture of its list lies outside the jail', async () => {
    const keep = await pipeline(video(clip)).keepPixels().start();
    for await (const frame of keep) {
      writeFileSync(join(folder, 'in.jpg'), frame.jpeg());
      break;
    }
    const inside = join(folder, 'in.jpg');
    const outside = join(folderFor('outside'), 'out.jpg');
    writeFileSync(outside, readFileSync(inside));
    const list = images([inside, inside, outside, inside], { limits: { jail: folder } });
    expect(await codeOf(pipeline(list).start())).toBe('SOURCE_REFUSED');
  });

  test.each([
    ['the wrong size', new Uint8Array(5)],
    ['a time that is none', { data: new Uint8Array(gray.width * gray.height), timeMs: 10n as unknown as number }],
    ['a time that never comes', { data: new Uint8Array(gray.width * gray.height), timeMs: NaN }],
  ])('because its iterable gives %s ends the run', async (_, frame) => {
    const run = await pipeline(frames([frame], gray), video(clip)).start();
    expect(await codeOf(count(run))).toBe('INVALID_ARGUMENT');
    await closed(run);
  });
});

describe.skipIf(noAddon !== undefined)('paces', () => {
  test('two sources of very different length and rate come whole, each in order', async () => {
    const short = patternClip(join(folder, 'short.mp4'), { seconds: 0.4, fps: 50, size: '64x48' });
    const long = patternClip(join(folder, 'long.mp4'), { seconds: 12, fps: 5, size: '160x120' });
    const out = join(folder, 'uneven.mp4');
    const run = await pipeline(video(short), video(long))
      .use(slow)
      .compose(grid({ width: 128, height: 64 }))
      .encode(out, { profile: 'realtime' })
      .options({ inFlight: 3 })
      .start();
    const seen: number[][] = [[], []];
    for await (const { source, index } of run) seen[Number(source)]!.push(index);
    expect(seen.map((list) => list.length)).toEqual([20, 60]);
    for (const list of seen) expect(list).toEqual(list.map((_, i) => i));
    const { outputs } = await closed(run);
    expect(outputs[0]).toMatchObject({ complete: true, frames: 600 });
    expect(decoded(out).seconds).toBeCloseTo(12, 0);
  });

  test('a caller who sleeps holds a file back and loses nothing', async () => {
    const run = await pipeline(video(clip), video(clip)).options({ inFlight: 2, resultQueue: 2 }).start();
    const iterator = run[Symbol.asyncIterator]();
    await iterator.next();
    await sleep(300);
    const { sources } = await run.report();
    for (const source of sources) expect(source.in).toBeLessThanOrEqual(16);
    let n = 1;
    while (!(await iterator.next()).done) n++;
    expect(n).toBe(100);
    await closed(run);
  });

  test('a live source that nobody keeps up with drops, and counts what it dropped', async () => {
    const run = await pipeline(video(clip, { live: true }))
      .use(analyzer({ name: 'slow', analyze: () => sleep(20).then(() => 1) }))
      .options({ inFlight: 2, resultQueue: 1 })
      .start();
    const delivered = await within(20_000, count(run));
    const { sources } = await closed(run);
    expect(sources[0]).toMatchObject({ in: 50, delivered });
    expect(sources[0]!.dropped.inFlight).toBe(50 - delivered);
    expect(delivered).toBeLessThan(50);
  });

  test('a composition nobody iterates drives itself to the end', async () => {
    const out = join(folder, 'alone.mp4');
    const run = await pipeline(video(clip), video(clip))
      .use(slow)
      .compose(grid({ width: 128, height: 64 }))
      .encode(out, { profile: 'realtime' })
      .start();
    await within(20_000, run.done);
    const { outputs, sources } = await closed(run);
    expect(outputs[0]).toMatchObject({ complete: true, frames: 50 });
    expect(sources.map(({ delivered }) => delivered)).toEqual([50, 50]);
  });

  test('packets that nobody takes do not keep a run from closing', async () => {
    const long = patternClip(join(folder, 'packets.mp4'), { seconds: 15, size: '64x48' });
    const run = await pipeline(video(long)).encode(null, { profile: 'realtime' }).start();
    const packets = run.packets();
    await within(10_000, packets.next());
    await sleep(500);
    await closed(run);
    expect((await within(5_000, packets.next(), 'packets')).done).toBe(true);
  });

  test('a source without one frame in its range is an error, of an argument', async () => {
    expect(await codeOf(pipeline(video(clip, { startMs: 60_000 })).start())).toBe('INVALID_ARGUMENT');
    const run = await pipeline(video(clip, { startMs: 1_999, endMs: 2_000 })).start(); // behind its last frame
    expect(await codeOf(count(run))).toBe('INVALID_ARGUMENT');
    const { sources } = await closed(run);
    expect(sources[0]).toMatchObject({ in: 0, delivered: 0 });
  });
});
