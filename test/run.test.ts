/** A run as its user holds it: iterating, ending, files, pushed frames, pixels. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { detect, follow, frames, identify, pipeline, type Source, split, track, video } from '../src/index.js';
import { boxes, pushed, scratch, side, tinyClip, tinyDetector, tinyEmbedder, watchRuns } from './tiny.js';

const folder = scratch('run');
const clip = tinyClip(join(folder, 'clip.mp4'), { frames: 10 });
const model = tinyDetector(folder);
const failing = tinyDetector(folder, true);
const embedder = tinyEmbedder(folder);
const notOnnx = join(folder, 'text.onnx');
writeFileSync(notOnnx, 'not a model');
const runs = watchRuns();
afterAll(() => runs.stop());
beforeEach(() => runs.specs.splice(0));

/** People in sources; the detector is `detector`. */
const peopleBy = (detector: string, ...sources: Source[]) =>
  pipeline(...sources)
    .use(detect('faces', detector))
    .use(track('tracks', { of: 'faces' }))
    .use(identify('people', { of: 'tracks', model: embedder, reid: 'always' }));
const people = (...sources: Source[]) => peopleBy(model, ...sources);
const idle = { tasks: 0, leases: 0, deviceBytes: 0, encoders: 0 };
const sleep = (ms: number) => new Promise((resume) => setTimeout(resume, ms));

