/** Analyzers that misbehave: the policy decides, the rest goes on, nothing hangs. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type AnalyzerOptions, analyzer, type OnError, pipeline, video } from '../../src/index.js';
import { folderFor, noAddon, patternClip } from './clips.js';
import { closed, codeOf, count, sleep, within } from './outcomes.js';

let clip: string;

beforeAll(() => {
  clip = patternClip(join(folderFor('analyzers'), 'clip.mp4'));
}, 60_000);

type Analyze = AnalyzerOptions<'odd', unknown, [], OnError>['analyze'];

function odd(analyze: Analyze, policy: Partial<AnalyzerOptions<'odd', unknown, [], 'skip'>> = {}) {
  return analyzer({ name: 'odd', onError: 'skip', ...policy, analyze });
}

describe.skipIf(noAddon !== undefined)('an analyzer', () => {
  test('that throws now and then is skipped there', async () => {
    const run = await pipeline(video(clip))
      .use(
        odd((frame) => {
          if (frame.index % 5 === 0) throw new Error('fives');
          return frame.index;
        }),
      )
      .start();
    for await (const frame of run) expect(frame.odd).toBe(frame.index % 5 ? frame.index : undefined);
    const { stages } = await closed(run);
    expect(stages.find(({ name }) => name === 'odd')).toMatchObject({ count: 50, failures: 10 });
  });

  test.each([
    ['an error', new RangeError('nine')],
    ['a string', 'nine'],
    ['nothing', undefined],
    ['an object without a prototype', Object.create(null)],
  ])('that throws %s ends the run with it', async (_, thrown) => {
    const broken = analyzer({
      name: 'broken',
      analyze(frame) {
        if (frame.index === 9) throw thrown;
      },
    });
    const run = await pipeline(video(clip)).use(broken).start();
    const error = await within(10_000, run.done).catch((e) => e);
    expect(error).toMatchObject({ code: 'MODULE_FAILED', module: 'broken', source: '0' });
    if (thrown !== undefined) expect(error.cause).toBe(thrown);
    await closed(run);
  });

  test('that throws at every frame from one on ends the run with the first, though others were asked for already', async () => {
    let thrown = 0;
    const broken = analyzer({
      name: 'broken',
      analyze(frame) {
        if (frame.index >= 9) throw new RangeError(`frame ${frame.index}, ${thrown++} before`);
      },
    });
    const run = await pipeline(video(clip)).use(broken).start();
    const error = await within(10_000, run.done).catch((e) => e);
    expect(error.message).toBe('Module "broken", Source "0": frame 9, 0 before');
    expect(error.cause).toBeInstanceOf(RangeError);
    expect(error.cause.message).toBe('frame 9, 0 before');
    await closed(run);
  });

  test('that returns nothing, or what is no data, is delivered as it is', async () => {
    const values = [undefined, null, () => 1, Symbol.for('s'), 1n, NaN];
    const run = await pipeline(video(clip))
      .use(odd((frame) => values[frame.index % values.length]))
      .start();
    for await (const frame of run) expect(frame.odd).toBe(values[frame.index % values.length]);
    await closed(run);
  });

  test('that hangs is given up after its time, and late answers are ignored', async () => {
    const run = await pipeline(video(clip, { endMs: 400 }))
      .use(odd((frame) => sleep(frame.index % 2 ? 0 : 500).then(() => frame.index), { timeoutMs: 200 }))
      .start();
    const seen: unknown[] = [];
    for await (const frame of run) seen.push(frame.odd);
    expect(seen).toEqual([undefined, 1, undefined, 3, undefined, 5, undefined, 7, undefined, 9]);
    await sleep(500); // the late answers come
    await closed(run);
  });

  test('that hangs for ever does not keep a run from closing', async () => {
    const run = await pipeline(video(clip))
      .use(odd(() => new Promise(() => {})))
      .start();
    const next = run[Symbol.asyncIterator]().next();
    await sleep(50);
    await closed(run);
    expect((await within(5_000, next)).done).toBe(true);
  });

  test('reads pixels while it is asked and not after', async () => {
    const kept: { pixels(): unknown }[] = [];
    const run = await pipeline(video(clip))
      .use(
        odd(
          async (frame) => {
            await sleep(1);
            kept.push(frame);
            return frame.pixels({ width: 4, height: 4 }).data.length + frame.jpeg().length;
          },
          { pixels: true },
        ),
      )
      .start();
    for await (const frame of run) expect(frame.odd).toBeGreaterThan(48);
    const released = expect.objectContaining({ code: 'FRAME_RELEASED' });
    for (const frame of kept) expect(() => frame.pixels()).toThrow(released);
    await closed(run);
  });

  test('that did not ask for pixels has none', async () => {
    const run = await pipeline(video(clip))
      .use(odd((frame) => frame.pixels(), { onError: 'fail' } as object))
      .start();
    const error = await within(10_000, run.done).catch((e) => e);
    expect(error).toMatchObject({ code: 'MODULE_FAILED', cause: { code: 'FRAME_RELEASED' } });
    await closed(run);
  });

  test('that keeps the frame it gets holds a copy until it closes it', async () => {
    const run = await pipeline(video(clip, { endMs: 400 }))
      .use(
        odd(
          (frame) => {
            const mine = frame.keep();
            const { length } = mine.pixels({ width: 2, height: 2 }).data;
            mine.close();
            return length;
          },
          { pixels: true },
        ),
      )
      .options({ keptFrames: 1 })
      .start();
    for await (const frame of run) expect(frame.odd).toBe(12);
    await closed(run);
  });

  test('that closes its own run ends it', async () => {
    let close: (() => Promise<void>) | undefined;
    const run = await pipeline(video(clip))
      .use(
        odd((frame) => {
          if (frame.index === 7) void close!();
          return 1;
        }),
      )
      .start();
    close = () => run.close();
    expect(await within(10_000, count(run))).toBeLessThanOrEqual(50);
    await closed(run);
  });

  test('falls back on another one', async () => {
    const steady = analyzer({ name: 'steady', analyze: (frame) => -frame.index });
    const shaky = analyzer({
      name: 'shaky',
      onError: 'fallback',
      fallback: 'steady',
      depends: [steady],
      analyze(frame) {
        if (frame.index % 3 === 0) throw new Error('threes');
        return frame.index;
      },
    });
    const run = await pipeline(video(clip)).use(steady).use(shaky).start();
    for await (const frame of run) expect(frame.shaky).toBe(frame.index % 3 ? frame.index : -frame.index);
    await closed(run);
  });

  test('falls back on what another one carries, through a third', async () => {
    const slow = analyzer({ name: 'slow', stride: 2, analyze: (frame) => frame.index });
    const failing = () => {
      throw new Error('always');
    };
    const first = analyzer({ name: 'first', depends: [slow], onError: 'fallback', fallback: 'slow', analyze: failing });
    const second = analyzer({
      name: 'second',
      depends: [first],
      onError: 'fallback',
      fallback: 'first',
      analyze: failing,
    });
    const run = await pipeline(video(clip)).use(slow).use(first).use(second).start();
    for await (const frame of run) {
      const { index, first, second } = frame as unknown as Record<string, number>;
      const looked = index! - (index! % 2);
      expect([first, second]).toEqual([looked, looked]);
    }
    await closed(run);
  });

  test('runs in a pipeline with one frame in flight', async () => {
    const run = await pipeline(video(clip))
      .use(odd(() => sleep(1)))
      .options({ inFlight: 1, resultQueue: 1 })
      .start();
    expect(await within(20_000, count(run))).toBe(50);
    await closed(run);
    const held = pipeline(video(clip))
      .options({ inFlight: 1 })
      .encode(join(folderFor('held'), 'o.mp4'));
    expect(await codeOf(held.start())).toBe('INVALID_ARGUMENT');
  });
});
