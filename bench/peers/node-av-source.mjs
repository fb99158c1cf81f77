// A clip opened with node-av, for both pipelines: decoded frames, and each one scaled for the model.
import './polyfill.mjs';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Decoder, Demuxer, Scaler } from 'node-av/api';
import { SWS_AREA } from 'node-av/constants';
import { getFFmpegInfo } from 'node-av/lib';
import { letterbox } from './blazeface.mjs';

const manifest = JSON.parse(readFileSync(join(import.meta.dirname, 'node_modules/node-av/package.json'), 'utf8'));

/** Its own and that of the FFmpeg it brings. */
export const nodeAvVersions = { 'node-av': manifest.version, ffmpeg: getFFmpegInfo().version };

/**
 * `threads`: of the decoder. swscale by area finds what bicubic finds and is quicker; the Scaler's own default, bilinear,
 * loses a tenth of the faces. The Scaler takes every clip for BT.601; its filters do not, and are slower.
 */
export async function openSource(file, threads) {
  const input = await Demuxer.open(file);
  const stream = input.video();
  const decoder = await Decoder.create(stream, { context: { threadCount: threads } });
  const { width, height } = stream.codecpar;
  const box = letterbox(width, height);
  const scaler = new Scaler({ flags: SWS_AREA });
  const options = { resize: { width: box.width, height: box.height }, format: 'rgb' };
  return {
    stream,
    width,
    height,
    box,
    async *frames() {
      for await (const frame of decoder.frames(input.packets(stream.index))) if (frame) yield frame; // null: flushed
    },
    /** RGB of the size the model wants. Never call it again before it has resolved: two at once crash the Scaler. */
    shrink: (frame) => scaler.toBuffer(frame, options),
    async close() {
      scaler.close();
      decoder.close();
      await input.close();
    },
  };
}
