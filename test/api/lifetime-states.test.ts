/** A run may be closed, aborted and asked in every state. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { analyzer, detect, type Frame, frames, pipeline, type Run, video } from '../../src/index.js';
import { complete, folderFor, noAddon, patternClip } from './clips.js';
import { closed, codeOf, count, sleep, within } from './outcomes.js';

let folder: string;
let clip: string;
let long: string;

beforeAll(() => {
  folder = folderFor('lifetime');
  clip = patternClip(join(folder, 'clip.mp4'));
  long = patternClip(join(folder, 'long.mp4'), { seconds: 20 });
}, 120_000);

const threads = () => readdirSync('/proc/self/task').length;

const light = analyzer({
  name: 'light',
  pixels: true,
  analyze: (frame) => frame.pixels({ width: 1, height: 1, format: 'gray8' }).data[0]!,
});

describe.skipIf(noAddon !== undefined)('closing', () => {
  test('before anything was asked for', async () => {
    await closed(await pipeline(video(long)).use(light).start());
  });

  test('twice at once, and again', async () => {
    const run = await pipeline(video(long)).use(light).start();
    await within(10_000, Promise.all([run.close(), run.close(), run.close()]));
    await closed(run);
  });

  test('while next() waits', async () => {
    const slow = analyzer({ name: 'slow', analyze: () => sleep(300).then(() => 1) });
    const run = await pipeline(video(long)).use(slow).start();
    const next = run[Symbol.asyncIterator]().next();
    await sleep(20);
    await closed(run);
    expect(await within(5_000, next, 'next()')).toEqual({ done: true, value: undefined });
  });

  test('while done is awaited', async () => {
    const run = await pipeline(video(long)).use(light).start();
    const done = run.done;
    await sleep(50);
    await closed(run);
    await within(5_000, done, 'done');
  });

  test('after the end, with everything still reported', async () => {
    const run = await pipeline(video(clip)).start();
    expect(await count(run)).toBe(50);
    const { sources } = await closed(run);
    expect(sources[0]).toMatchObject({ in: 50, delivered: 50, dropped: {} });
    expect(run.progress).toMatchObject({ frames: 50 });
  });

  test('after a failure, which stays the one reported', async () => {
    const broken = analyzer({
      name: 'broken',
      analyze() {
        throw new Error('no');
      },
    });
    const run = await pipeline(video(long)).use(broken).start();
    expect(await codeOf(count(run))).toBe('MODULE_FAILED');
    expect(await codeOf(run.done)).toBe('MODULE_FAILED');
    await closed(run);
  });

  test('in the middle of an encode, again and again', async () => {
    for (let i = 0; i < 4; i++) {
      const out = join(folder, `middle-${i}.mp4`);
      const run = await pipeline(video(long)).encode(out, { profile: 'realtime' }).start();
      await sleep(i * 60);
      const { outputs } = await closed(run);
      expect(outputs[0]).toMatchObject({ complete: false });
    }
  });

  test('while an encoder drains gives a whole file or one that is marked incomplete', async () => {
    for (const after of [40, 48, 49]) {
      const out = join(folder, `drain-${after}.mp4`);
      const run = await pipeline(video(clip)).encode(out, { profile: 'balanced' }).start();
      for await (const frame of run) if (frame.index === after) break;
      const { outputs } = await closed(run);
      if (outputs[0]!.complete) expect(outputs[0]!.frames).toBe(50);
      else expect(outputs[0]!.frames).toBeLessThanOrEqual(50);
    }
  });

  test('makes everything else answer that it is closed', async () => {
    const run = await pipeline(video(long)).use(light).start();
    await closed(run);
    expect(await run[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
    expect(await count(run)).toBe(0);
    expect(await codeOf(run.add(video(clip)))).toBe('RUN_CLOSED');
    expect(await codeOf(run.remove('0'))).toBe('RUN_CLOSED');
    expect(await codeOf(run.submit(clip))).toBe('RUN_CLOSED');
    expect((await run.timeline()).identities).toEqual([]);
    await within(5_000, run.done, 'done');
  });
});

describe.skipIf(noAddon !== undefined)('an abort signal', () => {
  test('that was given before the start', async () => {
    expect(await codeOf(pipeline(video(clip)).start({ signal: AbortSignal.abort() }))).toBe('ABORTED');
  });

  test('that comes while it starts', async () => {
    for (const ms of [0, 1, 3, 6, 10, 20, 40, 80]) {
      const abort = new AbortController();
      setTimeout(() => abort.abort(), ms);
      const description = pipeline(...Array.from({ length: 6 }, () => video(long))).use(light);
      const starting = description.start({ signal: abort.signal }).then(async (run) => {
        expect(await codeOf(run.done)).toBe('ABORTED');
        await closed(run);
      });
      await within(15_000, starting, 'start()').catch((error) => expect(error).toMatchObject({ code: 'ABORTED' }));
    }
  });

  test('that comes while it runs, before anybody iterates and while somebody does', async () => {
    for (const iterating of [false, true]) {
      const abort = new AbortController();
      const run = await pipeline(video(long)).use(light).start({ signal: abort.signal });
      const frames = iterating ? count(run) : run.done;
      await sleep(30);
      abort.abort(new Error('enough'));
      expect(await codeOf(frames)).toBe('ABORTED');
      await closed(run);
    }
  });

  test.skipIf(!complete)('that comes while models load', async () => {
    for (const ms of [5, 30, 100]) {
      const abort = new AbortController();
      setTimeout(() => abort.abort(), ms);
      const starting = pipeline(video(clip)).use(detect('faces', 'blazeface')).start({ signal: abort.signal });
      const run = await within(15_000, starting, 'start()').catch((error) => {
        expect(error).toMatchObject({ code: 'ABORTED' });
      });
      if (run) await run.close().catch(() => undefined);
    }
  });
});

describe.skipIf(noAddon !== undefined)('sources that join and leave', () => {
  test('many at once, each with its place', async () => {
    // Held back, so that it has not ended before the others come.
    const run = await pipeline(video(clip)).options({ inFlight: 2, resultQueue: 2 }).start();
    const ids = await Promise.all(Array.from({ length: 5 }, () => run.add(video(clip))));
    expect(ids).toEqual(['1', '2', '3', '4', '5']);
    const seen: Record<string, number> = {};
    for await (const { source } of run) seen[source] = (seen[source] ?? 0) + 1;
    expect(seen).toEqual(Object.fromEntries(['0', ...ids].map((id) => [id, 50])));
    await closed(run);
  });

  test('one that leaves in the middle; the other comes whole', async () => {
    const run = await pipeline(video(long), video(clip)).use(light).start();
    const seen: Record<string, number> = { 0: 0, 1: 0 };
    let removing: Promise<void> | undefined;
    for await (const { source, index } of run) {
      seen[source]!++;
      if (source === '0' && index === 10) removing = run.remove('0');
    }
    await within(5_000, removing!, 'remove()');
    expect(seen['1']).toBe(50);
    expect(seen['0']).toBeLessThan(500);
    await within(5_000, run.remove('0'), 'removing it again');
    await closed(run);
  });

  test('one that is not there, or cannot be read, joins nothing', async () => {
    const run = await pipeline(video(long)).start();
    expect(await codeOf(run.add(video(join(folder, 'none.mp4'))))).toBe('SOURCE_NOT_FOUND');
    expect(await codeOf(run.add(video(clip, { id: '0' })))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(run.remove('nobody'))).toBe('INVALID_ARGUMENT');
    const { sources } = await closed(run);
    expect(sources).toHaveLength(1);
  });

  test('removing while closing never hangs', async () => {
    const run = await pipeline(video(long)).use(light).start();
    const removing = run.remove('0').catch((error) => expect(error).toMatchObject({ code: 'RUN_CLOSED' }));
    const adding = run.add(video(clip)).catch((error) => expect(error).toMatchObject({ code: 'RUN_CLOSED' }));
    await closed(run);
    await within(5_000, Promise.all([removing, adding]), 'add() and remove()');
  });

  test('a pushed one that is removed ends its iterable', async () => {
    let stopped = false;
    async function* endless() {
      try {
        for (;;) yield new Uint8Array(16 * 16);
      } finally {
        stopped = true;
      }
    }
    const run = await pipeline(
      video(clip),
      frames(endless(), { id: 'made', width: 16, height: 16, format: 'gray8' }),
    ).start();
    let made = 0;
    for await (const { source } of run) if (source === 'made' && ++made === 20) await run.remove('made');
    expect(stopped).toBe(true);
    await closed(run);
  });
});

describe.skipIf(noAddon !== undefined)('pixels of frames', () => {
  const released = expect.objectContaining({ name: 'FramepathError', code: 'FRAME_RELEASED' });

  test('are gone without keepPixels, after the turn, and after close', async () => {
    const plain = await pipeline(video(clip)).start();
    for await (const frame of plain) expect(() => frame.pixels()).toThrow(released);
    await closed(plain);
    const run = await pipeline(video(clip)).keepPixels().start();
    let before: Frame | undefined;
    for await (const frame of run) {
      expect(frame.pixels({ width: 2, height: 2 }).data).toHaveLength(12);
      if (before) expect(() => before!.pixels()).toThrow(released);
      before = frame;
      if (frame.index === 20) {
        frame.close();
        frame.close();
        expect(() => frame.jpeg()).toThrow(released);
        expect(() => frame.keep()).toThrow(released);
      }
    }
    await closed(run);
    expect(() => before!.pixels()).toThrow(released);
  });

  test('can be kept up to the limit, and given back', async () => {
    const run = await pipeline(video(clip)).keepPixels().options({ keptFrames: 3 }).start();
    const kept: Frame[] = [];
    for await (const frame of run) {
      if (frame.index < 3) kept.push(frame.keep().keep());
      else if (frame.index === 3)
        expect(() => frame.keep()).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
      else if (frame.index === 4) {
        kept[0]!.close();
        frame.keep();
      }
    }
    expect(kept[1]!.pixels().data).toHaveLength(320 * 240 * 3);
    await closed(run);
    expect(() => kept[1]!.pixels()).toThrow(released);
    expect(() => kept[1]!.close()).not.toThrow();
  });

  test('that cannot be are refused', async () => {
    const run = await pipeline(video(clip)).keepPixels().start();
    const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
    for await (const frame of run) {
      expect(() => frame.pixels({ width: 0, height: 4 })).toThrow(invalid);
      expect(() => frame.pixels({ width: 4 })).toThrow(invalid);
      expect(() => frame.pixels({ crop: [10, 10, 10, 20] })).toThrow(invalid);
      expect(frame.pixels({ crop: [-50, -50, 20, 20] }).data).toHaveLength(70 * 70 * 3);
      expect(frame.pixels({ crop: [5000, 5000, 5010, 5010] }).data).toHaveLength(300);
      break;
    }
    await closed(run);
  });

  test('of every frame asked for by an iterator that stops reading in mid-block', async () => {
    const run = await pipeline(video(long)).keepPixels().start();
    const iterator = run[Symbol.asyncIterator]();
    for (let i = 0; i < 7; i++) await iterator.next();
    await closed(run);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });
});

describe.skipIf(noAddon !== undefined)('submitted pictures', () => {
  const gray = { data: new Uint8Array(64 * 64).fill(128), width: 64, height: 64, format: 'gray8' as const };

  test.skipIf(!complete)('in parallel with a running source, files and pixels', async () => {
    const run = await pipeline(video(clip)).use(detect('faces', 'blazeface')).start();
    const counting = count(run);
    const pictures = await within(
      30_000,
      Promise.all(Array.from({ length: 24 }, (_, i) => run.submit(i % 3 ? gray : clip))),
      'submit()',
    );
    expect(pictures.map(({ width }) => width)).toEqual(Array.from({ length: 24 }, (_, i) => (i % 3 ? 64 : 320)));
    expect(await counting).toBe(50);
    await closed(run);
  });

  test('a thousand at once, on a few threads', async () => {
    const run = await pipeline().start();
    const pictures = Array.from({ length: 1000 }, (_, i) => run.submit(i % 10 ? gray : clip));
    const most = await sleep(20).then(threads);
    await within(60_000, Promise.all(pictures), 'submit()');
    expect(most).toBeLessThan(100);
    await closed(run as Run);
  });

  test('that are under way when the run closes are settled', async () => {
    const free = analyzer({
      name: 'light',
      stateless: true,
      pixels: true,
      analyze: (frame) => frame.pixels({ width: 1, height: 1, format: 'gray8' }).data[0]!,
    });
    const run = await pipeline().use(free).start();
    const settled = Promise.allSettled(Array.from({ length: 20 }, (_, i) => run.submit(i % 2 ? gray : clip)));
    await closed(run as Run);
    for (const result of await within(10_000, settled, 'submit()')) {
      if (result.status === 'rejected') expect(result.reason.code).toMatch(/^(CANCELLED|RUN_CLOSED)$/);
    }
  });

  test('that cannot be are refused, and the run goes on', async () => {
    const run = await pipeline(video(clip)).start();
    expect(await codeOf(run.submit(join(folder, 'none.jpg')))).toBe('SOURCE_NOT_FOUND');
    expect(await codeOf(run.submit({ ...gray, width: 63 }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(run.submit({ ...gray, width: 0, data: new Uint8Array(0) }))).toBe('INVALID_ARGUMENT');
    expect(await count(run)).toBe(50);
    await closed(run);
  });
});
