/** What a peer of a network output took. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { decoded } from './clips.js';

/** It plays from its first packet: no picture is missing or damaged. What is decoded of it. */
export function played(chunks: readonly Buffer[], file: string) {
  writeFileSync(file, Buffer.concat(chunks));
  const flags = execFileSync('ffprobe', [
    ...['-v', 'error', '-select_streams', 'v', '-show_entries', 'packet=flags', '-of', 'csv=p=0', file],
  ]).toString();
  expect(flags.startsWith('K')).toBe(true);
  const errors = execFileSync('ffmpeg', ['-v', 'error', '-i', file, '-f', 'null', '-'], { stdio: 'pipe' }).toString();
  expect(errors).toBe('');
  return decoded(file);
}
