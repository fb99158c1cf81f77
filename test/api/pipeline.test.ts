/** The API on the real engine; what only the shape of the API promises is tested beside (run.test.ts). */
import { copyFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  analyzer,
  detect,
  type Frame,
  follow,
  frames,
  grid,
  identify,
  images,
  pipeline,
  probe,
  split,
  track,
  video,
} from '../../src/index.js';
import { complete, decoded, facesClip, folderFor, noAddon, patternClip } from './clips.js';

let folder: string;
let pattern: string;
let faces: string;

beforeAll(() => {
  folder = folderFor('api');
  pattern = patternClip(join(folder, 'pattern.mp4'));
  faces = facesClip(join(folder, 'faces.mp4'));
}, 120_000);

const light = analyzer({
  name: 'light',
  pixels: true,
  analyze: (frame) => frame.pixels({ width: 1, height: 1, format: 'gray8' }).data[0]!,
});

describe.skipIf(noAddon !== undefined)('without models', () => {
  test('probe returns size, rate and length', async () => {
    expect(await probe(pattern)).toMatchObject({ kind: 'video', codec: 'h264', width: 320, height: 240, fps: 25 });
  });

  test('every frame comes once, in order, at its time', async () => {
    const run = await pipeline(video(pattern)).start();
    const seen: [number, number][] = [];
    for await (const frame of run) seen.push([frame.index, frame.timeMs]);
    await run.close();
    expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => [i, i * 40]));
    const { sources, live } = await run.report();
    expect(sources[0]).toMatchObject({ in: 50, delivered: 50, dropped: {}, inFlight: 0 });
    expect(Object.values(live).every((count) => count === 0)).toBe(true);
  });

  test('part of a file, every other frame of it', async () => {
    const run = await pipeline(video(pattern, { startMs: 400, endMs: 800, stride: 2 })).start();
    const seen: [number, number][] = [];
    for await (const frame of run) seen.push([frame.index, frame.timeMs]);
    expect(seen).toEqual([0, 1, 2, 3, 4].map((i) => [10 + 2 * i, 80 * i]));
    await run.close();
  });

  test.each(['mp4', 'mkv', 'ts', 'm3u8'])('audio out of MPEG-TS goes into .%s', async (type) => {
    const source = patternClip(join(folder, 'audio.ts'), { seconds: 1 });
    const out = join(folder, `from-ts.${type}`);
    const run = await pipeline(video(source)).encode(out, { profile: 'realtime' }).start();
    await run.done;
    expect((await run.report()).outputs).toMatchObject([{ frames: 25, complete: true, hasAudio: true }]);
    await run.close();
    expect(decoded(out)).toMatchObject({ frames: 25, audio: true });
  });

  /** A source that waits for whoever takes its frames: it does not end before that. */
  const heldBack = { inFlight: 2, resultQueue: 2 };

  test('a file URL is the file it names', async () => {
    const named = join(folder, 'a b%20é.mp4');
    copyFileSync(pattern, named);
    const url = pathToFileURL(named).href;
    expect(await probe(url)).toMatchObject({ width: 320, fps: 25 });
    const run = await pipeline(video(url)).options(heldBack).start();
    expect((await run[Symbol.asyncIterator]().next()).done).toBe(false);
    expect(await run.submit(url)).toMatchObject({ width: 320 });
    await run.close();
  });

  test('an analyzer reads pixels of its frame', async () => {
    const run = await pipeline(video(pattern)).use(light).start();
    for await (const frame of run) expect(frame.light).toBeGreaterThan(20);
    await run.close();
  });

  test('what an analyzer throws ends the run with the original error', async () => {
    const broken = analyzer({
      name: 'broken',
      analyze(frame) {
        if (frame.index === 7) throw new RangeError('seven');
      },
    });
    const run = await pipeline(video(pattern)).use(broken).start();
    const error = await run.done.catch((e) => e);
    expect(error).toMatchObject({ code: 'MODULE_FAILED', module: 'broken' });
    expect(error.cause).toBeInstanceOf(RangeError);
    await run.close();
  });

  test('a late analyzer is skipped or fails the run, by its policy', async () => {
    const never = (onError: 'fail' | 'skip') =>
      analyzer({ name: 'never', onError, timeoutMs: 30, analyze: () => new Promise<number>(() => {}) });
    const skipping = await pipeline(video(pattern, { endMs: 200 }))
      .use(never('skip'))
      .start();
    for await (const frame of skipping) expect(frame.never).toBeUndefined();
    await skipping.close();
    const failing = await pipeline(video(pattern)).use(never('fail')).start();
    await expect(failing.done).rejects.toMatchObject({ code: 'MODULE_TIMEOUT', module: 'never' });
    await failing.close();
  });

  test('break, abort and close leave nothing alive', async () => {
    const live = async (run: { report(): Promise<{ live: Record<string, number> }> }) =>
      Object.values((await run.report()).live);
    const broken = await pipeline(video(pattern)).use(light).start();
    for await (const frame of broken) if (frame.index === 5) break;
    expect((await live(broken)).every((n) => n === 0)).toBe(true);
    const abort = new AbortController();
    const aborted = await pipeline(video(pattern)).use(light).start({ signal: abort.signal });
    abort.abort();
    await expect(aborted.done).rejects.toMatchObject({ code: 'ABORTED' });
    await aborted.close();
    expect((await live(aborted)).every((n) => n === 0)).toBe(true);
    const unused = await pipeline(video(pattern)).use(light).start();
    await Promise.all([unused.close(), unused.close()]);
  });

  test('a caller who sleeps gets every frame, one at a time in flight', async () => {
    const run = await pipeline(video(pattern)).use(light).options({ inFlight: 1, resultQueue: 1 }).start();
    let n = 0;
    for await (const frame of run) {
      expect(frame.index).toBe(n++);
      if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(n).toBe(50);
    await run.close();
  });

  test('an encode that nobody iterates writes the whole file', async () => {
    const out = join(folder, 'plain.mp4');
    const run = await pipeline(video(pattern)).encode(out, { profile: 'realtime' }).start();
    await run.done;
    await run.close();
    const { frames: count, ...rest } = decoded(out);
    expect(rest).toMatchObject({ width: 320, height: 240, audio: true });
    expect(count).toBe(50);
    expect((await run.report()).outputs[0]).toMatchObject({ path: out, frames: 50, complete: true });
  });

  test('a break in the middle leaves a playable file that is marked incomplete', async () => {
    const out = join(folder, 'broken.mp4');
    const long = patternClip(join(folder, 'long.mp4'), { seconds: 20 });
    const run = await pipeline(video(long)).encode(out, { profile: 'realtime' }).start();
    for await (const frame of run) if (frame.index === 60) break;
    expect((await run.report()).outputs[0]!.complete).toBe(false);
    const { frames: count } = decoded(out);
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(500);
  });

  test('packets are an iterator of their own', async () => {
    const run = await pipeline(video(pattern)).encode(null, { profile: 'realtime' }).start();
    let [count, bytes, keys] = [0, 0, 0];
    for await (const packet of run.packets()) {
      count++;
      bytes += packet.data.byteLength;
      keys += Number(packet.keyframe);
    }
    await run.done;
    await run.close();
    expect(count).toBeGreaterThanOrEqual(50);
    expect(bytes).toBeGreaterThan(1000);
    expect(keys).toBeGreaterThanOrEqual(1);
  });

  test('pushed pixels come back as they were', async () => {
    async function* gray() {
      for (let i = 0; i < 30; i++) yield new Uint8Array(64 * 48).fill(i * 8);
    }
    const source = frames(gray(), { width: 64, height: 48, format: 'gray8', fps: 10 });
    const run = await pipeline(source).keepPixels().start();
    let n = 0;
    for await (const frame of run) {
      expect(frame.timeMs).toBe(n * 100);
      expect(frame.pixels({ format: 'gray8' }).data.every((value) => Math.abs(value - n * 8) <= 1)).toBe(true);
      n++;
    }
    expect(n).toBe(30);
    await run.close();
  });

  test('kept pixels stay until they are closed', async () => {
    const run = await pipeline(video(pattern)).keepPixels().options({ keptFrames: 2 }).start();
    const kept: Frame[] = [];
    for await (const frame of run) if (frame.index < 2) kept.push(frame.keep());
    const jpegs = kept.map((frame) => frame.jpeg());
    expect(jpegs.every((jpeg) => jpeg[0] === 0xff && jpeg[1] === 0xd8)).toBe(true);
    kept[0]!.close();
    expect(() => kept[0]!.pixels()).toThrow(expect.objectContaining({ code: 'FRAME_RELEASED' }));
    await run.close();
    expect(() => kept[1]!.pixels()).toThrow(expect.objectContaining({ code: 'FRAME_RELEASED' }));
  });

  test('pictures are a source', async () => {
    const keep = await pipeline(video(pattern)).keepPixels().start();
    const paths: string[] = [];
    const { writeFileSync } = await import('node:fs');
    for await (const frame of keep) {
      if (frame.index >= 3) break;
      paths.push(join(folder, `${frame.index}.jpg`));
      writeFileSync(paths.at(-1)!, frame.jpeg());
    }
    const run = await pipeline(images(paths, { fps: 2 })).start();
    const times: number[] = [];
    for await (const frame of run) times.push(frame.timeMs);
    expect(times).toEqual([0, 500, 1000]);
    await run.close();
  });

  test('sources join and leave a run', async () => {
    const run = await pipeline(video(pattern)).options(heldBack).start();
    const id = await run.add(video(pattern, { id: 'second' }));
    const counts: Record<string, number> = {};
    for await (const frame of run) counts[frame.source] = (counts[frame.source] ?? 0) + 1;
    expect(id).toBe('second');
    expect(counts).toEqual({ 0: 50, second: 50 });
    await run.close();
  });
});

