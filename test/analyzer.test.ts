/** Analyzers on the JavaScript thread: what they are asked and given, and how they are checked. */
import { afterAll, describe, expect, test } from 'vitest';
import { analyzer, defineAnalyzer, detect, pipeline, raw, track } from '../src/index.js';
import type { ResultBlock } from '../src/native.js';
import { Values } from '../src/values.js';
import { block, external, externalOf, nothing, type Result, record } from './packed-records.js';
import { boxes, pushed, scratch, tinyDetector, watchRuns } from './tiny.js';

const model = tinyDetector(scratch('analyzer'));
const runs = watchRuns();
afterAll(() => runs.stop());

const faces = () => detect('faces', model);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('an analyzer', () => {
  test('is asked once a frame and its value arrives with that frame, whatever the order of answers', async () => {
    const asked: number[] = [];
    const late = analyzer({
      name: 'late',
      depends: ['faces'],
      async analyze(frame, deps: { faces: { box: number[] }[] }) {
        asked.push(frame.index);
        await sleep(frame.index % 3 === 0 ? 4 : 0);
        return { index: frame.index, box: deps.faces[1]!.box };
      },
    });
    const run = await pipeline(pushed(40)).use(faces()).use(late).start();
    for await (const frame of run) expect(frame.late).toEqual({ index: frame.index, box: boxes[1] });
    expect([...asked].sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
  });

  test('sees the values of other analyzers', async () => {
    const one = analyzer({ name: 'one', analyze: (frame) => frame.index });
    const two = analyzer({ name: 'two', depends: [one], analyze: (_, { one: index }) => index * 2 });
    const run = await pipeline(pushed(40)).use(two).use(one).start();
    for await (const frame of run) expect(frame.two).toBe(frame.index * 2);
  });

  test('with a stride has its value carried to the frames between', async () => {
    const analyze = (frame: { index: number }) => sleep(1).then(() => frame.index);
    const slow = analyzer({ name: 'slow', stride: 4, analyze });
    const reader = analyzer({ name: 'reader', depends: [slow], analyze: (_, { slow: value }) => value });
    const run = await pipeline(pushed(40)).use(slow).use(reader).start();
    for await (const frame of run) {
      expect(frame.slow).toBe(frame.index - (frame.index % 4));
      expect(frame.reader).toBe(frame.slow);
    }
  });

  test('with a stride carries the value of its fallback where that stood in', async () => {
    const spare = analyzer({ name: 'spare', stride: 3, analyze: ({ index }) => ({ by: 'spare', index }) });
    const main = analyzer({
      name: 'main',
      stride: 4,
      onError: 'fallback',
      fallback: 'spare',
      analyze({ index }) {
        if (index % 8 === 0) throw new Error('every other time');
        return { by: 'main', index };
      },
    });
    const reader = analyzer({ name: 'reader', depends: [main], analyze: (_, deps) => deps.main });
    const run = await pipeline(pushed(60)).use(spare).use(main).use(reader).start();
    for await (const frame of run) {
      const asked = frame.index - (frame.index % 4);
      const expected = asked % 8 ? { by: 'main', index: asked } : { by: 'spare', index: asked - (asked % 3) };
      expect([frame.index, frame.main]).toEqual([frame.index, expected]);
      expect(frame.reader).toEqual(expected);
    }
  });

  test('that is asked again keeps the answer that counted, not one that came too late', async () => {
    const gate = analyzer({ name: 'gate', analyze: ({ index }) => sleep(index === 0 ? 500 : 0) });
    const attempts = new Map<number, number>();
    const shaky = analyzer({
      name: 'shaky',
      stateless: true,
      retry: 1,
      timeoutMs: 100,
      async analyze({ index }) {
        const attempt = (attempts.get(index) ?? 0) + 1;
        attempts.set(index, attempt);
        if (index === 1 && attempt === 1) await sleep(250);
        return attempt;
      },
    });
    const run = await pipeline(pushed(4)).use(gate).use(shaky).start();
    const values: unknown[] = [];
    for await (const frame of run) values.push(frame.shaky);
    expect(values).toEqual([1, 2, 1, 1]);
  });

  test('that throws fails the run with its name and the original error', async () => {
    const broken = analyzer({
      name: 'broken',
      analyze(frame) {
        if (frame.index === 5) throw new RangeError('out of ideas');
        return 1;
      },
    });
    const run = await pipeline(pushed(40)).use(broken).start();
    const error = await run.done.catch((e) => e);
    expect(error).toMatchObject({ code: 'MODULE_FAILED', module: 'broken' });
    expect(error.message).toContain('out of ideas');
    expect(error.cause).toBeInstanceOf(RangeError);
  });

  test('that throws under skip leaves its frame without a value', async () => {
    const shaky = analyzer({
      name: 'shaky',
      onError: 'skip',
      analyze(frame) {
        if (frame.index % 2) throw new Error('odd');
        return 'even';
      },
    });
    const run = await pipeline(pushed(40)).use(shaky).start();
    for await (const frame of run) expect(frame.shaky).toBe(frame.index % 2 ? undefined : 'even');
  });

  test('reads pixels only if it asks for them, and only while it is asked', async () => {
    let kept: { pixels(): unknown } | undefined;
    const look = analyzer({
      name: 'look',
      pixels: true,
      analyze(frame) {
        kept = frame;
        return frame.pixels({ width: 2, height: 2 }).data.length;
      },
    });
    const blind = analyzer({ name: 'blind', onError: 'skip', analyze: (frame) => frame.pixels() });
    const run = await pipeline(pushed(40)).use(look).use(blind).start();
    expect(runs.spec.modules.map((module) => (module as { pixels?: boolean }).pixels)).toEqual([true, false]);
    for await (const frame of run) {
      expect(frame.look).toBe(12);
      expect(frame.blind).toBeUndefined();
    }
    expect(() => kept!.pixels()).toThrow(expect.objectContaining({ code: 'FRAME_RELEASED' }));
  });

  test('works for submitted pictures', async () => {
    const size = analyzer({ name: 'size', stateless: true, analyze: (frame) => frame.width * frame.height });
    const run = await pipeline().use(size).start();
    expect((await run.submit({ data: new Uint8Array(48), width: 4, height: 4 })).size).toBe(16);
    await run.close();
  });

  test('stands in for another, or has another stand in for it', async () => {
    const broken = analyzer({
      name: 'broken',
      onError: 'fallback',
      fallback: 'faces',
      analyze: (frame) => {
        if (frame.index % 2) throw new Error('odd');
        return 'even' as unknown;
      },
    });
    const run = await pipeline(pushed(40)).use(faces()).use(broken).start();
    for await (const frame of run) expect(frame.broken).toEqual(frame.index % 2 ? frame.faces : 'even');
  });
});

describe('the use of an analyzer', () => {
  const analyze = () => 1;
  const wrong = (use: () => unknown) => expect(use).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));

  test('is checked when it is written', () => {
    wrong(() => analyzer('a.js', { isolation: 'container' as never }));
    wrong(() => analyzer('a.js', { isolation: {} as never }));
    wrong(() => analyzer('a.py', { isolation: 'thread' }));
    wrong(() => analyzer('a.js', { instances: 0 }));
    wrong(() => analyzer('a.js', { onError: 'fallback' }));
    wrong(() => analyzer('', {}));
    wrong(() => analyzer({ name: 'a', analyze }, { isolation: 'process' }));
    wrong(() => defineAnalyzer({ name: 'no name', analyze }));
    wrong(() => defineAnalyzer({ name: 'a', input: {}, analyze }));
    wrong(() => defineAnalyzer({ name: 'a', input: { width: 8, format: 'nv12', crop: 'faces' }, analyze }));
    wrong(() => defineAnalyzer({ name: 'a', input: { width: 8, align: 'dlib' }, analyze }));
  });

  test('with a window is checked when it is written', () => {
    const windows = (input: object) => () => defineAnalyzer({ name: 'a', input: input as never, analyze });
    const good = { of: 'tracks', window: 16, width: 112 };
    for (const input of [good, { ...good, stride: 64 }, { ...good, min: 1, align: 'dlib', format: 'gray8' }])
      expect(windows(input)).not.toThrow();
    wrong(windows({ of: 'tracks', width: 112 })); // no window
    wrong(windows({ of: 'tracks', window: 16 })); // no size
    wrong(windows({ window: 16, width: 112 })); // of nobody
    wrong(windows({ stride: 2, width: 112 }));
    wrong(windows({ min: 2, crop: 'faces', width: 112 }));
    wrong(windows({ ...good, crop: 'faces' }));
    wrong(windows({ ...good, format: 'nv12' }));
    wrong(windows({ ...good, window: 0 }));
    wrong(windows({ ...good, window: 257 }));
    wrong(windows({ ...good, stride: 0 }));
    wrong(windows({ ...good, stride: 65 })); // 1040 frames back
    wrong(windows({ ...good, min: 17 }));
    wrong(windows({ ...good, min: 0 }));
    wrong(windows({ ...good, width: 1200 })); // 65.9 MiB a track
  });

  test('with a window is passed to the native side, in order whatever its definition', async () => {
    const moves = defineAnalyzer({
      name: 'moves',
      stateless: true,
      input: { of: 'tracks', window: 8, stride: 2, width: 16 },
      analyze,
    });
    const run = await pipeline(pushed(40))
      .use(faces())
      .use(track('tracks', { of: 'faces' }))
      .use(analyzer(moves))
      .start();
    expect(runs.spec.modules[2]).toEqual({
      name: 'moves',
      kind: 'js',
      depends: ['tracks'],
      pixels: false,
      stateless: false,
      input: { of: 'tracks', window: 8, stride: 2, width: 16, height: 16 },
      policy: {},
      where: 'main thread',
    });
    await run.close();
    const twice = pipeline(pushed(40))
      .use(faces())
      .use(track('tracks', { of: 'faces' }))
      .use(analyzer(moves, { instances: 2 }))
      .start();
    await expect(twice).rejects.toMatchObject({
      code: 'GRAPH_INVALID',
      module: 'moves',
      hint: expect.stringContaining('remove instances'),
    });
  });

  test('with a window of what are no tracks fails the start', async () => {
    const moves = defineAnalyzer({ name: 'moves', input: { of: 'faces', window: 8, width: 16 }, analyze });
    const start = pipeline(pushed(40)).use(faces()).use(analyzer(moves)).start();
    await expect(start).rejects.toMatchObject({
      code: 'GRAPH_INVALID',
      module: 'moves',
      hint: expect.stringContaining('track(...)'),
    });
  });

  test('with an input and without state is passed to the native side', async () => {
    const chips = defineAnalyzer({ name: 'chips', stateless: true, input: { width: 8, crop: 'faces' }, analyze });
    const run = await pipeline(pushed(40))
      .use(faces())
      .use(analyzer(chips, { instances: 3, retry: 1 }))
      .start();
    expect(runs.spec.modules[1]).toEqual({
      name: 'chips',
      kind: 'js',
      depends: ['faces'],
      pixels: false,
      stateless: true,
      input: { width: 8, height: 8, crop: 'faces' },
      policy: { retry: 1, workers: 3 },
      where: 'main thread',
    });
    await run.close();
  });

  test('that crops what are no boxes, or has instances with state, fails the start', async () => {
    const one = raw('one', model);
    const chips = defineAnalyzer({ name: 'chips', input: { width: 8, crop: 'one' }, analyze });
    const start = pipeline(pushed(40)).use(one).use(analyzer(chips)).start();
    await expect(start).rejects.toMatchObject({ code: 'GRAPH_INVALID', module: 'chips' });
    const two = pipeline(pushed(40))
      .use(analyzer({ name: 'two', analyze }, { instances: 2 }))
      .start();
    await expect(two).rejects.toMatchObject({ code: 'GRAPH_INVALID', module: 'two' });
  });

  test('opens, has state, and closes once', async () => {
    const calls: unknown[] = [];
    const counting = defineAnalyzer({
      name: 'counting',
      configure: async (options: { from: number }) => ({ n: options.from }),
      analyze: (_frame, _deps, state) => state.n++,
      close: (state) => void calls.push(state.n),
    });
    const run = await pipeline(pushed(40))
      .use(analyzer(counting, { options: { from: 100 } }))
      .start();
    for await (const frame of run) expect(frame.counting).toBe(100 + frame.index);
    await run.close();
    expect(calls).toEqual([140]);
  });

  test('that takes for ever to configure does not hold an aborted start, and is closed if it ends after all', async () => {
    const abort = new AbortController();
    const calls: string[] = [];
    let configured = () => {};
    const slow = defineAnalyzer({
      name: 'slow',
      configure: () => {
        setTimeout(() => abort.abort(), 5);
        return new Promise<void>((resolve) => (configured = resolve));
      },
      analyze,
      close: () => void calls.push('slow'),
    });
    const quick = defineAnalyzer({ name: 'quick', analyze, close: () => void calls.push('quick') });
    const starting = pipeline(pushed(40)).use(analyzer(quick)).use(analyzer(slow)).start({ signal: abort.signal });
    await expect(starting).rejects.toMatchObject({ code: 'ABORTED' });
    expect(calls).toEqual(['quick']);
    configured();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(calls).toEqual(['quick', 'slow']);
  });

  test('whose close throws fails the run', async () => {
    const close = () => {
      throw new Error('still warm');
    };
    const run = await pipeline(pushed(40))
      .use(analyzer({ name: 'a', analyze, close }))
      .start();
    await expect(run.done).rejects.toThrow('still warm');
  });
});

