/** Analyzers that attack the process they work for: the process goes on, and the error states what they did. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadAddon } from '../../src/addon.js';
import { analyzer, FramepathError, type Isolation, pipeline, type Report, video } from '../../src/index.js';
import { hostsWork, moduleFile } from './analyzer-files.js';
import { compiled, program } from './children.js';
import { folderFor, patternClip } from './clips.js';
import { closed, within } from './outcomes.js';

const file = moduleFile('hostile.mjs');
let clip: string;

beforeAll(() => {
  clip = patternClip(join(folderFor('module-hostile'), 'clip.mp4'), { seconds: 1, size: '128x96' });
}, 60_000);

async function run(does: string, endMs = 320): Promise<{ values: unknown[]; report: Report }> {
  const use = { isolation: 'process', onError: 'skip', backoffMs: 1, restarts: 0, options: { does } } as const;
  const started = await pipeline(video(clip, { endMs }))
    .use(
      analyzer({ name: 'steady', input: { width: 64, height: 48, format: 'gray8' }, analyze: (f) => f.input.data[0] }),
    )
    .use(analyzer(file, use))
    .start();
  const values: unknown[] = [];
  for await (const frame of started) {
    expect(frame.steady).toBeLessThan(255);
    values.push((frame as unknown as { hostile: unknown }).hostile);
  }
  return { values, report: await closed(started) };
}

describe.skipIf(!hostsWork)('an analyzer in a process', () => {
  test.each([['truncate'], ['grow'], ['write']])('cannot %s the memory of the pixels', async (does) => {
    const { values, report } = await run(does);
    expect(values).toEqual([0, 1, undefined, 3, 4, 5, 6, 7]); // EPERM is thrown there
    expect(report.recoveries).toEqual([]);
  });

  test.each([
    ['draw', /SIGSEGV \(so does an analyzer that writes to its input/],
    ['text', /it wrote text \("this\.\.\."\) to the pipe of its answers/],
    ['json', /it sent a message that cannot be read/],
    ['nothing', /it sent null where a message has to be/],
    ['flood', /it sent an answer to what it was not asked/],
    ['deaf', /it closed the pipe of its questions/],
  ])('that does %s is ended, and the sentence names what it did', async (does, why) => {
    const { values, report } = await run(does, 1000); // more frames than are prefetched
    expect(values.slice(0, 2)).toEqual([0, 1]);
    expect(values.at(-1)).toBeUndefined();
    expect(report.recoveries).toMatchObject([{ where: 'hostile', what: expect.stringContaining('has failed') }]);
    expect(report.recoveries[0]!.reason).toMatch(why);
    expect(report.recoveries[0]!.reason).toContain("Module 'hostile'");
  });
});

describe.skipIf(!hostsWork)('a close that never ends', () => {
  test('does not keep the run from ending, wherever it is, and is a recovery', async () => {
    const use = (isolation: Isolation, closes: string) =>
      analyzer(file, { name: isolation as string, isolation, options: { closes } });
    const started = await pipeline(video(clip, { endMs: 80 }))
      .use(use('inline', 'never'))
      .use(use('thread', 'loops'))
      .use(use('process', 'loops'))
      .start();
    for await (const frame of started) void frame;
    const { recoveries } = await closed(started);
    expect(recoveries.map(({ where }) => where).sort()).toEqual(['inline', 'process', 'thread']);
    for (const { what, reason } of recoveries)
      expect([what, reason]).toEqual([expect.stringMatching(/^its close did not end in time/), 'It had 1500 ms.']);
  });

  test.skipIf(!compiled)('lets the program go on, which does not end before it', async () => {
    const use = { isolation: 'process', options: { closes: 'never' } };
    const { ended } = program(`
      const run = await pipeline(video(${JSON.stringify(clip)}, { endMs: 80 }))
        .use(analyzer(${JSON.stringify(file)}, ${JSON.stringify(use)})).start();
      for await (const frame of run) void frame;
      await run.close();
      console.log('closed');`);
    expect(await ended).toMatchObject({ code: 0, out: 'closed\n' });
  });
});

test('a close that throws fails the run with the module named', async () => {
  const close = () => {
    throw new Error('on purpose');
  };
  const started = await pipeline(video(clip, { endMs: 80 }))
    .use(analyzer({ name: 'odd', analyze: () => 1, close }))
    .start();
  const error = await within(10_000, started.done).catch((e) => e);
  expect(error).toMatchObject({ code: 'MODULE_FAILED', module: 'odd' });
  expect(error.message).toContain("Module 'odd' threw while it was closed: on purpose");
});

test('pixels that would take more memory than there is for all frames in flight are refused at start', async () => {
  const start = (inFlight: number) =>
    pipeline(video(clip, { endMs: 80 }))
      .options({ inFlight })
      .use(analyzer({ name: 'huge', input: { width: 16384, height: 16384 }, analyze: () => 1 }))
      .start();
  const error = await start(8).catch((e) => e);
  expect(error).toBeInstanceOf(FramepathError);
  expect(error).toMatchObject({ code: 'DEVICE_OUT_OF_MEMORY', module: 'huge' });
  expect(error.message).toContain('768 MiB');
});

test.skipIf(!hostsWork)('the addon takes no array for another, and no box that is none', () => {
  const { Run } = loadAddon();
  const bare = { device: 'cpu', runtimeLibraries: [], modules: [], keepPixels: false };
  const run = new Run(JSON.stringify({ ...bare, sources: [{ id: '0', kind: 'file', uri: clip }] }), {
    task: () => undefined,
    event: () => undefined,
  });
  const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
  const question = { module: 0, taskId: 1, attempt: 1 };
  const box = (...words: number[]) => Float64Array.from([1, 2, 0, 0, 10, 10, 0.5].map((word, i) => words[i] ?? word));
  expect(() => run.pushFrame('0', new Float32Array(12) as never, 0)).toThrow(refused);
  for (const boxes of [new Float32Array(14), new Uint8Array(56), [1, 2, 3], 7])
    expect(() => run.answer(question, { kind: 'value', boxes: boxes as never })).toThrow(refused);
  for (const boxes of [box(Number.NaN), box(0.5), box(2 ** 60), box(1, 2 ** 40), box(1, 2, Number.NaN), box().slice(1)])
    expect(() => run.answer(question, { kind: 'value', boxes })).toThrow(refused);
  for (const answer of [undefined, { kind: 'maybe' }, { kind: 'failed', code: 'MODULE_FAILED' }])
    expect(() => run.answer(question, answer as never)).toThrow(refused);
});
