/** Clips with a flash and a beep at the same known times, and when a player of a file shows and plays them. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { grid, pipeline, video } from '../../src/index.js';
import { closed, within } from './outcomes.js';

export const audioCodecs = {
  aac: ['-c:a', 'aac', '-b:a', '160k'],
  mp3: ['-c:a', 'libmp3lame', '-b:a', '160k'],
  pcm: ['-c:a', 'pcm_s16le'],
  ac3: ['-c:a', 'ac3', '-b:a', '192k'],
  opus: ['-c:a', 'libopus', '-b:a', '128k'],
};

const rate = 48_000;
const beepSeconds = 0.05;

export interface SyncClip {
  seconds?: number;
  fps?: string;
  /** about half of the pictures are missing, at random: the rate varies */
  variable?: boolean;
  /** ffmpeg's options for the audio */
  audio: readonly string[];
  /** the audio begins this late */
  audioFromMs?: number;
}

/** Of the source, in seconds: picture 12 of every 25. */
export function eventTimes({ seconds = 6, fps = '25' }: Partial<SyncClip>): number[] {
  const [num, den = 1] = fps.split('/').map(Number) as [number, number?];
  const times: number[] = [];
  for (let n = 12; (n * den) / num < seconds; n += 25) times.push((n * den) / num);
  return times;
}

// From 500 Hz to 4 kHz: unlike a tone it fits itself at one place only, to the sample.
const beep = Float32Array.from({ length: beepSeconds * rate }, (_, i) => {
  const t = i / rate;
  return 0.6 * Math.sin(2 * Math.PI * (500 * t + (3500 / (2 * beepSeconds)) * t * t));
});

export function syncClip(path: string, clip: SyncClip): string {
  const { seconds = 6, fps = '25', variable = false, audio, audioFromMs = 0 } = clip;
  const samples = new Float32Array(seconds * rate);
  for (const at of eventTimes(clip)) {
    const first = Math.round(at * rate);
    samples.set(beep.subarray(0, Math.max(0, samples.length - first)), first);
  }
  const from = Math.round((audioFromMs * rate) / 1000);
  const raw = `${path}.f32`;
  writeFileSync(raw, new Uint8Array(samples.buffer, from * 4));
  const pictures =
    `color=black:size=64x48:rate=${fps}:duration=${seconds},` +
    `drawbox=color=white:t=fill:enable='eq(mod(n,25),12)'` +
    (variable ? `,select='eq(mod(n,25),12)+eq(mod(n,25),13)+lt(random(7),0.5)'` : '');
  const sound = ['-itsoffset', String(audioFromMs / 1000), '-f', 'f32le', '-ar', String(rate), '-ac', '1', '-i', raw];
  const video = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-g', '50', '-threads', '1'];
  const timing = variable ? ['-fps_mode', 'vfr'] : [];
  execFileSync('ffmpeg', [
    '-v',
    'error',
    '-y',
    '-f',
    'lavfi',
    '-i',
    pictures,
    ...sound,
    ...video,
    ...timing,
    ...audio,
    path,
  ]);
  return path;
}

/** When the flashes are shown, in seconds of the file's own clock. */
function flashes(path: string): number[] {
  const filter = ['-vf', 'signalstats,metadata=print:file=-:key=lavfi.signalstats.YAVG', '-f', 'null', '-'];
  const text = execFileSync(
    'ffmpeg',
    ['-v', 'error', '-copyts', '-i', path, '-map', '0:v:0', '-fps_mode', 'passthrough', ...filter],
    {
      encoding: 'utf8',
      maxBuffer: 1e8,
    },
  );
  const times: number[] = [];
  let white = false;
  for (const [, time, level] of text.matchAll(/pts_time:(\S+)\nlavfi.signalstats.YAVG=(\S+)/g)) {
    if (Number(level) > 128 && !white) times.push(Number(time));
    white = Number(level) > 128;
  }
  return times;
}

/** Where the beeps begin, to the sample: where the samples look most like one. */
function beeps(path: string): number[] {
  const filter = ['-map', '0:a:0', '-af', 'aresample=48000:async=1:first_pts=0', '-ac', '1', '-f', 'f32le', '-'];
  const bytes = execFileSync('ffmpeg', ['-v', 'error', '-copyts', '-i', path, ...filter], { maxBuffer: 1e9 });
  const samples = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~3)));
  const times: number[] = [];
  for (let i = 0; i < samples.length; i++) {
    if (Math.abs(samples[i]!) < 0.15) continue;
    let best = 0;
    let at = i;
    for (let from = Math.max(0, i - 500); from < i + 500; from++) {
      let sum = 0;
      for (let k = 0; k < beep.length && from + k < samples.length; k++) sum += beep[k]! * samples[from + k]!;
      if (sum > best) {
        best = sum;
        at = from;
      }
    }
    times.push(at / rate);
    i = at + beep.length + 1000;
  }
  return times;
}

export interface Sync {
  events: number;
  /** of a beep after its flash, in ms: mean, and the furthest from 0 */
  beepMs: number;
  worstMs: number;
  /** of a flash after its time in the source, counted from the first one, in ms */
  flashMs: number;
}

export function measured(path: string, expected: readonly number[]): Sync {
  const shown = flashes(path);
  const heard = beeps(path);
  const pairs = shown.flatMap((flash) => {
    const nearest = heard.reduce(
      (a, b) => (Math.abs(b - flash) < Math.abs(a - flash) ? b : a),
      Number.POSITIVE_INFINITY,
    );
    return Math.abs(nearest - flash) < 0.3 ? [(nearest - flash) * 1000] : [];
  });
  const furthest = (values: number[]) => values.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0);
  const skipped = expected.length - shown.length;
  const moves = shown.map((flash, i) => (flash - shown[0]! - (expected[i + skipped]! - expected[skipped]!)) * 1000);
  return {
    events: pairs.length,
    beepMs: pairs.reduce((a, b) => a + b, 0) / pairs.length,
    worstMs: furthest(pairs),
    flashMs: furthest(moves),
  };
}

/** As it is, in a composition with mixed audio, from 1313 ms on (between pictures), as it is with a varying rate. */
export type Way = 'whole' | 'mixed' | 'cut' | 'variable';

/** A clip through a run, and what came out. */
export async function passed(from: string, to: string, way: Way): Promise<Sync> {
  const startMs = way === 'cut' ? 1313 : 0;
  const source = pipeline(video(from, { startMs })).options({ device: 'cpu' });
  const shown = way === 'mixed' ? source.compose(grid({ width: 64, height: 48 })) : source;
  const run = await shown.encode(to, { audio: way === 'mixed' ? 'mix' : 'first' }).start();
  await within(20_000, run.done, 'done');
  await closed(run);
  const expected = eventTimes({}).map((at) => at - startMs / 1000);
  return measured(
    to,
    expected.filter((at) => at >= 0),
  );
}
