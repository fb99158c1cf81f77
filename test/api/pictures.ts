/** What a composed file looks and sounds like, as the ffmpeg command line decodes it; and clips to compose. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './clips.js';

const photos = join(root, 'node_modules/@vladmandic/face-api/demo');

function ffmpeg(...args: string[]): Buffer {
  return execFileSync('ffmpeg', ['-v', 'error', '-y', ...args], { maxBuffer: 1 << 30 });
}

const encoding = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-threads', '1', '-c:a', 'aac'];

/** One colour, faded in from black over `fadeMs`. */
export function colorClip(
  path: string,
  color: string,
  { seconds = 1, fps = 25, size = '160x120', fadeMs = 0, extra = [] as string[] } = {},
): string {
  const fade = fadeMs > 0 ? `,fade=in:d=${fadeMs / 1000}` : '';
  ffmpeg('-f', 'lavfi', '-i', `color=${color}:s=${size}:r=${fps}:d=${seconds}${fade}`, ...encoding, ...extra, path);
  return path;
}

/** A white flash and a beep of `hertz` together, 100 ms long, at `at` and every second from there. */
export function flashClip(path: string, { seconds = 4, fps = 25, at = 0.5, hertz = 1000 } = {}): string {
  const lit = `gte(t,${at})*lt(mod(t-${at},1),0.1)`;
  ffmpeg(
    ...['-f', 'lavfi', '-i', `color=black:s=160x120:r=${fps}:d=${seconds},drawbox=c=white:t=fill:enable='${lit}'`],
    ...['-f', 'lavfi', '-i', `aevalsrc='0.5*sin(2*PI*${hertz}*t)*${lit}':s=48000:d=${seconds}`],
    ...['-g', '10', ...encoding, path],
  );
  return path;
}

/** Every picture has its number, from 0, in four fields of grey side by side: its digits to base 4, the lowest first. */
export function numberedClip(
  path: string,
  { seconds = 4, fps = 25, size = '320x240', extra = [] as string[] } = {},
): string {
  const width = Number(size.split('x')[0]) / 4;
  const grey = `40+60*mod(floor(N/pow(4\\,floor(X/${width})))\\,4)`;
  const source = `color=gray:s=${size}:r=${fps}:d=${seconds},geq=lum=${grey}:cb=128:cr=128`;
  ffmpeg('-f', 'lavfi', '-i', source, ...encoding, '-g', '10', ...extra, path);
  return path;
}

/** The number that a canvas shows in a tile of {@link numberedClip}, given in parts of the canvas; -1: none. */
export function numberIn(
  canvases: Pictures,
  frame: number,
  [x1, y1, x2, y2]: [number, number, number, number],
): number {
  let number = 0;
  for (let digit = 3; digit >= 0; digit--) {
    const [red] = canvases.at(frame, x1 + ((x2 - x1) * (digit + 0.5)) / 4, (y1 + y2) / 2);
    const value = Math.round(((red * 219) / 255 + 16 - 40) / 60);
    if (value < 0 || value > 3) return -1;
    number = number * 4 + value;
  }
  return number;
}

/**
 * Faces cut from photos, each standing still or walking on gray. `x` is an ffmpeg expression of t.
 * @param people photo pixels of the face's centre and width; where its centre goes; how wide it is in the clip
 */
export function walkingFaces(
  path: string,
  people: { photo: string; face: [x: number, y: number, width: number]; x: string; y: number; width: number }[],
  { seconds = 3, fps = 25, size = '640x360' } = {},
): string {
  const inputs = people.flatMap(({ photo }) => ['-i', join(photos, photo)]);
  const graph = [`color=gray:s=${size}:r=${fps}:d=${seconds}[s0]`];
  people.forEach(({ face: [x, y, w], x: way, y: line, width }, i) => {
    const cut = `${Math.round(w * 2)}:${Math.round(w * 2)}:${Math.round(x - w)}:${Math.round(y - w)}`;
    graph.push(`[${i}:v]crop=${cut},scale=${width * 2}:${width * 2},loop=-1:1,setpts=N/(${fps}*TB),fps=${fps}[p${i}]`);
    graph.push(`[s${i}][p${i}]overlay=x='${way}-w/2':y=${line}-h/2:eval=frame:shortest=1[s${i + 1}]`);
  });
  const last = `[s${people.length}]`;
  ffmpeg(...inputs, '-filter_complex', graph.join(';'), '-map', last, '-t', String(seconds), ...encoding, path);
  return path;
}

