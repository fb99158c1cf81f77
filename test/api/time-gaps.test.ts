/** Gaps in time stamps, and clocks that are set back: cut out and counted, never minutes of one picture. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type FramesOptions, frames, pipeline, type Source, video } from '../../src/index.js';
import { decoded, folderFor, noAddon } from './clips.js';
import { closed, within } from './outcomes.js';

const hour = 3_600_000;
const cutOut = 'gap in times cut out';
let folder: string;
let gap: string;

/** A second of black, then, an hour later by its time stamps, half a second of black and one of white with a tone. */
function gapClip(path: string): string {
  const later = 'if(gte(T,1),PTS+3600/TB,PTS)';
  const picture = 'color=black:size=64x64:rate=25:duration=2.5';
  const flash = `drawbox=color=white:t=fill:enable='gte(t,1.5)',setpts='${later}'`;
  const tone = `aevalsrc='if(gte(t,1.5),sin(2764*t),0)':s=48000:d=2.5,asetpts='${later}'`;
  const encoding = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-fps_mode', 'vfr'];
  execFileSync('ffmpeg', [
    ...['-v', 'error', '-y', '-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', tone],
    ...['-vf', flash, ...encoding, path],
  ]);
  return path;
}

/** When the first white picture appears, and when the tone begins, in seconds. */
function onsets(path: string): { light: number; tone: number } {
  const filters = ['-vf', 'negate,blackdetect=d=0.1', '-af', 'silencedetect=n=-30dB:d=0.2'];
  const log = execFileSync(
    'sh',
    ['-c', 'ffmpeg "$@" 2>&1', 'sh', '-hide_banner', '-i', path, ...filters, '-f', 'null', '-'],
    {
      encoding: 'utf8',
    },
  );
  return {
    light: Number(/black_start:([\d.]+)/.exec(log)?.[1]),
    tone: Number(/silence_end: ([\d.]+)/.exec(log)?.[1]),
  };
}

beforeAll(() => {
  folder = folderFor('gaps');
  gap = gapClip(join(folder, 'gap.mkv'));
}, 60_000);

const picture = new Uint8Array(64 * 64 * 3);
const pushed = (times: number[], options: Partial<FramesOptions> = {}) =>
  frames(
    times.map((timeMs) => ({ data: picture, timeMs })),
    { width: 64, height: 64, fps: 25, ...options },
  );

/** The times a source gives, and what was recovered. */
async function timesOf(source: Source): Promise<{ times: number[]; recovered: Record<string, number> }> {
  const run = await pipeline(source).options({ device: 'cpu' }).start();
  const times: number[] = [];
  for await (const frame of run) times.push(frame.timeMs);
  const { recoveries } = await closed(run);
  const recovered: Record<string, number> = {};
  for (const { what } of recoveries) recovered[what] = (recovered[what] ?? 0) + 1;
  return { times, recovered };
}

describe.skipIf(noAddon !== undefined)('a gap', () => {
  test('between pushed frames is cut out to one frame interval', async () => {
    const { times, recovered } = await timesOf(pushed([0, 40, hour, hour + 40]));
    expect(times).toEqual([0, 40, 80, 120]);
    expect(recovered).toEqual({ [cutOut]: 1 });
  });

  test('before the first frame is cut out whole', async () => {
    expect(await timesOf(pushed([hour, hour + 40]))).toEqual({ times: [0, 40], recovered: { [cutOut]: 1 } });
  });

  test('up to maxGapMs stays', async () => {
    const { times, recovered } = await timesOf(pushed([0, 9_000, 30_000], { maxGapMs: 20_000 }));
    expect(times).toEqual([0, 9_000, 9_040]);
    expect(recovered).toEqual({ [cutOut]: 1 });
  });

  test('of any length stays with Infinity', async () => {
    const { times, recovered } = await timesOf(pushed([0, hour], { maxGapMs: Number.POSITIVE_INFINITY }));
    expect(times).toEqual([0, hour]);
    expect(recovered).toEqual({});
  });

  test('of a few frames is cut out with 0, the frame interval is not', async () => {
    const { times } = await timesOf(pushed([0, 40, 160, 300], { maxGapMs: 0 }));
    expect(times).toEqual([0, 40, 160, 200]);
  });

  test('is none where the source is that slow by itself', async () => {
    const { times, recovered } = await timesOf(pushed([0, 60_000, 120_000], { fps: 1 / 60 }));
    expect(times).toEqual([0, 60_000, 120_000]);
    expect(recovered).toEqual({});
  });

  test('of a file is cut out; startMs and endMs are times of the file', async () => {
    const whole = await timesOf(video(gap));
    expect(whole.times).toHaveLength(63);
    expect(whole.times.at(-1)).toBeLessThan(2_600);
    expect(whole.recovered).toEqual({ [cutOut]: 1 });
    const end = await timesOf(video(gap, { startMs: hour + 1_400, endMs: hour + 1_800 }));
    expect(end.times).toEqual([0, 40, 80, 120, 160, 200, 240, 280, 320, 360]);
  });
});

describe.skipIf(noAddon !== undefined)('a clock that is set back', () => {
  test('goes on one frame interval later', async () => {
    const { times, recovered } = await timesOf(pushed([5_000, 5_040, 0, 40]));
    expect(times).toEqual([5_000, 5_040, 5_080, 5_120]);
    expect(recovered).toEqual({ 'times jumped back, went on': 1 });
  });
});

describe.skipIf(noAddon !== undefined)('an output', () => {
  test('of frames an hour apart has four pictures', async () => {
    const out = join(folder, 'pushed.mp4');
    const run = await pipeline(pushed([0, 40, hour, hour + 40]))
      .options({ device: 'cpu' })
      .encode(out, { profile: 'realtime' })
      .start();
    await within(20_000, run.done, 'done');
    await closed(run);
    expect(decoded(out).frames).toBe(4);
  });

  test.each([
    ['copied', 'first'],
    ['encoded', 'mix'],
  ] as const)('has its audio in step behind a gap, %s', async (name, audio) => {
    const out = join(folder, `${name}.mp4`);
    const run = await pipeline(video(gap))
      .options({ device: 'cpu' })
      .encode(out, { profile: 'realtime', audio })
      .start();
    await within(20_000, run.done, 'done');
    await closed(run);
    expect(decoded(out).seconds).toBeLessThan(2.8);
    const { light, tone } = onsets(out);
    expect(light).toBeGreaterThan(1.4);
    expect(light).toBeLessThan(1.6);
    expect(Math.abs(light - tone)).toBeLessThan(0.07);
  });
});
