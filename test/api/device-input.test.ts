/**
 * Analyzers with `memory: 'device'` in their input: pixels stay on the GPU where there is one, and nothing else is different. On
 * whatever device the suite runs; what goes wrong with a GPU is tried on the simulated one.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { analyzer, defineAnalyzer, detect, type Isolation, pipeline, video } from '../../src/index.js';
import { required } from '../require.js';
import { hostsWork, inHosts, moduleFile, nameOf, python, pythonWorks, twin } from './analyzer-files.js';
import { compiled, program } from './children.js';
import { complete, facesClip, folderFor, patternClip, root } from './clips.js';
import { closed } from './outcomes.js';

const onGpu = process.env.FRAMEPATH_DEVICE?.startsWith('cuda') ?? false;
const where = onGpu ? 'cuda:0' : 'cpu';
const everywhere: Isolation[] = ['inline', ...inHosts];
const places = everywhere.map((isolation) => [nameOf(isolation), isolation] as const);

let clip: string;
beforeAll(() => {
  clip = patternClip(join(folderFor('device-input'), 'clip.mp4'), { seconds: 1, size: '320x180' });
}, 60_000);

describe.skipIf(!hostsWork)('an analyzer that reads its pixels where they are', () => {
  test.each(places)('sees the same in %s, and nothing is downloaded for it', async (_, isolation) => {
    const run = await pipeline(video(clip, { endMs: 400 }))
      .use(analyzer(twin('resident', isolation), { name: 'resident', isolation, instances: 2 }))
      .start();
    const there: unknown[] = [];
    for await (const frame of run) there.push(frame.resident);
    const { copies, recoveries } = await closed(run);
    expect(recoveries).toEqual([]);
    if (onGpu) expect(copies).toMatchObject({ d2hImage: 0, d2hRequested: 0 });

    const other = await pipeline(video(clip, { endMs: 400 }))
      .use(analyzer(twin('brightness', isolation), { name: 'brightness', isolation }))
      .start();
    const here: unknown[] = [];
    for await (const frame of other) here.push({ ...(frame.brightness as object), on: where });
    await closed(other);
    expect(here).toHaveLength(10);
    expect(there).toEqual(here);
  });

  test.skipIf(!complete)('sees the same crops in every place', async () => {
    const faces = facesClip(join(folderFor('device-chips'), 'faces.mp4'));
    const seen = (file: string, isolation: Isolation) =>
      analyzer(twin(file, isolation), { name: file === 'chips' ? 'host' : nameOf(isolation), isolation });
    let pipe = pipeline(video(faces, { endMs: 160 }))
      .use(detect('faces', 'blazeface'))
      .use(seen('chips', 'inline'));
    for (const isolation of everywhere) pipe = pipe.use(seen('resident-chips', isolation));
    const run = await pipe.start();
    let crops = 0;
    for await (const frame of run) {
      const results = frame as unknown as Record<string, unknown[]>;
      for (const isolation of everywhere) expect(results[nameOf(isolation)]).toEqual(results.host);
      crops += results.host!.length;
    }
    await closed(run);
    expect(crops).toBeGreaterThan(1);
  });

  test('shares a picture with those who want the same, in whatever place', async () => {
    const file = moduleFile('resident.js');
    const run = await pipeline(video(clip, { endMs: 200 }))
      .use(analyzer(file, { name: 'here' }))
      .use(analyzer(file, { name: 'inProcess', isolation: 'process' }))
      .use(analyzer(file, { name: 'inThread', isolation: 'thread' }))
      .start();
    for await (const frame of run) {
      expect(frame.here).toMatchObject({ index: frame.index, on: where });
      expect([frame.inProcess, frame.inThread]).toEqual([frame.here, frame.here]);
    }
    await closed(run);
  });

  test.skipIf(!onGpu)('has an address in this process, a handle in another', async () => {
    const places: unknown[] = [];
    const addressed = defineAnalyzer({
      name: 'addressed',
      input: { width: 32, height: 18, memory: 'device' },
      analyze: ({ input }) => void places.push(input.cuda),
    });
    const run = await pipeline(video(clip, { endMs: 40 }))
      .use(analyzer(addressed))
      .start();
    for await (const _ of run);
    await closed(run);
    expect(places).toEqual([{ device: 0, pid: process.pid, bytes: 32 * 18 * 3, pointer: expect.any(BigInt) }]);
  });
});

describe.skipIf(!hostsWork || !pythonWorks)('a picture in Python', () => {
  test('is a CUDA array on a GPU, and none on the host', async () => {
    const run = await pipeline(video(clip, { endMs: 400 }))
      .use(analyzer(moduleFile('residence.py'), { name: 'residence', isolation: { python }, memoryMb: 256 }))
      .start();
    const first: unknown[] = [];
    const places: number[] = [];
    for await (const frame of run) {
      const { places: seen, ...rest } = frame.residence as { places: number };
      places.push(seen);
      first.push(rest);
    }
    await closed(run);
    expect(first).toHaveLength(10);
    const array = { shape: [18, 32, 3], typestr: '|u1', strides: null, stream: null, version: 3 };
    expect(first[0]).toEqual({
      first: expect.any(Number),
      ...(onGpu ? { ...array, on: 'cuda:0', readOnly: false, size: 32 * 18 * 3 } : { on: 'cpu', array: false }),
    });
    if (onGpu) expect(places.at(-1)).toBeLessThanOrEqual(8 + 1); // slots serve again
  });
});

const simulator = join(root, 'build/simulator');
const simulated = compiled && pythonWorks && required('simulator', existsSync(join(simulator, 'libcuda.so.1')));
if (!simulated) console.log('skipped: faults of CUDA IPC, without the compiled library, Python and build/simulator');

describe.skipIf(!simulated || onGpu)('on a simulated GPU', () => {
  /** Runs in a process of its own; resolves with what the analyzer returned, the report, and what each simulated driver counted. */
  async function run(file: string, { fail = '', options = {}, isolation = '', policy = '' }) {
    const reports = mkdtempSync(join(tmpdir(), 'framepath-ipc-'));
    const place = isolation || JSON.stringify({ python });
    const { ended } = program(
      `const run = await pipeline(video(${JSON.stringify(clip)})).options({ device: 'cuda:0' })
         .use(analyzer(${JSON.stringify(moduleFile(file))}, { name: 'seen', isolation: ${place}, backoffMs: 1,
           options: ${JSON.stringify(options)}, ${policy} })).start();
       const values = [];
       for await (const frame of run) values.push(frame.seen ?? null);
       await run.close();
       console.log(JSON.stringify({ values, report: await run.report() }));`,
      { env: { LD_LIBRARY_PATH: simulator, FRAMEPATH_SIM_FAIL: fail, FRAMEPATH_SIM_REPORT: join(reports, '%p') } },
    );
    const { out, err, code } = await ended;
    expect({ code, err }).toMatchObject({ code: 0 });
    const counted = readdirSync(reports).map((name) => JSON.parse(readFileSync(join(reports, name), 'utf8')));
    const { values, report } = JSON.parse(out);
    expect(report.live.deviceBytes).toBe(0);
    for (const { illegal = 0, memory_live, peer_live, stream_live = 0, event_live = 0 } of counted)
      expect({ illegal, memory_live, peer_live, stream_live, event_live }).toEqual({
        illegal: 0,
        memory_live: 0,
        peer_live: 0,
        stream_live: 0,
        event_live: 0,
      });
    return { values: values as Record<string, unknown>[], report, counted, err };
  }
  const python_ = JSON.stringify({ python });
  const inBoth = [
    ['Python', 'resident.py', python_],
    ['a process', 'resident.js', `'process'`],
  ] as const;

  test.each(inBoth)('%s falls back to the host when memory cannot be exported', async (_, file, isolation) => {
    const { values, report } = await run(file, { isolation, fail: 'cuIpcGetMemHandle:1+:801' });
    expect(values.map(({ on }) => on)).toEqual(values.map(() => 'cpu'));
    expect(report.copies.d2hRequested).toBe(25 * 64 * 36);
    expect(report.recoveries).toEqual([
      {
        where: 'seen',
        what: 'pixels in memory of the host, not of the GPU',
        reason: expect.stringContaining('CUDA_ERROR_NOT_SUPPORTED (801'),
      },
    ]);
  });

  test.each(inBoth)('%s falls back to the host when it cannot open what was exported', async (_, file, isolation) => {
    const { values, report } = await run(file, { isolation, fail: 'cuIpcOpenMemHandle_v2:1+:205' });
    expect(values.map(({ index, on }) => [index, on])).toEqual(values.map((_, i) => [i, 'cpu']));
    expect(values).toHaveLength(25);
    expect(report.copies.d2hRequested).toBe(25 * 64 * 36);
    expect(report.recoveries).toEqual([
      {
        where: 'seen',
        what: 'pixels in memory of the host, not of the GPU',
        reason: expect.stringContaining('cuIpcOpenMemHandle'),
      },
    ]);
  });

  test('hosts that are killed with memory mapped lose their frames and nothing else', async () => {
    const dieAt = [3, 6, 9, 12, 15];
    const { values, report } = await run('residence.py', {
      options: { dieAt },
      policy: `onError: 'skip', restarts: 10`,
    });
    expect(values.flatMap((value, i) => (value ? [] : [i]))).toEqual(dieAt);
    expect(values.flatMap((value) => (value ? [value.on] : []))).toEqual(Array.from({ length: 20 }, () => 'cuda:0'));
    expect(report.recoveries).toHaveLength(dieAt.length);
    expect(report.copies.d2hRequested).toBe(0);
  });

  test('a process that has lost the GPU ends, and another one goes on', async () => {
    const { values, report, err } = await run('residence.py', {
      fail: 'cuCtxSynchronize:10:700',
      policy: `onError: 'skip', restarts: 10`,
    });
    expect(values.flatMap((value, i) => (value ? [] : [i]))).toEqual([9, 19]); // the next one counts anew
    expect(report.recoveries).toHaveLength(2);
    expect(err).toContain('this process has lost the GPU: cuCtxSynchronize answered CUDA_ERROR_ILLEGAL_ADDRESS (700)');
  });
});