/** The faces of the photos that tests use. */
export const faces = {
  ann: { photo: 'sample3.jpg', face: [691, 485, 207] as [number, number, number] },
  bea: { photo: 'sample6.jpg', face: [776, 492, 242] as [number, number, number] },
  cleo: { photo: 'sample5.jpg', face: [1524, 545, 210] as [number, number, number] },
};

/** A decoded file, shrunk; `at(frame, x, y)` is the colour at a place given in parts of width and height. */
export class Pictures {
  readonly count: number;

  constructor(
    private readonly pixels: Buffer,
    private readonly width: number,
    private readonly height: number,
  ) {
    this.count = pixels.length / (width * height * 3);
  }

  at(frame: number, x: number, y: number): [number, number, number] {
    const column = Math.min(this.width - 1, Math.floor(x * this.width));
    const row = Math.min(this.height - 1, Math.floor(y * this.height));
    const from = ((frame * this.height + row) * this.width + column) * 3;
    return [...this.pixels.subarray(from, from + 3)] as [number, number, number];
  }

  /** The colour's name, where it is plain. */
  name(frame: number, x: number, y: number): string {
    const color = this.at(frame, x, y);
    const levels = color.map((value) => (value > 190 ? 1 : value < 35 ? 0 : 2));
    if (levels[0] === 2 && Math.max(...color) - Math.min(...color) < 8) return 'gray';
    const names: Record<string, string> = {
      '0,0,0': 'black',
      '1,1,1': 'white',
      '1,0,0': 'red',
      '0,1,0': 'green',
      '0,0,1': 'blue',
      '1,1,0': 'yellow',
    };
    return names[levels.join()] ?? `rgb(${color})`;
  }

  /** Names of the frames one after the other, each run once. */
  story(x: number, y: number): string[] {
    const names = Array.from({ length: this.count }, (_, frame) => this.name(frame, x, y));
    return names.filter((name, i) => name !== names[i - 1]);
  }
}

export function pictures(path: string, width = 64, height = 36): Pictures {
  const scale = `scale=${width}:${height}:flags=area:in_color_matrix=bt709`;
  const raw = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'];
  return new Pictures(ffmpeg('-i', path, '-vf', scale, '-fps_mode', 'passthrough', ...raw), width, height);
}

/** Milliseconds at which a frequency sets in. */
export function beeps(path: string, hertz = 1000): number[] {
  const rate = 16000;
  const bytes = ffmpeg('-i', path, '-vn', '-ac', '1', '-ar', String(rate), '-f', 'f32le', '-');
  const samples = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const window = rate / 100;
  const onsets: number[] = [];
  let loud = false;
  for (let from = 0; from + window <= samples.length; from += window / 4) {
    let [re, im] = [0, 0];
    for (let i = 0; i < window; i++) {
      const angle = (2 * Math.PI * hertz * i) / rate;
      re += samples[from + i]! * Math.cos(angle);
      im += samples[from + i]! * Math.sin(angle);
    }
    const level = (2 * Math.hypot(re, im)) / window;
    if (!loud && level > 0.12) onsets.push(((from + window / 2) / rate) * 1000);
    loud = loud ? level > 0.03 : level > 0.12;
  }
  return onsets;
}

/** Milliseconds at which a place turns white. */
export function flashes(from: Pictures, fps: number, x: number, y: number): number[] {
  const white = Array.from({ length: from.count }, (_, frame) => from.at(frame, x, y)[1] > 128);
  return white.flatMap((is, frame) => (is && !white[frame - 1] ? [(frame * 1000) / fps] : []));
}
