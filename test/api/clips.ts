/** Clips that tests make for themselves with the ffmpeg command line; and whether the real thing can run here. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, parse, resolve } from 'node:path';
import { loadAddon } from '../../src/addon.js';
import { required } from '../require.js';

export const root = resolve(import.meta.dirname, '../..');

/** Undefined when the addon loads; else why it does not. */
export const noAddon: string | undefined = (() => {
  try {
    loadAddon();
    return undefined;
  } catch (error) {
    const { message } = error as Error;
    required('addon', false, message);
    return message;
  }
})();

/** Whether the addon and the models of the registry are there. */
export const complete =
  noAddon === undefined &&
  required(
    'models',
    ['blazeface', 'face-recognition'].every((name) => existsSync(join(root, `models/${name}.onnx`))),
  );

export function folderFor(name: string): string {
  return mkdtempSync(join(tmpdir(), `framepath-${name}-`));
}

function ffmpeg(...args: string[]): void {
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...args]);
}

const encoding = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-threads', '2', '-c:a', 'aac'];

/** A moving test picture with a tone. */
export function patternClip(path: string, { seconds = 2, size = '320x240', fps = 25, keyframes = 250 } = {}): string {
  const picture = ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${fps}:duration=${seconds}`];
  const audio = ['-f', 'lavfi', '-i', `sine=frequency=440:duration=${seconds}`];
  ffmpeg(...picture, ...audio, ...encoding, '-g', String(keyframes), path);
  return path;
}

/** One color all over, with a tone. */
export function colorClip(path: string, color: string, { seconds = 2, size = '320x240', fps = 25 } = {}): string {
  const picture = ['-f', 'lavfi', '-i', `color=${color}:size=${size}:rate=${fps}:duration=${seconds}`];
  const audio = ['-f', 'lavfi', '-i', `sine=frequency=440:duration=${seconds}`];
  ffmpeg(...picture, ...audio, ...encoding, path);
  return path;
}

/** Mean red, green and blue of a video's first picture. */
export function meanColor(path: string): [number, number, number] {
  // Converted before it is averaged: scaling to one pixel alone takes every matrix for BT.601.
  const one = [
    '-frames:v',
    '1',
    '-vf',
    'format=rgb24,scale=1:1:flags=area',
    '-pix_fmt',
    'rgb24',
    '-f',
    'rawvideo',
    '-',
  ];
  const [r, g, b] = execFileSync('ffmpeg', ['-v', 'error', '-i', path, ...one]);
  return [r!, g!, b!];
}

/** Two real faces that slide through the picture, with a tone. */
export function facesClip(path: string, { seconds = 3, fps = 25 } = {}): string {
  const photo = join(root, 'node_modules/@vladmandic/face-api/demo/sample3.jpg');
  const slide = `crop=1280:720:x='250+${seconds > 0 ? 80 : 0}*t':y=150,scale=640:360,fps=${fps}`;
  const picture = ['-loop', '1', '-framerate', String(fps), '-i', photo];
  const audio = ['-f', 'lavfi', '-i', `sine=frequency=330:duration=${seconds}`];
  ffmpeg(...picture, ...audio, '-vf', slide, '-t', String(seconds), ...encoding, path);
  return path;
}

/** The file beside an output that it is written to; undefined before and after. */
export function partOf(output: string): string | undefined {
  const { dir, name, ext } = parse(output);
  const part = readdirSync(dir).find((file) => file.startsWith(`.${name}.`) && file.endsWith(`.part${ext}`));
  return part && join(dir, part);
}

/** Frames, size and duration of the first video stream, as ffprobe decodes it. */
export function decoded(path: string): {
  frames: number;
  width: number;
  height: number;
  seconds: number;
  audio: boolean;
} {
  const show = [
    '-count_frames',
    '-show_entries',
    'stream=codec_type,nb_read_frames,width,height:format=duration',
    '-of',
    'json',
  ];
  const { streams, format } = JSON.parse(
    execFileSync('ffprobe', ['-v', 'error', ...show, path], { encoding: 'utf8' }),
  ) as {
    streams: { codec_type: string; nb_read_frames: string; width: number; height: number }[];
    format: { duration: string };
  };
  const video = streams.find((stream) => stream.codec_type === 'video')!;
  return {
    frames: Number(video.nb_read_frames),
    width: video.width,
    height: video.height,
    seconds: Number(format.duration),
    audio: streams.some((stream) => stream.codec_type === 'audio'),
  };
}
