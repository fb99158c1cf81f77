/** Pictures at the edges of what there can be, analysed and encoded. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { detect, frames, images, pipeline, probe, type Source, track, video } from '../../src/index.js';
import { complete, decoded, folderFor, noAddon, patternClip } from './clips.js';
import { closed, codeOf, count, within } from './outcomes.js';

let folder: string;

beforeAll(() => {
  folder = folderFor('pictures');
});

/** A lossless clip of any size, odd ones too. */
function anySize(size: string): string {
  const path = join(folder, `${size}.mkv`);
  const [width, height] = size.split('x').map(Number);
  const input = Uint8Array.from({ length: width! * height! * 3 * 5 }, (_, i) => (i * 7919) >> 4);
  const picture = ['-f', 'rawvideo', '-pix_fmt', 'yuv444p', '-s', size, '-r', '25', '-i', '-'];
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...picture, '-c:v', 'ffv1', path], { input });
  return path;
}

const sizes = ['1x1', '1x2', '3x1', '2x2', '17x1', '16384x16', '16x16384', '16383x3', '1x4096'];

describe.skipIf(!complete)('a picture of', () => {
  test.each(sizes)('%s is analysed', async (size) => {
    const [width, height] = size.split('x').map(Number);
    const run = await pipeline(video(anySize(size)))
      .use(detect('faces', 'blazeface'))
      .use(track('tracks', { of: 'faces' }))
      .keepPixels()
      .start();
    for await (const frame of run) {
      expect([frame.width, frame.height]).toEqual([width, height]);
      expect(frame.pixels().data).toHaveLength(width! * height! * 3);
      expect(frame.jpeg().length).toBeGreaterThan(100);
    }
    const { sources } = await closed(run);
    expect(sources[0]).toMatchObject({ in: 5, delivered: 5 });
  });

  test.each(sizes)('%s is encoded, or refused before anything runs', async (size) => {
    const out = join(folder, `${size}.mp4`);
    const starting = pipeline(video(anySize(size)))
      .encode(out, { profile: 'realtime' })
      .start();
    const run = await within(20_000, starting).catch((error) => {
      expect(error).toMatchObject({
        name: 'FramepathError',
        code: expect.stringMatching(/^(INVALID_ARGUMENT|ENCODER_UNAVAILABLE)$/),
      });
    });
    if (!run) return;
    const end = await within(30_000, run.done).catch((error) => error);
    const { outputs } = await closed(run);
    if (end) expect(end).toMatchObject({ code: 'ENCODE_FAILED' });
    else {
      expect(outputs[0]).toMatchObject({ complete: true, frames: 5 });
      expect(decoded(out).frames).toBe(5);
    }
  });
});

describe.skipIf(noAddon !== undefined)('a stream', () => {
  test('without a frame is read to its end, or refused', async () => {
    const whole = patternClip(join(folder, 'whole.mp4'), { seconds: 0.2 });
    for (const type of ['mp4', 'mkv', 'ts', 'avi']) {
      const path = join(folder, `none.${type}`);
      execFileSync('ffmpeg', ['-v', 'quiet', '-y', '-i', whole, '-c', 'copy', '-frames:v', '0', '-an', path]);
      const reading = (async () => {
        const run = await pipeline(video(path)).start();
        expect(await count(run)).toBe(0);
        await closed(run);
      })();
      const error = await within(20_000, reading).catch((e) => e);
      if (error) expect(error.code).toMatch(/^(SOURCE_UNREADABLE|SOURCE_UNSUPPORTED|DECODE_FAILED)$/);
    }
  });

  test('of pushed frames without one, or of one', async () => {
    const none = await pipeline(frames([], { width: 8, height: 8 })).start();
    expect(await count(none)).toBe(0);
    await closed(none);
    const one = await pipeline(frames([new Uint8Array(3)], { width: 1, height: 1 }))
      .keepPixels()
      .start();
    for await (const frame of one) expect(frame.pixels().data).toHaveLength(3);
    await closed(one);
  });

  test('that claims a huge picture is refused before memory is', async () => {
    const png = readFileSync(picture('png'));
    png.writeUInt32BE(100_000, 16);
    png.writeUInt32BE(100_000, 20);
    const path = join(folder, 'huge.png');
    writeFileSync(path, png);
    expect(await ends(images([path]))).toMatch(/^(SOURCE|DECODE)_/);
  });

  test('of pictures some of which are none gives the others', async () => {
    const good = picture('jpg');
    const text = join(folder, 'text.jpg');
    writeFileSync(text, 'not a picture');
    expect(await ends(images([good, join(folder, 'gone.jpg')]))).toBe('SOURCE_NOT_FOUND');
    const run = await pipeline(images([good, text, good, text, good])).start();
    const seen: number[] = [];
    for await (const frame of run) seen.push(frame.index);
    expect(seen).toEqual([0, 2, 4]);
    const { sources } = await closed(run);
    expect(sources[0]).toMatchObject({ in: 3, delivered: 3, decodeErrors: 2 });
  });

  test('cut before its index is refused, cut in mid-frame gives what is there', async () => {
    const whole = patternClip(join(folder, 'cut-whole.mp4'));
    const bytes = readFileSync(whole);
    const cut = (name: string, part: Uint8Array) => {
      writeFileSync(join(folder, name), part);
      return join(folder, name);
    };
    expect(await ends(video(cut('cut.mp4', bytes.subarray(0, bytes.length >> 1))))).toBe('SOURCE_UNREADABLE');
    const first = join(folder, 'first.mp4');
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', whole, '-c', 'copy', '-movflags', 'faststart', first]);
    const half = readFileSync(first);
    const run = await pipeline(video(cut('half.mp4', half.subarray(0, half.length >> 1)))).start();
    const n = await count(run);
    expect(n).toBeGreaterThan(5);
    expect(n).toBeLessThan(50);
    const { sources } = await closed(run);
    expect(n + sources[0]!.decodeErrors).toBe(50); // what is missing is counted
  });

  test('of a Matroska file with a hole reports that something is missing', async () => {
    const whole = patternClip(join(folder, 'hole.mkv'));
    const bytes = readFileSync(whole);
    bytes.fill(0xa5, bytes.length >> 2, bytes.length >> 1);
    writeFileSync(whole, bytes);
    const run = await pipeline(video(whole)).start();
    expect(await count(run)).toBeLessThan(50);
    expect((await closed(run)).sources[0]!.decodeErrors).toBeGreaterThan(0);
  });
});

function picture(type: string): string {
  const path = join(folder, `picture.${type}`);
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'testsrc2=size=64x64', '-frames:v', '1', path]);
  return path;
}

/** The code that probing, starting or reading a source ends with. */
function ends(source: Source): Promise<string> {
  return codeOf(
    (async () => {
      if (source.spec.uri) await probe(source.spec.uri);
      const run = await pipeline(source).start();
      try {
        for await (const _ of run);
      } finally {
        await closed(run);
      }
    })(),
  );
}