describe.skipIf(!complete)('the main job', () => {
  const people = (...paths: string[]) =>
    pipeline(...paths.map((path) => video(path)))
      .use(detect('faces', 'blazeface'))
      .use(track('tracks', { of: 'faces' }))
      .use(identify('people', { of: 'tracks', model: 'face-recognition' }));

  test('finds, tracks and identifies people; the results file equals the frames', async () => {
    const results = join(folder, 'people.jsonl');
    const run = await people(faces).results(results).start();
    const ids = new Set<number>();
    let seen = 0;
    for await (const frame of run) {
      if (frame.people.length > 0) seen++;
      for (const { id } of frame.people) if (id !== undefined) ids.add(id);
    }
    await run.close();
    expect(seen).toBeGreaterThan(50);
    expect(ids.size).toBeGreaterThanOrEqual(1);
    const lines = readFileSync(results, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(76);
    expect(Object.keys(lines[40])).toEqual(['source', 'index', 'timeMs', 'faces', 'tracks', 'people']);
    expect(lines[75]).toHaveProperty('relink');
    expect((await run.timeline()).identities.length).toBeGreaterThanOrEqual(1);
  });

  test('is the same on every run', async () => {
    const once = async (name: string) => {
      const path = join(folder, name);
      const run = await people(faces).results(path).start();
      await run.done;
      await run.close();
      return readFileSync(path, 'utf8');
    };
    expect(await once('a.jsonl')).toBe(await once('b.jsonl'));
  });

  test('composes two sources while they are tracked', async () => {
    const out = join(folder, 'split.mp4');
    const layout = split({ left: follow('people'), right: follow('people'), width: 640, height: 360 });
    const run = await people(faces, faces)
      .compose(layout)
      .encode(out, { profile: 'realtime' })
      .contactSheet(join(folder, 'c.jpg'))
      .start();
    await run.done;
    await run.close();
    expect(decoded(out)).toMatchObject({ width: 640, height: 360, frames: 75, audio: true });
    expect(statSync(join(folder, 'c.jpg')).size).toBeGreaterThan(1000);
    const { stages, reid } = await run.report();
    expect(stages.find(({ name }) => name === 'faces')!.count).toBe(150);
    expect(reid.extracted).toBeGreaterThan(0);
  });

  test('a submitted picture goes through the same modules', async () => {
    const run = await pipeline().use(detect('faces', 'blazeface')).start();
    const { faces: found, width } = await run.submit(faces);
    expect(width).toBe(640);
    expect(found.length).toBeGreaterThanOrEqual(1);
    await expect(run.submit(join(folder, 'none.jpg'))).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    await run.close();
  });

  test('models that do not fit fail the start', async () => {
    await expect(pipeline(video(faces)).use(detect('faces', 'face-recognition')).start()).rejects.toMatchObject({
      code: expect.stringMatching(/^MODEL_(UNSUPPORTED|SPEC_NEEDED)$/),
    });
    await expect(pipeline(video(faces)).use(detect('faces', faces)).start()).rejects.toMatchObject({
      code: 'MODEL_INVALID',
    });
    await expect(
      pipeline(video(faces))
        .compose(grid())
        .encode(join(folder, 'none', 'o.mp4'))
        .start(),
    ).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
    });
  });
});
