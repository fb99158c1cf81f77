import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { fake } from './fake/addon.js';

vi.mock('../src/addon.js', async () => (await import('./fake/addon.js')).fakeAddonModule());
const { pipeline, video, detect, track, identify, frames, split, follow } = await import('../src/index.js');

const folder = mkdtempSync(join(tmpdir(), 'framepath-run-'));
writeFileSync(join(folder, 'model.onnx'), '');
const model = join(folder, 'model.onnx');

beforeEach(() => fake.reset());

const people = (...uris: string[]) =>
  pipeline(...uris.map((uri) => video(uri)))
    .use(detect('faces', model))
    .use(track('tracks', { of: 'faces' }))
    .use(identify('people', { of: 'tracks', model }));

describe('iterating', () => {
  test('gives every frame of a source once, in order, with its results', async () => {
    fake.reset({ frames: [200] });
    const run = await people('a.mp4').start();
    const seen: number[] = [];
    for await (const frame of run) {
      seen.push(frame.index);
      expect(frame.source).toBe('0');
      expect(frame.timeMs).toBe(frame.index * 40);
      expect(frame.faces).toHaveLength(2);
      expect(frame.faces[0]).toEqual({
        box: [frame.index, 5, frame.index + 8, 13],
        score: 0.9,
        class: 0,
        keypoints: [
          [frame.index, 0.5],
          [frame.index + 1, 1.5],
        ],
      });
      expect(frame.tracks[0]!.marks).toEqual(['new', 'overlapping']);
      expect(frame.people.map(({ id }) => id)).toEqual([1, undefined]);
    }
    expect(seen).toEqual(Array.from({ length: 200 }, (_, i) => i));
    await run.done;
    await run.close();
  });

  test('reads results when they are asked for, and once', async () => {
    const run = await people('a.mp4').start();
    for await (const frame of run) {
      const faces = frame.faces;
      expect(frame.faces).toBe(faces);
      break;
    }
  });

  test('ends with the run that is closed in mid-block: what was delivered with the last frame is not given', async () => {
    fake.reset({ frames: [200] });
    const run = await people('a.mp4').start();
    const iterator = run[Symbol.asyncIterator]();
    await iterator.next();
    await new Promise((resume) => setTimeout(resume, 20)); // many wait by now: the next block holds them all
    const [first, second] = [await iterator.next(), await iterator.next()];
    expect([first.value?.index, second.value?.index]).toEqual([1, 2]);
    await run.close();
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  test('never lets more than the queue wait for a slow caller', async () => {
    fake.reset({ frames: [100] });
    const run = await people('a.mp4').options({ resultQueue: 5, inFlight: 2 }).start();
    let n = 0;
    for await (const _ of run) {
      if (n++ < 5) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(n).toBe(100);
    expect(fake.run.mostQueued).toBeLessThanOrEqual(5 + 2);
  });

  test('break closes the run with a drain, and done resolves', async () => {
    fake.reset({ frames: [1000] });
    const run = await people('a.mp4').start();
    for await (const frame of run) if (frame.index === 3) break;
    expect(fake.run.calls).toContain('close true');
    await run.done;
    expect(await run[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
  });

  test('a failure reaches the iterator and done, with code and module', async () => {
    const { codedError } = await import('./fake/run.js');
    fake.reset({ failAt: { taskId: 4, error: codedError('INFERENCE_FAILED', 'no', { module: 'faces', hint: 'h' }) } });
    const run = await people('a.mp4').start();
    const iterate = async () => {
      for await (const _ of run);
    };
    await expect(iterate()).rejects.toMatchObject({
      name: 'FramepathError',
      code: 'INFERENCE_FAILED',
      module: 'faces',
      hint: 'h',
    });
    await expect(run.done).rejects.toMatchObject({ code: 'INFERENCE_FAILED' });
    await run.close();
    expect(fake.run.calls).toContain('close false');
  });

  test('a failure has the stack of the caller', async () => {
    const { codedError } = await import('./fake/run.js');
    fake.reset({ startError: codedError('MODEL_INVALID', 'not ONNX') });
    async function theCaller() {
      return await people('a.mp4').start();
    }
    const error: Error = await theCaller().catch((e) => e);
    expect(error.stack).toContain('theCaller');
  });
});

describe('ending', () => {
  test('close is idempotent and allowed before, while and after iterating', async () => {
    const never = await people('a.mp4').start();
    await Promise.all([never.close(), never.close()]);
    await never.close();
    const run = await people('a.mp4').start();
    for await (const _ of run);
    await run.close();
    await run.close();
    expect((await run.report()).stages.map(({ name }) => name)).toEqual(['faces', 'tracks', 'people']);
  });

  test('await using closes', async () => {
    const run = await people('a.mp4').start();
    await run[Symbol.asyncDispose]();
    expect(fake.run.state).toBe('closed');
  });

  test('close ends a next() that is waiting', async () => {
    const source = frames(
      (async function* () {
        await new Promise(() => {});
        yield new Uint8Array();
      })(),
      { width: 4, height: 4 },
    );
    const run = await pipeline(source).use(detect('faces', model)).start();
    const waiting = run[Symbol.asyncIterator]().next();
    await run.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  test('a signal aborts without a drain', async () => {
    fake.reset({ frames: [100000] });
    const abort = new AbortController();
    const run = await people('a.mp4').start({ signal: abort.signal });
    const iterate = async () => {
      for await (const frame of run) if (frame.index === 10) abort.abort(new Error('enough'));
    };
    await expect(iterate()).rejects.toMatchObject({ code: 'ABORTED', cause: { message: 'enough' } });
    await expect(run.done).rejects.toMatchObject({ code: 'ABORTED' });
    expect(fake.run.calls).toEqual(['start', 'close false']);
    await run.close();
  });

  test('a signal that is already aborted starts nothing', async () => {
    await expect(people('a.mp4').start({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(fake.runs).toEqual([]);
  });

  test('what closing could not finish is told', async () => {
    const { codedError } = await import('./fake/run.js');
    fake.reset({ frames: [1000], closeError: codedError('OUTPUT_DISK_FULL', 'full') });
    const run = await people('a.mp4').start();
    await expect(run.close()).rejects.toMatchObject({ code: 'OUTPUT_DISK_FULL' });
    await expect(run.done).rejects.toMatchObject({ code: 'OUTPUT_DISK_FULL' });
  });
});

describe('done without iterating', () => {
  test('discards results when nobody writes them', async () => {
    fake.reset({ frames: [300] });
    const run = await people('a.mp4').start();
    await run.done;
    expect(fake.run.calls).toContain('discard');
    expect(fake.run.delivered).toBe(300);
  });

  test('asking for done and then iterating still gives every frame', async () => {
    fake.reset({ frames: [30] });
    const run = await people('a.mp4').start();
    const { done } = run;
    let n = 0;
    for await (const _ of run) n++;
    await done;
    expect(n).toBe(30);
  });

  test('packets drive the run', async () => {
    fake.reset({ frames: [30], packets: 3 });
    const run = await people('a.mp4')
      .compose(split({ left: follow('people'), right: follow('people') }))
      .encode(null)
      .start();
    let n = 0;
    for await (const packet of run.packets()) n += packet.data.length;
    expect(n).toBe(12);
    await run.done;
  });
});

describe('files', () => {
  const lines = (path: string) =>
    readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, never>);

  test('results are ordered by time and source, then the relink line', async () => {
    fake.reset({ frames: [50, 20, 120], fps: [25, 10, 60] });
    const path = join(folder, 'ordered.jsonl');
    const run = await people('a.mp4', 'b.mp4', 'c.mp4').results(path).start();
    await run.done;
    const all = lines(path);
    expect(all.at(-1)).toEqual({ relink: { merged: [[2, 1]] } });
    const keys = all.slice(0, -1).map(({ timeMs, source }) => [timeMs, Number(source)] as [number, number]);
    expect(keys).toHaveLength(190);
    expect(keys).toEqual([...keys].sort((a, b) => a[0] - b[0] || a[1] - b[1]));
    expect(Object.keys(all[0]!)).toEqual(['source', 'index', 'timeMs', 'faces', 'tracks', 'people']);
    expect(all[0]!.people).toMatchObject([
      { track: 1, id: 1, box: [0, 5, 8, 13] },
      { track: 2, box: [0, 5, 8, 13] },
    ]);
    expect(all[0]!.people[1]).not.toHaveProperty('id');
  });

  test('an iterator and the files both get every frame', async () => {
    fake.reset({ frames: [75] });
    const path = join(folder, 'both.jsonl');
    const run = await people('a.mp4').results(path).start();
    let n = 0;
    for await (const _ of run) n++;
    await run.done;
    expect(n).toBe(75);
    expect(lines(path)).toHaveLength(76);
  });

  test('timeline, report, MOT and contact sheet are written at the end', async () => {
    const at = (name: string) => join(folder, name);
    const run = await people('a.mp4', 'b.mp4')
      .timeline(at('t.json'))
      .report(at('r.json'))
      .mot(at('m.txt'))
      .contactSheet(at('c.jpg'))
      .start();
    await run.done;
    expect(JSON.parse(readFileSync(at('t.json'), 'utf8')).identities).toHaveLength(1);
    expect(JSON.parse(readFileSync(at('r.json'), 'utf8')).stages).toHaveLength(3);
    expect(readFileSync(at('m.0.txt'), 'utf8')).toMatch(/,0\n$/);
    expect(readFileSync(at('m.1.txt'), 'utf8')).toMatch(/,1\n$/);
    expect([...readFileSync(at('c.jpg'))]).toEqual([0xff, 0xd8]);
    expect(fake.run.spec.snapshots).toBe(true);
  });

  test('break finishes the files', async () => {
    fake.reset({ frames: [1000] });
    const path = join(folder, 'broken.jsonl');
    const run = await people('a.mp4').results(path).start();
    for await (const frame of run) if (frame.index === 10) break;
    const all = lines(path);
    expect(all.length).toBeGreaterThan(10);
    expect(all.at(-1)).toHaveProperty('relink');
  });

  test('a failed run leaves results without a relink line and no empty files', async () => {
    const { codedError } = await import('./fake/run.js');
    fake.reset({ frames: [100], failAt: { taskId: 50, error: codedError('INFERENCE_FAILED', 'no') } });
    const [path, timeline] = [join(folder, 'failed.jsonl'), join(folder, 'failed.json')];
    const run = await people('a.mp4').options({ resultQueue: 4, inFlight: 1 }).results(path).timeline(timeline).start();
    await expect(run.done).rejects.toMatchObject({ code: 'INFERENCE_FAILED' });
    expect(lines(path).at(-1)).toHaveProperty('faces');
    expect(existsSync(timeline)).toBe(false);
  });

  test('a path that cannot be written fails the start and leaves nothing open', async () => {
    const good = join(folder, 'good.jsonl');
    const start = people('a.mp4')
      .results(good)
      .timeline(join(folder, 'none', 't.json'))
      .start();
    await expect(start).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE', hint: expect.any(String) });
    expect(existsSync(good)).toBe(false);
    mkdirSync(join(folder, 'taken'), { recursive: true });
    await expect(people('a.mp4').report(join(folder, 'taken')).start()).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
    });
    expect(fake.run.calls).not.toContain('start');
  });

  test('a start that fails leaves no file behind', async () => {
    const { codedError } = await import('./fake/run.js');
    fake.reset({ startError: codedError('MODEL_INVALID', 'not ONNX') });
    const [results, report] = [join(folder, 'unborn.jsonl'), join(folder, 'unborn.json')];
    await expect(people('a.mp4').results(results).report(report).start()).rejects.toMatchObject({
      code: 'MODEL_INVALID',
    });
    expect(existsSync(results) || existsSync(report)).toBe(false);
  });

  test.skipIf(!existsSync('/dev/full'))('a full disk fails the run', async () => {
    const run = await people('a.mp4').results('/dev/full').start();
    await expect(run.done).rejects.toMatchObject({ code: 'OUTPUT_DISK_FULL' });
  });
});

describe('pushed frames', () => {
  test('are taken at the pace of the run, with times from the rate', async () => {
    let given = 0;
    async function* pixels() {
      for (; given < 40; given++) yield new Uint8Array(4 * 4 * 3);
    }
    const run = await pipeline(frames(pixels(), { width: 4, height: 4, fps: 50 }))
      .use(detect('faces', model))
      .options({ resultQueue: 2, inFlight: 1 })
      .start();
    const times: number[] = [];
    for await (const frame of run) {
      times.push(frame.timeMs);
      expect(given).toBeLessThan(times.length + 64);
    }
    expect(times).toEqual(Array.from({ length: 40 }, (_, i) => i * 20));
  });

  test('what the iterable throws fails the run', async () => {
    const run = await pipeline(
      frames(
        (async function* () {
          yield new Uint8Array(48);
          throw new Error('lens cap');
        })(),
        { width: 4, height: 4 },
      ),
    )
      .use(detect('faces', model))
      .start();
    await expect(run.done).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      source: '0',
      cause: { message: 'lens cap' },
    });
    expect(fake.run.calls).toContain('endFrames 0');
  });

  test('a frame of the wrong size fails the run with what was expected', async () => {
    const run = await pipeline(frames([new Uint8Array(5)], { width: 4, height: 4 })).start();
    await expect(run.done).rejects.toThrow("Expected 48 bytes (4x4 rgb24) for frame 0 of source '0' but received 5");
  });
});

describe('pixels', () => {
  test('are there until the next frame in pipelines that keep them', async () => {
    const run = await people('a.mp4').keepPixels().start();
    let last: { pixels(): unknown } | undefined;
    for await (const frame of run) {
      if (last) expect(() => last!.pixels()).toThrow(expect.objectContaining({ code: 'FRAME_RELEASED' }));
      expect(frame.pixels({ width: 8, height: 4 })).toMatchObject({
        width: 8,
        height: 4,
        format: 'rgb24',
        data: { length: 96 },
      });
      expect(frame.pixels({ crop: [0, 0, 10, 6], format: 'gray8' }).data).toHaveLength(60);
      expect(frame.jpeg({ quality: 50 })[0]).toBe(0xff);
      last = frame;
    }
  });

  test('are not there otherwise', async () => {
    const run = await people('a.mp4').start();
    for await (const frame of run) {
      expect(() => frame.pixels()).toThrow(
        expect.objectContaining({ code: 'FRAME_RELEASED', hint: expect.stringContaining('keepPixels') }),
      );
      expect(() => frame.keep()).toThrow(expect.objectContaining({ code: 'FRAME_RELEASED' }));
    }
  });

  test('stay for kept frames until they are closed', async () => {
    const run = await people('a.mp4').keepPixels().start();
    const kept: { close(): void; pixels(): unknown }[] = [];
    for await (const frame of run) if (frame.index < 3) kept.push(frame.keep());
    expect(fake.run.kept.size).toBe(3);
    for (const frame of kept) {
      expect(frame.pixels()).toBeDefined();
      frame.close();
      frame.close();
      expect(() => frame.pixels()).toThrow(expect.objectContaining({ code: 'FRAME_RELEASED' }));
    }
    expect(fake.run.kept.size).toBe(0);
    await run.close();
  });
});

describe('while running', () => {
  test('sources are added and removed', async () => {
    fake.reset({ frames: [5, 5] });
    const run = await pipeline().use(detect('faces', model)).start();
    expect(fake.run.spec.open).toBe(true);
    expect(await run.add(video('a.mp4'))).toBe('0');
    await expect(run.add(video('b.mp4', { id: '0' }))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    let n = 0;
    for await (const frame of run) {
      expect(frame.source).toBe('0');
      if (++n === 5) break;
    }
    await expect(run.remove('nobody')).rejects.toThrow("Expected one of the sources 0 for id but received 'nobody'");
    await run.remove('0');
  });

  test('a picture can be submitted', async () => {
    const run = await pipeline().use(detect('faces', model)).start();
    const result = await run.submit({ data: new Uint8Array(48), width: 4, height: 4 });
    expect(result.faces).toHaveLength(2);
    expect(result.width).toBe(4);
    await expect(run.submit({ data: new Uint8Array(47), width: 4, height: 4 })).rejects.toThrow('Expected 48 bytes');
    await run.close();
  });

  test('progress is a snapshot', async () => {
    const run = await people('a.mp4').start();
    expect(run.progress).toMatchObject({ state: 'running', sources: [{ id: '0', ended: false }] });
    await run.close();
  });
});
