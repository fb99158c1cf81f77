import { beforeEach, describe, expect, test, vi } from 'vitest';
import { fake } from './fake/addon.js';
import { scratch } from './fake/mock.js';

vi.mock('../src/addon.js', async () => (await import('./fake/addon.js')).fakeAddonModule());
const { analyzer, detect, pipeline, video } = await import('../src/index.js');
const { model } = scratch('analyzer');

beforeEach(() => fake.reset({ frames: [40] }));

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
        return { index: frame.index, x: deps.faces[0]!.box[0] };
      },
    });
    const run = await pipeline(video('a.mp4')).use(faces()).use(late).start();
    for await (const frame of run) expect(frame.late).toEqual({ index: frame.index, x: frame.index });
    expect([...asked].sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
  });

  test('sees the values of other analyzers', async () => {
    const one = analyzer({ name: 'one', analyze: (frame) => frame.index });
    const two = analyzer({ name: 'two', depends: [one], analyze: (_, { one: index }) => index * 2 });
    const run = await pipeline(video('a.mp4')).use(two).use(one).start();
    for await (const frame of run) expect(frame.two).toBe(frame.index * 2);
  });

  test('with a stride has its value carried to the frames between', async () => {
    const analyze = (frame: { index: number }) => sleep(1).then(() => frame.index);
    const slow = analyzer({ name: 'slow', stride: 4, analyze });
    const reader = analyzer({ name: 'reader', depends: [slow], analyze: (_, { slow: value }) => value });
    const run = await pipeline(video('a.mp4')).use(slow).use(reader).start();
    for await (const frame of run) {
      expect(frame.slow).toBe(frame.index - (frame.index % 4));
      expect(frame.reader).toBe(frame.slow);
    }
  });

  test('that throws fails the run with its name and the original error', async () => {
    const broken = analyzer({
      name: 'broken',
      analyze(frame) {
        if (frame.index === 5) throw new RangeError('out of ideas');
        return 1;
      },
    });
    const run = await pipeline(video('a.mp4')).use(broken).start();
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
    const run = await pipeline(video('a.mp4')).use(shaky).start();
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
    const run = await pipeline(video('a.mp4')).use(look).use(blind).start();
    expect(fake.run.spec.modules.map((module) => (module as { pixels?: boolean }).pixels)).toEqual([true, false]);
    for await (const frame of run) {
      expect(frame.look).toBe(12);
      expect(frame.blind).toBeUndefined();
    }
    expect(() => kept!.pixels()).toThrow(expect.objectContaining({ code: 'FRAME_RELEASED' }));
  });

  test('works for submitted pictures', async () => {
    const size = analyzer({ name: 'size', analyze: (frame) => frame.width * frame.height });
    const run = await pipeline().use(size).start();
    expect((await run.submit({ data: new Uint8Array(48), width: 4, height: 4 })).size).toBe(16);
    await run.close();
  });

  test('forgets the values of frames that are dropped', async () => {
    const { Values } = await import('../src/values.js');
    const delivered = vi.spyOn(Values.prototype, 'delivered');
    const forget = vi.spyOn(Values.prototype, 'forget');
    fake.reset({ frames: [40], drops: ({ seq }) => seq % 4 === 1 });
    const run = await pipeline(video('a.mp4'))
      .use(analyzer({ name: 'any', analyze: () => 1 }))
      .start();
    let n = 0;
    for await (const _ of run) n++;
    expect(n).toBe(30);
    expect(delivered).toHaveBeenCalledTimes(30);
    expect(forget.mock.calls.length).toBeGreaterThanOrEqual(9);
  });
});

describe('values', () => {
  test('that come after their task has left are not kept', async () => {
    const { Values } = await import('../src/values.js');
    const values = new Values();
    values.expect(1);
    expect(values.set(1, 0, 'in time')).toBe(true);
    values.forget(1);
    expect(values.set(1, 0, 'late')).toBe(false);
    expect(values.size).toBe(0);
  });
});