describe('values', () => {
  const task = (taskId: number, seq: number, source = 0, ...results: Result[]) =>
    block(record({ taskId, source, seq, index: seq, ptsUs: 0, width: 4, height: 4 }, results));
  const kept = (values: Values, one: ResultBlock) => values.of(one, 0, 1)[0];

  test('of dropped tasks go with the next delivered one of their source', () => {
    const values = new Values();
    for (const [id, seq, source] of [
      [1, 0, 0],
      [2, 0, 1],
      [3, 1, 0],
      [4, 2, 0],
    ] as const)
      values.expect(task(id, seq, source));
    values.delivered(task(3, 1), 0, 0);
    expect(values.size).toBe(2);
    values.set(task(4, 2), 0, 'next');
    values.set(task(2, 0, 1), 0, 'of another source');
    expect(kept(values, task(4, 2, 0, external))).toBe('next');
    expect(kept(values, task(2, 0, 1, external))).toBe('of another source');
  });

  test('are of the task and the module that the native side names, and stay while it does', () => {
    const values = new Values();
    values.expect(task(1, 0));
    values.set(task(1, 0), 0, 'own');
    values.set(task(1, 0), 1, 'of its fallback');
    const results = (state: 'value' | 'carried') => [externalOf(0, 1, state), externalOf(1, 1, state)];
    for (const [id, seq, state] of [
      [1, 0, 'value'],
      [2, 1, 'carried'],
      [3, 2, 'carried'],
    ] as const) {
      const one = task(id, seq, 0, ...results(state));
      expect(values.of(one, 0, 2)).toEqual(['own', 'of its fallback']);
      values.delivered(one, 0, 2);
    }
    expect(values.size).toBe(1);
    values.expect(task(4, 3));
    values.set(task(4, 3), 0, 'newer');
    const newer = task(4, 3, 0, external, nothing);
    expect(values.of(newer, 0, 2)).toEqual(['newer', undefined]);
    values.delivered(newer, 0, 2);
    expect(values.size).toBe(1);
    values.ended(0);
    expect(values.size).toBe(0);
  });

  test('of submitted pictures go one by one', () => {
    const values = new Values();
    values.expect(task(1, 0, -1));
    values.expect(task(2, 1, -1));
    values.delivered(task(2, 1, -1), 0, 0);
    values.set(task(1, 0, -1), 0, 'still asked');
    expect(kept(values, task(1, 0, -1, external))).toBe('still asked');
  });
});
