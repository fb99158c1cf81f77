/** High dynamic range that is passed on: 10-bit canvases of PQ and HLG, and what decides about them. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type EncodeOptions, grid, pipeline, probe, single, video } from '../../src/index.js';
import { folderFor, noAddon } from './clips.js';
import { closed } from './outcomes.js';

const folder = folderFor('dynamic-range');
const width = 896;
const height = 128;
const frames = 6;

function ffmpeg(input: Buffer | undefined, ...args: string[]): Buffer {
  return execFileSync('ffmpeg', ['-v', 'error', '-y', ...args], { input, maxBuffer: 1 << 28 });
}

/** A ramp over all values of limited range, in 10 bits; the second half of the rows moves. */
function ramp(): Buffer {
  const pictures = Buffer.alloc(frames * width * height * 3);
  let at = 0;
  const put = (value: number) => {
    at = pictures.writeUInt16LE(value, at);
  };
  for (let n = 0; n < frames; n++) {
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) put(64 + Math.min(876, y < height / 2 ? x : (x + 8 * n) % width));
    for (let i = 0; i < (width * height) / 2; i++) put(512);
  }
  return pictures;
}

function clip(name: string, transfer: string, primaries = 'bt2020'): string {
  const path = join(folder, name);
  const picture = ['-f', 'rawvideo', '-pix_fmt', 'yuv420p10le', '-s', `${width}x${height}`, '-r', '25', '-i', '-'];
  const colors = [
    '-color_trc',
    transfer,
    '-color_primaries',
    primaries,
    '-colorspace',
    'bt2020nc',
    '-color_range',
    'tv',
  ];
  ffmpeg(ramp(), ...picture, '-c:v', 'ffv1', ...colors, path);
  return path;
}

function sdrClip(): string {
  const path = join(folder, 'sdr.mkv');
  const scene = `color=white:s=${width}x${height}:r=25:d=0.24,format=yuv420p`;
  const colors = ['-color_trc', 'bt709', '-color_primaries', 'bt709', '-colorspace', 'bt709', '-color_range', 'tv'];
  ffmpeg(undefined, '-f', 'lavfi', '-i', scene, '-c:v', 'ffv1', ...colors, path);
  return path;
}

const samples = (path: string): Uint16Array => {
  const bytes = ffmpeg(undefined, '-i', path, '-f', 'rawvideo', '-pix_fmt', 'yuv420p10le', '-');
  return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
};

function psnr(a: Uint16Array, b: Uint16Array): number {
  expect(a.length).toBe(b.length);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return 10 * Math.log10((1023 * 1023 * a.length) / Math.max(sum, 1e-9));
}

const labels = (path: string): Record<string, string> => {
  const entries = 'stream=pix_fmt,color_transfer,color_primaries,color_space,color_range';
  const json = execFileSync('ffprobe', ['-v', 'error', '-show_entries', entries, '-of', 'json', path]);
  return JSON.parse(json.toString()).streams[0];
};

const hdr = (transfer: string) => ({
  pix_fmt: 'yuv420p10le',
  color_range: 'tv',
  color_space: 'bt2020nc',
  color_transfer: transfer,
  color_primaries: 'bt2020',
});
const sdr = {
  pix_fmt: 'yuv420p',
  color_range: 'tv',
  color_space: 'bt709',
  color_transfer: 'bt709',
  color_primaries: 'bt709',
};

async function encoded(
  sources: string[],
  out: string,
  options: EncodeOptions,
): Promise<{ path: string; range: string }> {
  const path = join(folder, out);
  const ids = sources.map((_, i) => video(sources[i]!, { id: `s${i}` }));
  const run = await pipeline(...ids)
    .compose(sources.length > 1 ? grid({ width, height }) : single())
    .encode(path, options)
    .start();
  await run.done;
  const report = await closed(run);
  expect(report.outputs[0]).toMatchObject({ complete: true });
  return { path, range: report.outputs[0]!.dynamicRange };
}

