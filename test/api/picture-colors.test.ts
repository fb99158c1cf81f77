/** Pictures as they are meant: HDR is seen and composed as SDR, interlaced pictures as progressive ones, on every device. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pipeline, probe, video } from '../../src/index.js';
import { folderFor, noAddon } from './clips.js';

const folder = folderFor('picture-colors');

function ffmpeg(input: Buffer | undefined, ...args: string[]): Buffer {
  return execFileSync('ffmpeg', ['-v', 'error', '-y', ...args], { input, maxBuffer: 1 << 28 });
}

/** SMPTE ST 2084: the signal of a luminance in cd/m2. */
function pq(nits: number): number {
  const power = (nits / 10_000) ** 0.1593017578125;
  return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375;
}

/** R, G, B of BT.709 in cd/m2 as they are seen, or as 10-bit Y, U, V of BT.2020 and PQ. */
const patches = [
  { nits: [203, 203, 203], seen: [231, 231, 231] },
  { nits: [26, 26, 26], seen: [108, 108, 108] },
  { nits: [60, 0, 0], seen: [153, 0, 0] },
  { nits: [1000, 1000, 1000], seen: [255, 255, 255] },
] as const;

function samplesOf([r, g, b]: readonly [number, number, number]): [number, number, number] {
  const red = pq(0.627404 * r + 0.329283 * g + 0.043313 * b);
  const green = pq(0.069097 * r + 0.91954 * g + 0.011362 * b);
  const blue = pq(0.016391 * r + 0.088013 * g + 0.895595 * b);
  const luma = 0.2627 * red + 0.678 * green + 0.0593 * blue;
  return [64 + 876 * luma, 512 + (896 * (blue - luma)) / 1.8814, 512 + (896 * (red - luma)) / 1.4746];
}

const side = 64;

/** The patches side by side. */
function hdrClip(): string {
  const width = side * patches.length;
  const planes = [0, 1, 2].map((component) => {
    const plane = Buffer.alloc(width * side * 2);
    for (let y = 0; y < side; y++)
      for (let x = 0; x < width; x++)
        plane.writeUInt16LE(
          Math.round(samplesOf(patches[Math.floor(x / side)]!.nits)[component]!),
          2 * (y * width + x),
        );
    return plane;
  });
  const path = join(folder, 'pq.mkv');
  const picture = ['-f', 'rawvideo', '-pix_fmt', 'yuv444p10le', '-s', `${width}x${side}`, '-r', '25', '-i', '-'];
  const colors = ['-color_trc', 'smpte2084', '-color_primaries', 'bt2020', '-colorspace', 'bt2020nc'];
  ffmpeg(
    Buffer.concat([...planes, ...planes, ...planes]),
    ...picture,
    ...['-pix_fmt', 'yuv420p10le', '-c:v', 'ffv1', '-color_range', 'tv', ...colors, path],
  );
  return path;
}

/** An edge that moves sideways: alternate rows of an interlaced picture show it at two places. */
function interlacedClip(): string {
  const path = join(folder, 'interlaced.mkv');
  const scene =
    "color=black:s=320x240:r=50:d=0.6[b];color=white:s=60x240:r=50:d=0.6[w];[b][w]overlay=x='mod(n*6,240)':y=0";
  ffmpeg(
    undefined,
    ...['-f', 'lavfi', '-i', scene, '-vf', 'tinterlace=interleave_top,setfield=tff'],
    ...['-c:v', 'ffv1', '-flags', '+ildct', '-field_order', 'tt', '-pix_fmt', 'yuv420p', path],
  );
  return path;
}

/** Mean difference of a row from the rows around it: high where fields of two times are woven. */
function combing(gray: Uint8Array, width: number): number {
  const height = gray.length / width;
  let sum = 0;
  for (let y = 1; y + 1 < height; y++)
    for (let x = 0; x < width; x++) {
      const [above, here, below] = [y - 1, y, y + 1].map((row) => gray[row * width + x]!);
      sum += Math.abs(here! - (above! + below!) / 2);
    }
  return sum / gray.length;
}

const decodedGray = (path: string): Uint8Array =>
  ffmpeg(undefined, '-i', path, '-vf', "select='eq(n,8)'", '-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'gray', '-');

describe.skipIf(noAddon !== undefined)('HDR pictures', () => {
  test('are tone-mapped for pixels and compositions, and labelled as what they then are', async () => {
    const clip = hdrClip();
    expect(await probe(clip)).toMatchObject({ hdr: true, colorTransfer: 'smpte2084', depth: 10 });
    const out = join(folder, 'sdr.mkv');
    const run = await pipeline(video(clip)).keepPixels().encode(out, { profile: 'archival' }).start();
    for await (const frame of run) {
      const { data, width } = frame.pixels({ format: 'rgb24' });
      for (const [i, { seen }] of patches.entries())
        for (const [c, value] of seen.entries())
          expect(Math.abs(data[3 * ((side / 2) * width + i * side + side / 2) + c]! - value)).toBeLessThan(8);
    }
    await run.close();
    const colors = execFileSync(
      'ffprobe',
      ['-v', 'error', '-show_entries', 'stream=color_transfer,color_primaries,color_space', '-of', 'csv=p=0', out],
      { encoding: 'utf8' },
    );
    expect(colors.trim()).toBe('bt709,bt709,bt709');
    const composed = ffmpeg(undefined, '-i', out, '-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'gray', '-');
    const lumas = patches.map((_, i) => composed[(side / 2) * side * patches.length + i * side + side / 2]!);
    for (const [i, { seen }] of patches.entries()) {
      const [red, green, blue] = seen;
      expect(Math.abs(lumas[i]! - (0.2126 * red + 0.7152 * green + 0.0722 * blue))).toBeLessThan(6);
    }
  });
});

describe.skipIf(noAddon !== undefined)('interlaced pictures', () => {
  test.each(['auto', 'off'] as const)("are composed with deinterlace: '%s'", async (deinterlace) => {
    const clip = interlacedClip();
    const out = join(folder, `${deinterlace}.mkv`);
    const run = await pipeline(video(clip, { deinterlace })).encode(out, { profile: 'archival' }).start();
    await run.done;
    await run.close();
    const seen = combing(decodedGray(out), 320);
    if (deinterlace === 'auto') expect(seen).toBeLessThan(1);
    else expect(seen).toBeGreaterThan(4);
  });

  test('have as many frames and the same times', async () => {
    const clip = interlacedClip();
    const times = async (deinterlace: 'auto' | 'off') => {
      const run = await pipeline(video(clip, { deinterlace })).start();
      const list: number[] = [];
      for await (const frame of run) list.push(frame.timeMs);
      await run.close();
      return list;
    };
    expect(await times('auto')).toEqual(await times('off'));
  });
});

test.skipIf(noAddon !== undefined)('a source in a process of its own gives the same pictures', async () => {
  const pictures = async (path: string, isolation: 'inline' | 'process') => {
    const run = await pipeline(video(path, { limits: { isolation } }))
      .keepPixels()
      .start();
    const list: Buffer[] = [];
    for await (const frame of run) list.push(Buffer.from(frame.pixels({ format: 'rgb24' }).data));
    await run.close();
    return Buffer.concat(list);
  };
  for (const clip of [hdrClip(), interlacedClip()])
    expect((await pictures(clip, 'process')).equals(await pictures(clip, 'inline'))).toBe(true);
});
