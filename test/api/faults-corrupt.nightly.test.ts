/** 200 single-byte and block corruptions, several containers and codecs, through a whole pipeline with detection. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { firstSeed } from '../seed.js';
import { complete, facesClip, folderFor } from './clips.js';
import { corrupted, readDamaged } from './corrupt.js';

const kinds = [
  ['mp4', ['-c', 'copy']],
  ['mkv', ['-c', 'copy']],
  ['ts', ['-c', 'copy']],
  ['hevc.mp4', ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none']],
  ['vp9.webm', ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-an']],
  ['mjpeg.avi', ['-c:v', 'mjpeg', '-an']],
] as const;

test.skipIf(!complete)('200 damaged clips are read, refused or end with a code', async () => {
  const folder = folderFor('corrupt-full');
  const whole = facesClip(join(folder, 'whole.mp4'), { seconds: 2, fps: 15 });
  const clips = kinds.map(([type, options]) => {
    const path = join(folder, `clip.${type}`);
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', whole, ...options, path]);
    return { type, bytes: readFileSync(path) };
  });
  const outcomes = { read: 0, refused: 0, failed: 0 };
  const seen = { frames: 0, lost: 0 };
  for (let seed = firstSeed; seed < firstSeed + 200; seed++) {
    const { type, bytes } = clips[(seed >> 1) % clips.length]!;
    const path = join(folder, `damaged-${seed}.${type}`);
    writeFileSync(path, corrupted(bytes, seed));
    const { end, frames, lost } = await readDamaged(path);
    outcomes[end]++;
    seen.frames += frames;
    seen.lost += lost;
    rmSync(path);
  }
  // Damage is not the end of a clip, and it is damage: some of it is refused, some breaks off, some costs pictures.
  expect(outcomes.read).toBeGreaterThan(100);
  expect(outcomes.refused).toBeGreaterThan(5);
  expect(outcomes.failed).toBeGreaterThan(0);
  expect(seen.frames).toBeGreaterThan(15 * outcomes.read); // of 30
  expect(seen.lost).toBeGreaterThan(10);
});