describe.skipIf(noAddon !== undefined)('high dynamic range that is passed on', () => {
  const pq = noAddon ? '' : clip('pq.mkv', 'smpte2084');
  const hlg = noAddon ? '' : clip('hlg.mkv', 'arib-std-b67');

  test.each([
    ['hevc', 'pq', 'mp4'],
    ['hevc', 'hlg', 'mkv'],
    ['av1', 'pq', 'mkv'],
    ['av1', 'hlg', 'mp4'],
  ] as const)('%s keeps labels and values of %s', async (codec, name, container) => {
    const from = name === 'pq' ? pq : hlg;
    const { path, range } = await encoded([from], `${codec}-${name}.${container}`, { codec });
    expect(range).toBe(name === 'pq' ? 'hdr10' : 'hlg');
    expect(labels(path)).toMatchObject(hdr(name === 'pq' ? 'smpte2084' : 'arib-std-b67'));
    expect(await probe(path)).toMatchObject({ hdr: true, depth: 10, colorMatrix: 'bt2020' });
    const [written, source] = [samples(path), samples(from)];
    expect(psnr(written, source)).toBeGreaterThan(48);
    expect(new Set(written.subarray(0, width)).size).toBeGreaterThan(300);
  });

  test('H.264, mixed sources and readers of canvases have SDR', async () => {
    expect(labels((await encoded([pq], 'h264.mp4', {})).path)).toMatchObject(sdr);
    const mixed = await encoded([pq, hlg], 'mixed.mp4', { codec: 'hevc' });
    expect(mixed.range).toBe('sdr');
    expect(labels(mixed.path)).toMatchObject(sdr);
    expect(labels((await encoded([pq], 'asked.mp4', { codec: 'hevc', dynamicRange: 'sdr' })).path)).toMatchObject(sdr);
    const path = join(folder, 'looked-at.mkv');
    const run = await pipeline(video(pq)).compose(single(), { canvases: true }).encode(path, { codec: 'hevc' }).start();
    for await (const { data } of run.canvases()) expect(data[3 * (width - 30)]).toBeGreaterThan(250);
    expect((await closed(run)).outputs[0]!.dynamicRange).toBe('sdr');
    expect(labels(path)).toMatchObject(sdr);
  });

  test('PQ of other primaries than BT.2020 is SDR unless HDR10 is asked for', async () => {
    const p3 = clip('p3.mkv', 'smpte2084', 'smpte432');
    const own = await encoded([p3], 'p3-own.mkv', { codec: 'hevc' });
    expect(own.range).toBe('sdr');
    expect(labels(own.path)).toMatchObject(sdr);
    const asked = await encoded([p3], 'p3-asked.mkv', { codec: 'hevc', dynamicRange: 'hdr10' });
    expect(labels(asked.path)).toMatchObject(hdr('smpte2084'));
    const unstated = await encoded([clip('unstated.mkv', 'smpte2084', 'unknown')], 'unstated-out.mkv', {
      codec: 'hevc',
    });
    expect(unstated.range).toBe('hdr10');
  });

  test('SDR beside PQ is shown at reference white where HDR10 is asked for', async () => {
    const { path } = await encoded([pq, sdrClip()], 'beside.mkv', { codec: 'hevc', dynamicRange: 'hdr10' });
    expect(labels(path)).toMatchObject(hdr('smpte2084'));
    const picture = samples(path);
    const white = picture[(height / 2) * width + (width * 3) / 4]!;
    expect(Math.abs(white - (64 + 876 * 0.5807))).toBeLessThan(4);
  });

  test('canvases are read as SDR', async () => {
    const run = await pipeline(video(pq))
      .compose(single(), { canvases: true })
      .encode(join(folder, 'read.mkv'), { codec: 'hevc', dynamicRange: 'hdr10' })
      .start();
    const seen: number[] = [];
    for await (const { data } of run.canvases()) seen.push(data[3 * (width - 30)]!, data[3 * 10]!);
    await closed(run);
    expect(seen.length).toBe(2 * frames);
    expect(seen[0]).toBeGreaterThan(250);
    expect(seen[1]).toBeLessThan(12);
    expect(labels(join(folder, 'read.mkv'))).toMatchObject(hdr('smpte2084'));
  });

  test('frames are SDR, whatever the output is', async () => {
    const path = join(folder, 'seen.mkv');
    const run = await pipeline(video(pq)).keepPixels().encode(path, { codec: 'hevc' }).start();
    for await (const frame of run) {
      const { data } = frame.pixels({ format: 'rgb24' });
      expect(data[3 * (width - 30)]).toBeGreaterThan(250);
    }
    await run.close();
    expect(labels(path)).toMatchObject(hdr('smpte2084'));
  });

  test.each([
    [{ dynamicRange: 'hdr10' }, /h264, .*hdr10, which takes 10 bits/, /hevc/],
    [{ dynamicRange: 'hlg', codec: 'h264' }, /hlg/, /hevc/],
  ] as const)('%o is refused at the start', async (options, sentence, hint) => {
    const started = pipeline(video(pq)).compose(grid()).encode(join(folder, 'no.mp4'), options).start();
    await expect(started).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(sentence),
      hint: expect.stringMatching(hint),
    });
  });

  test('one composition has one dynamic range', async () => {
    const started = pipeline(video(pq))
      .compose(single())
      .encode(join(folder, 'a.mp4'), { codec: 'hevc', dynamicRange: 'hdr10' })
      .encode(join(folder, 'b.mp4'), { codec: 'hevc', dynamicRange: 'sdr' })
      .start();
    await expect(started).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('a ladder of sizes keeps it', async () => {
    const [large, small] = [join(folder, 'large.mkv'), join(folder, 'small.mkv')];
    const run = await pipeline(video(hlg))
      .compose(single())
      .encode(large, { codec: 'hevc' })
      .encode(small, { codec: 'av1', width: width / 2 })
      .start();
    await run.done;
    await closed(run);
    for (const path of [large, small]) expect(labels(path)).toMatchObject(hdr('arib-std-b67'));
    expect(new Set(samples(small).subarray(0, width / 2)).size).toBeGreaterThan(256);
  });

  test('an isolated source is refused where it should stay HDR, and SDR where nobody asks', async () => {
    const isolated = () => video(pq, { id: 'far', limits: { isolation: 'process' } });
    const asked = pipeline(isolated())
      .encode(join(folder, 'iso.mkv'), { codec: 'hevc', dynamicRange: 'hdr10' })
      .start();
    await expect(asked).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', source: 'far' });
    const path = join(folder, 'isolated.mkv');
    const run = await pipeline(isolated()).encode(path, { codec: 'hevc' }).start();
    await run.done;
    await closed(run);
    expect(labels(path)).toMatchObject(sdr);
  });
});
