/** Pictures and audio of files stay together: a flash and its beep, within a millisecond, whatever goes in and out. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { folderFor, noAddon } from './clips.js';
import { audioCodecs, eventTimes, passed, syncClip, type Way } from './sync-clips.js';

const sources = {
  'aac.mp4': 'aac',
  'aac.mkv': 'aac',
  'aac.ts': 'aac',
  'mp3.mp4': 'mp3',
  'mp3.mkv': 'mp3',
  'mp3.ts': 'mp3',
  'pcm.mov': 'pcm',
  'pcm.mkv': 'pcm',
  'ac3.mp4': 'ac3',
  'ac3.mkv': 'ac3',
  'ac3.ts': 'ac3',
  'opus.mp4': 'opus',
} as const;
const ways: Way[] = ['whole', 'mixed', 'cut', 'variable'];
const outputs = ['mp4', 'mov', 'mkv', 'ts', 'm3u8'];
const cases = ways.flatMap((way) =>
  Object.keys(sources).flatMap((source) => outputs.map((output) => [way, source, output] as const)),
);

describe.skipIf(noAddon !== undefined)('a flash and its beep stay together', () => {
  let folder: string;

  beforeAll(() => {
    folder = folderFor('sync');
    mkdirSync(join(folder, 'variable'), { recursive: true });
    for (const [name, codec] of Object.entries(sources)) {
      syncClip(join(folder, name), { audio: audioCodecs[codec] });
      syncClip(join(folder, 'variable', name), { audio: audioCodecs[codec], variable: true });
    }
  }, 120_000);

  test.each(cases)(
    '%s: %s into %s',
    async (way, source, output) => {
      const from = join(folder, way === 'variable' ? 'variable' : '', source);
      const sync = await passed(from, join(folder, `${way}-${source}.${output}`), way);
      expect(sync.events).toBe(eventTimes({}).length - (way === 'cut' ? 1 : 0));
      expect(Math.abs(sync.worstMs)).toBeLessThanOrEqual(1);
      expect(Math.abs(sync.flashMs)).toBeLessThanOrEqual(1);
    },
    60_000,
  );
});