describe('iterating', () => {
  test('gives every frame of a source once, in order, with its results', async () => {
    const run = await people(pushed(200)).start();
    const seen: number[] = [];
    for await (const frame of run) {
      seen.push(frame.index);
      expect(frame.source).toBe('0');
      expect(frame.timeMs).toBe(frame.index * 40);
      expect(frame.faces).toEqual([
        { box: boxes[0], score: expect.closeTo(0.9), class: 0 },
        { box: boxes[1], score: expect.closeTo(0.8), class: 0 },
      ]);
      expect(frame.tracks.map(({ marks }) => marks)).toEqual(frame.index === 0 ? [['new'], ['new']] : [[], []]);
      expect(frame.people.map(({ track: id, detection }) => [id, detection])).toEqual([
        [1, 0],
        [2, 1],
      ]);
    }
    expect(seen).toEqual(Array.from({ length: 200 }, (_, i) => i));
    await run.done;
    await run.close();
  });

  test('reads results when they are asked for, and once', async () => {
    const run = await people(pushed(10)).start();
    for await (const frame of run) {
      const faces = frame.faces;
      expect(frame.faces).toBe(faces);
      break;
    }
  });

  test('ends with the run that is closed in mid-block: what was delivered with the last frame is not given', async () => {
    const run = await people(pushed(200)).start();
    const iterator = run[Symbol.asyncIterator]();
    await iterator.next();
    await sleep(100); // many wait by now: the next block holds them all
    const [first, second] = [await iterator.next(), await iterator.next()];
    expect([first.value?.index, second.value?.index]).toEqual([1, 2]);
    await run.close();
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  test('never lets more than the queue wait for a slow caller', async () => {
    const run = await people(pushed(100)).options({ resultQueue: 5, inFlight: 2 }).start();
    let n = 0;
    for await (const _ of run) {
      if (n++ < 5) await sleep(20);
      const { sources } = await run.report();
      // those that came with the last call and are not passed on, and those that wait or are worked on
      expect(sources[0]!.in - n).toBeLessThanOrEqual(2 * (5 + 2));
    }
    expect(n).toBe(100);
  });

  test('break closes the run, and done resolves', async () => {
    const run = await people(pushed(1000)).start();
    for await (const frame of run) if (frame.index === 3) break;
    await run.done;
    expect(await run[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
    const { sources, live } = await run.report();
    expect(sources[0]!.in).toBeLessThan(1000);
    expect(live).toEqual(idle);
  });

  test('a failure reaches the iterator and done, with code and module', async () => {
    const run = await peopleBy(failing, pushed(30, { whiteFrom: 4 })).start();
    let n = 0;
    const iterate = async () => {
      for await (const _ of run) n++;
    };
    await expect(iterate()).rejects.toMatchObject({
      name: 'FramepathError',
      code: 'INFERENCE_FAILED',
      module: 'faces',
      hint: expect.stringContaining('models inspect'),
    });
    expect(n).toBeLessThanOrEqual(4);
    await expect(run.done).rejects.toMatchObject({ code: 'INFERENCE_FAILED' });
    await run.close();
    expect((await run.report()).live).toEqual(idle);
  });

  test('a failure has the stack of the caller', async () => {
    async function theCaller() {
      return await peopleBy(notOnnx, pushed(1)).start();
    }
    const error: Error = await theCaller().catch((e) => e);
    expect(error).toMatchObject({ code: 'MODEL_INVALID' });
    expect(error.stack).toContain('theCaller');
  });
});

describe('ending', () => {
  test('close is idempotent and allowed before, while and after iterating', async () => {
    const never = await people(pushed(10)).start();
    await Promise.all([never.close(), never.close()]);
    await never.close();
    const run = await people(pushed(10)).start();
    for await (const _ of run);
    await run.close();
    await run.close();
    const stages = (await run.report()).stages.map(({ name }) => name);
    expect(stages).toEqual(expect.arrayContaining(['faces', 'tracks', 'people']));
  });

  test('await using closes', async () => {
    const run = await people(pushed(1000)).start();
    await run[Symbol.asyncDispose]();
    expect((await run.report()).live).toEqual(idle);
    await expect(run.add(video(clip))).rejects.toMatchObject({ code: 'RUN_CLOSED' });
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
    const abort = new AbortController();
    const run = await people(pushed(1000)).start({ signal: abort.signal });
    const iterate = async () => {
      for await (const frame of run) if (frame.index === 10) abort.abort(new Error('enough'));
    };
    await expect(iterate()).rejects.toMatchObject({ code: 'ABORTED', cause: { message: 'enough' } });
    await expect(run.done).rejects.toMatchObject({ code: 'ABORTED' });
    await run.close();
    const { sources, live } = await run.report();
    expect(sources[0]!.in).toBeLessThan(1000);
    expect(live).toEqual(idle);
  });

  test('a signal that is already aborted starts nothing', async () => {
    await expect(people(pushed(1)).start({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(runs.specs).toEqual([]);
  });

  test.skipIf(!existsSync('/dev/full'))('what closing could not finish is reported', async () => {
    const run = await people(pushed(1000)).report('/dev/full').start();
    await expect(run.close()).rejects.toMatchObject({ code: 'OUTPUT_DISK_FULL' });
    await expect(run.done).rejects.toMatchObject({ code: 'OUTPUT_DISK_FULL' });
  });
});

describe('done without iterating', () => {
  test('discards results when nobody writes them', async () => {
    const run = await people(pushed(300)).options({ resultQueue: 4 }).start();
    await run.done;
    expect((await run.report()).sources[0]).toMatchObject({ in: 300, delivered: 300, dropped: {} });
  });

  test('asking for done and then iterating still gives every frame', async () => {
    const run = await people(pushed(30)).start();
    const { done } = run;
    let n = 0;
    for await (const _ of run) n++;
    await done;
    expect(n).toBe(30);
  });

  test('packets drive the run', async () => {
    const canvas = { width: 64, height: 64, fps: 25 };
    const run = await people(pushed(30))
      .compose(split({ ...canvas, left: follow('people'), right: follow('people') }))
      .encode(null, { profile: 'realtime' })
      .start();
    const packets: number[] = [];
    for await (const packet of run.packets()) packets.push(packet.data.length);
    expect(packets).toHaveLength(30);
    expect(Math.min(...packets)).toBeGreaterThan(0);
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
    const path = join(folder, 'ordered.jsonl');
    const sources = [pushed(50, { fps: 25 }), pushed(20, { fps: 10 }), pushed(120, { fps: 60 })];
    const run = await people(...sources)
      .results(path)
      .start();
    await run.done;
    const all = lines(path);
    expect(all.at(-1)).toEqual({ relink: await run.relink() });
    const keys = all.slice(0, -1).map(({ timeMs, source }) => [timeMs, Number(source)] as [number, number]);
    expect(keys).toHaveLength(190);
    expect(keys).toEqual([...keys].sort((a, b) => a[0] - b[0] || a[1] - b[1]));
    expect(all[0]).toMatchObject({
      source: '0',
      index: 0,
      timeMs: 0,
      faces: [{ box: boxes[0] }, { box: boxes[1] }],
      people: [
        { track: 1, box: boxes[0] },
        { track: 2, box: boxes[1] },
      ],
    });
  });

  test('an iterator and the files both get every frame', async () => {
    const path = join(folder, 'both.jsonl');
    const run = await people(pushed(75)).results(path).start();
    let n = 0;
    for await (const _ of run) n++;
    await run.done;
    expect(n).toBe(75);
    expect(lines(path)).toHaveLength(76);
  });

  test('timeline, report, MOT and contact sheet are written at the end', async () => {
    const at = (name: string) => join(folder, name);
    const run = await people(video(clip), video(clip))
      .timeline(at('t.json'))
      .report(at('r.json'))
      .mot(at('m.txt'))
      .contactSheet(at('c.jpg'))
      .start();
    await run.done;
    const ids = JSON.parse(readFileSync(at('t.json'), 'utf8')).identities.map(({ id }: { id: number }) => id);
    expect(ids.length).toBeGreaterThanOrEqual(2);
    expect(JSON.parse(readFileSync(at('r.json'), 'utf8')).stages).toContainEqual(
      expect.objectContaining({ name: 'people', count: 20 }),
    );
    for (const name of ['m.0.txt', 'm.1.txt']) {
      const rows = readFileSync(at(name), 'utf8').trim().split('\n');
      expect(rows).toHaveLength(2 * 10);
      for (const row of rows) expect(ids).toContain(Number(row.split(',')[1]));
    }
    expect([...readFileSync(at('c.jpg')).subarray(0, 2)]).toEqual([0xff, 0xd8]);
  });

  test('break finishes the files', async () => {
    const path = join(folder, 'broken.jsonl');
    const run = await people(pushed(1000)).results(path).start();
    for await (const frame of run) if (frame.index === 10) break;
    const all = lines(path);
    expect(all.length).toBeGreaterThan(10);
    expect(all.at(-1)).toHaveProperty('relink');
  });

  test('a failed run leaves results without a relink line and no empty files', async () => {
    const [path, timeline] = [join(folder, 'failed.jsonl'), join(folder, 'failed.json')];
    const run = await peopleBy(failing, pushed(100, { whiteFrom: 50 }))
      .options({ resultQueue: 4, inFlight: 1 })
      .results(path)
      .timeline(timeline)
      .start();
    await expect(run.done).rejects.toMatchObject({ code: 'INFERENCE_FAILED' });
    expect(lines(path).at(-1)).toHaveProperty('faces');
    expect(existsSync(timeline)).toBe(false);
  });

  test('a path that cannot be written fails the start and leaves nothing open', async () => {
    const good = join(folder, 'good.jsonl');
    const start = people(pushed(1))
      .results(good)
      .timeline(join(folder, 'none', 't.json'))
      .start();
    await expect(start).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE', hint: expect.any(String) });
    expect(existsSync(good)).toBe(false);
    mkdirSync(join(folder, 'taken'), { recursive: true });
    await expect(people(pushed(1)).report(join(folder, 'taken')).start()).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
    });
  });

  test('a start that fails leaves no file behind', async () => {
    const [results, report] = [join(folder, 'unborn.jsonl'), join(folder, 'unborn.json')];
    await expect(peopleBy(notOnnx, pushed(1)).results(results).report(report).start()).rejects.toMatchObject({
      code: 'MODEL_INVALID',
    });
    expect(existsSync(results) || existsSync(report)).toBe(false);
  });

  test.skipIf(!existsSync('/dev/full'))('a full disk fails the run', async () => {
    const run = await people(pushed(10)).results('/dev/full').start();
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
  });

  test('a frame of the wrong size fails the run with what was expected', async () => {
    const run = await pipeline(frames([new Uint8Array(5)], { width: 4, height: 4 })).start();
    await expect(run.done).rejects.toThrow("Expected 48 bytes (4x4 rgb24) for frame 0 of source '0' but received 5");
  });
});

describe('pixels', () => {
  test('are there until the next frame in pipelines that keep them', async () => {
    const run = await people(pushed(10)).keepPixels().start();
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
    const run = await people(pushed(10)).start();
    for await (const frame of run) {
      expect(() => frame.pixels()).toThrow(
        expect.objectContaining({ code: 'FRAME_RELEASED', hint: expect.stringContaining('keepPixels') }),
      );
      expect(() => frame.keep()).toThrow(expect.objectContaining({ code: 'FRAME_RELEASED' }));
    }
  });

  test('stay for kept frames until they are closed', async () => {
    const run = await people(pushed(10)).keepPixels().start();
    const kept: { close(): void; pixels(): { data: Uint8Array } }[] = [];
    for await (const frame of run) if (frame.index < 3) kept.push(frame.keep());
    for (const frame of kept) {
      const { data } = frame.pixels();
      expect(data).toHaveLength(3 * side * side);
      expect(new Set(data)).toEqual(new Set([data[0]]));
      expect(Math.abs(data[0]! - 128)).toBeLessThan(3); // gray
      frame.close();
      frame.close();
      expect(() => frame.pixels()).toThrow(expect.objectContaining({ code: 'FRAME_RELEASED' }));
    }
    await run.close();
    expect((await run.report()).live).toEqual(idle);
  });
});

describe('while running', () => {
  test('sources are added and removed', async () => {
    const run = await pipeline().use(detect('faces', model)).start();
    expect(await run.add(video(clip))).toBe('0');
    await expect(run.add(video(clip, { id: '0' }))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    const iterator = run[Symbol.asyncIterator]();
    for (let n = 0; n < 10; n++) expect((await iterator.next()).value).toMatchObject({ source: '0', index: n });
    await expect(run.remove('nobody')).rejects.toThrow("Expected one of the sources 0 for id but received 'nobody'");
    await run.remove('0');
    await run.close();
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  test('a picture can be submitted', async () => {
    const run = await pipeline().use(detect('faces', model)).start();
    const result = await run.submit({ data: new Uint8Array(side * side * 3), width: side, height: side });
    expect(result.faces.map(({ box }) => box)).toEqual(boxes);
    expect(result.width).toBe(side);
    await expect(run.submit({ data: new Uint8Array(47), width: 4, height: 4 })).rejects.toThrow('Expected 48 bytes');
    await run.close();
  });

  test('progress is a snapshot', async () => {
    const run = await people(pushed(1000)).start();
    expect(run.progress).toMatchObject({ state: 'running', sources: [{ id: '0', ended: false }] });
    await run.close();
  });
});
