/** A clip as a live stream, recorded, and compared with itself. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import { camera, pipeline, type Run } from '../../src/index.js';
import { patternClip } from './clips.js';
import { within } from './outcomes.js';
import { ffmpegPeer, freePort, isOpen, until } from './peers.js';

/** Of every picture, decoded. */
export const hashes = (path: string) =>
  execFileSync('ffmpeg', ['-v', 'error', '-i', path, '-map', '0:v', '-f', 'framemd5', '-'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line && !line.startsWith('#'))
    .map((line) => line.split(',').at(-1)!.trim());

/** Eight seconds with a keyframe every ten pictures, B-frames and audio. */
export class LiveClip {
  readonly path: string;
  readonly #pictures: string[];

  constructor(readonly folder: string) {
    this.path = patternClip(join(folder, 'clip.mp4'), { seconds: 8, keyframes: 10 });
    this.#pictures = hashes(this.path);
  }

  /** Sends it at its own speed to whoever connects. */
  async send(port: number) {
    const input = ['-v', 'error', '-re', '-i', this.path, '-c', 'copy'];
    const peer = ffmpegPeer(...input, '-f', 'mpegts', `tcp://127.0.0.1:${port}?listen=1`);
    await until('the sender', () => isOpen('tcp', port));
    return peer;
  }

  /** A run that reads it as source `door`. */
  async recorded(options: object = { recorder: { preMs: 1000 } }) {
    const port = await freePort();
    const peer = await this.send(port);
    const source = camera(`tcp://127.0.0.1:${port}`, { id: 'door', ...options });
    const run = await within(20_000, pipeline(source).start(), 'start()');
    run.done.catch(() => undefined);
    return { run, port, peer };
  }

  /** Its pictures are those of the clip, one after the other, from a keyframe on; its times begin with 0. */
  expectPart(path: string, frames: number): void {
    const own = hashes(path);
    expect(own.length).toBe(frames);
    const from = this.#pictures.indexOf(own[0]!);
    expect(from % 10).toBe(0);
    expect(own).toEqual(this.#pictures.slice(from, from + frames));
    const times = ['-select_streams', 'v', '-show_entries', 'stream=start_time', '-of', 'csv=p=0'];
    const [start] = execFileSync('ffprobe', ['-v', 'error', ...times, path], { encoding: 'utf8' }).split('\n');
    expect(Number(start)).toBeLessThan(path.endsWith('.ts') ? 2 : 0.1); // of a TS later by libav's own delay
  }
}

/** Pictures that have come. */
export const into = async (run: Run) => (await run.report()).sources[0]!.in;

export const refused = (promise: Promise<unknown>) =>
  within(20_000, promise).then(
    () => undefined,
    (error) => error,
  );
