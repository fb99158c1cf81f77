/** Analyzers that crash, hang or cannot start, in threads and processes: their policy decides, nobody else notices. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type AnalyzerUse,
  analyzer,
  detect,
  type Isolation,
  pipeline,
  type Report,
  track,
  video,
} from '../../src/index.js';
import { hostsWork, inHosts, moduleFile, nameOf, python, pythonWorks, twin } from './analyzer-files.js';
import { complete, facesClip, folderFor, patternClip } from './clips.js';
import { closed, codeOf, within } from './outcomes.js';

let folder: string;
let clip: string;

beforeAll(() => {
  folder = folderFor('module-faults');
  clip = patternClip(join(folder, 'clip.mp4'), { seconds: 1, size: '128x96' });
}, 60_000);

const steady = analyzer({ name: 'steady', analyze: (frame) => frame.index });

type Use = Omit<AnalyzerUse, 'name' | 'onError'> & { isolation: Isolation };

/** A run beside a steady module; what the faulty one returned for each frame. */
async function run(use: Use): Promise<{ values: unknown[]; report: Report }> {
  const started = await pipeline(video(clip))
    .use(steady)
    .use(analyzer(twin('faulty', use.isolation), { name: 'faulty', onError: 'skip', backoffMs: 1, ...use }))
    .use(analyzer({ name: 'hasValue', depends: ['faulty'], analyze: (_, deps) => deps.faulty !== undefined }))
    .start();
  const values: unknown[] = [];
  for await (const frame of started) {
    expect([frame.index, frame.steady, frame.hasValue]).toEqual([
      values.length,
      values.length,
      frame.faulty !== undefined,
    ]);
    values.push(frame.faulty);
  }
  return { values, report: await closed(started) };
}

const missing = (values: unknown[]) => values.flatMap((value, i) => (value === undefined ? [i] : []));
const places = inHosts.map((isolation) => [nameOf(isolation), isolation] as const);

const survivable: Record<string, Record<number, string>> = {
  thread: { 2: 'throw', 4: 'bad', 6: 'exit', 8: 'loop', 10: 'reject', 12: 'memory' },
  process: { 2: 'throw', 4: 'bad', 6: 'exit', 8: 'loop', 10: 'reject', 12: 'memory', 14: 'segfault' },
  python: { 2: 'throw', 4: 'bad', 6: 'exit', 8: 'loop', 12: 'memory', 14: 'segfault' },
};

test.skipIf(!hostsWork || !complete)('a window outlives the process that looks at it', async () => {
  const faces = facesClip(join(folder, 'faces.mp4'), { seconds: 1 });
  const use = { name: 'watchful', isolation: 'process', onError: 'skip', backoffMs: 1 } as const;
  const started = await pipeline(video(faces, { endMs: 400 }))
    .use(detect('faces', 'blazeface'))
    .use(track('tracks', { of: 'faces' }))
    .use(analyzer(moduleFile('watchful.js'), use))
    .start();
  const values: unknown[] = [];
  for await (const frame of started) values.push(frame.watchful);
  await closed(started);
  expect(values).toHaveLength(10);
  expect(values[5]).toEqual({ asked: 6, frames: [4, 4] });
  expect(values[6]).toBeUndefined();
  expect(values[7]).toEqual({ asked: 1, frames: [4, 4] }); // a new process, and windows that are still full
});

