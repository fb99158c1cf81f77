/** Pictures and audio of files stay together; every codec and container: sync.nightly.test.ts. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderFor, noAddon } from './clips.js';
import { audioCodecs, passed, syncClip } from './sync-clips.js';

describe.skipIf(noAddon !== undefined)('a flash and its beep stay together within a millisecond', () => {
  test.each([
    ['whole', 'opus', 'opus.mp4', 'mkv'],
    ['cut', 'pcm', 'pcm.mkv', 'mp4'],
    ['variable', 'mp3', 'mp3.mkv', 'mp4'],
    ['mixed', 'ac3', 'ac3.ts', 'm3u8'],
  ] as const)('%s: %s in %s into .%s', async (way, codec, source, output) => {
    const folder = folderFor('sync');
    const clip = { audio: audioCodecs[codec], variable: way === 'variable' };
    const sync = await passed(syncClip(join(folder, source), clip), join(folder, `out.${output}`), way);
    expect(sync.events).toBe(way === 'cut' ? 5 : 6);
    expect(Math.abs(sync.worstMs)).toBeLessThanOrEqual(1);
    expect(Math.abs(sync.flashMs)).toBeLessThanOrEqual(1);
  });
});