describe.skipIf(!hostsWork)('a faulty analyzer', () => {
  test.each(places)(
    'in a %s loses the frames it fails at and no others',
    async (name, isolation) => {
      const at = survivable[name]!;
      const use = { isolation, options: { at }, timeoutMs: 3000, memoryMb: 64, restarts: 20 };
      const { values, report } = await run(use);
      expect(values).toHaveLength(25);
      expect(missing(values)).toEqual(Object.keys(at).map(Number));
      expect(report.stages.find((stage) => stage.name === 'faulty')).toMatchObject({
        failures: Object.keys(at).length,
      });
      const gentle = name === 'python' ? ['throw', 'bad', 'memory'] : ['throw', 'bad'];
      const crashes = Object.values(at).filter((how) => !gentle.includes(how));
      expect(report.recoveries.map(({ where }) => where)).toEqual(crashes.map(() => 'faulty'));
    },
    60_000,
  );

  test.each(places)('in a %s loses nothing where frames may be tried again', async (_, isolation) => {
    const once = mkdtempSync(join(folder, 'once-'));
    const { values } = await run({
      isolation,
      retry: 1,
      instances: 2,
      options: { once, at: { 3: 'exit', 9: 'exit' } },
    });
    expect(missing(values)).toEqual([]);
    expect(new Set(values.map((value) => (value as { host: string }).host)).size).toBeGreaterThan(1);
  });

  test.each(places)('in a %s that keeps crashing has failed, and the rest goes on', async (_, isolation) => {
    const at = Object.fromEntries(Array.from({ length: 25 }, (_, i) => [i, i < 3 ? undefined : 'exit']));
    const { values, report } = await run({ isolation, restarts: 2, options: { at } });
    expect(missing(values)).toEqual(Array.from({ length: 22 }, (_, i) => i + 3));
    expect(report.recoveries).toHaveLength(3);
    expect(report.recoveries.at(-1)).toMatchObject({ where: 'faulty', what: expect.stringContaining('has failed') });
  });

  test.each(places)('in a %s ends the run where its policy is fail', async (_, isolation) => {
    const ends = async (how: string, use: object = {}) => {
      const started = await pipeline(video(clip))
        .use(analyzer(twin('faulty', isolation), { name: 'faulty', isolation, options: { at: { 5: how } }, ...use }))
        .start();
      const error = await within(20_000, started.done).catch((e) => e);
      expect(error).toMatchObject({ module: 'faulty', source: '0' });
      await closed(started);
      return error;
    };
    expect(await ends('exit')).toMatchObject({ code: 'MODULE_CRASHED' });
    expect(await ends('loop', { timeoutMs: 500 })).toMatchObject({ code: 'MODULE_TIMEOUT' });
    const thrown = await ends('throw');
    expect(thrown).toMatchObject({ code: 'MODULE_FAILED', message: 'Module "faulty", Source "0": on purpose' });
    expect(thrown.cause).toBeInstanceOf(Error);
    expect(thrown.cause.stack).toContain('faulty');
  });

  test.each(places)('in a %s that hangs does not keep a run from closing', async (_, isolation) => {
    const started = await pipeline(video(clip))
      .use(analyzer(twin('faulty', isolation), { name: 'faulty', isolation, options: { at: { 1: 'loop' } } }))
      .start();
    for await (const frame of started) if (frame.index === 0) break;
    await closed(started);
  });
});

describe.skipIf(!hostsWork)('an analyzer that cannot start', () => {
  const start = (file: string, use: Use) =>
    codeOf(
      pipeline(video(clip))
        .use(analyzer(file, { name: 'odd', ...use }))
        .start(),
    );

  test.each([['inline', 'inline'] as const, ...places])('in a %s rejects start()', async (_, isolation) => {
    const faulty = twin('faulty', isolation);
    expect(await start(faulty, { isolation, options: { fails: true } })).toBe('MODULE_UNUSABLE');
    expect(await start(faulty.replace('faulty', 'missing'), { isolation })).toBe('MODULE_UNUSABLE');
    const empty = join(folder, isolation instanceof Object ? 'empty.py' : 'empty.mjs');
    writeFileSync(empty, isolation instanceof Object ? 'x = 1\n' : 'export const x = 1;\n');
    expect(await start(empty, { isolation })).toBe('MODULE_UNUSABLE');
    if (isolation !== 'inline')
      expect(await start(faulty, { isolation, options: { slowMs: 5000 }, startTimeoutMs: 300 })).toBe(
        'MODULE_UNUSABLE',
      );
  });

  test.each(places)('in a %s is given up when the start is aborted', async (_, isolation) => {
    const slow = analyzer(twin('faulty', isolation), { name: 'odd', isolation, options: { slowMs: 20_000 } });
    const began = performance.now();
    const started = pipeline(video(clip))
      .use(slow)
      .start({ signal: AbortSignal.timeout(300) });
    expect(await codeOf(started)).toBe('ABORTED');
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  test('whose Python definition does not fit rejects start()', async () => {
    const wrong = join(folder, 'wrong.py');
    writeFileSync(wrong, 'from framepath import analyzer\n@analyzer(input={"breadth": 3})\ndef f(frame, deps): pass\n');
    if (pythonWorks) expect(await start(wrong, { isolation: { python } })).toBe('MODULE_UNUSABLE');
  });

  test('without its interpreter rejects start()', async () => {
    expect(await start(moduleFile('faulty.py'), { isolation: { python: '/nonexistent' } })).toBe('MODULE_UNUSABLE');
  });

  test('with what cannot be sent to it rejects start()', async () => {
    expect(await start(moduleFile('faulty.js'), { isolation: 'thread', options: { at: () => 1 } })).toBe(
      'MODULE_UNUSABLE',
    );
  });

  test('that keeps state has no instances, and no dependency that is not there', async () => {
    const changes = moduleFile('changes.js');
    expect(await start(changes, { isolation: 'thread', instances: 2 })).toBe('GRAPH_INVALID');
    expect(await start(changes, { isolation: 'thread' })).toBe('GRAPH_INVALID');
  });
});
