/** Audio of live sources: in step with their pictures, and as loud as a run is asked to make them. */
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { camera, frames, grid, pipeline, video } from '../../src/index.js';
import { folderFor, noAddon } from './clips.js';
import { loudest, served } from './live-clips.js';
import { closed, codeOf, sleep, within } from './outcomes.js';
import { endPeers } from './peers.js';
import { audioCodecs, eventTimes, measured, syncClip } from './sync-clips.js';

let folder: string;
let clip: string;
beforeAll(() => {
  folder = folderFor('live-audio');
  clip = syncClip(join(folder, 'clip.mp4'), { seconds: 5, audio: audioCodecs.aac });
});
afterEach(endPeers);

describe.skipIf(noAddon !== undefined)('audio of live sources', () => {
  test('beeps with its flashes, until it is muted', { retry: 2, timeout: 20_000 }, async () => {
    const out = join(folder, 'live.mkv');
    // A simulated GPU decodes what is in files, and this stream is in none.
    const run = await pipeline(camera((await served(clip)).url, { id: 'cam', reconnect: 0, decoder: 'software' }))
      .encode(out, { profile: 'realtime' })
      .start();
    let muted = false;
    const watched = async () => {
      for await (const { timeMs } of run) {
        if (muted || timeMs < 3000) continue;
        muted = true;
        run.audio({ sources: { cam: 0 } });
      }
    };
    await within(10_000, watched());
    const { outputs } = await run.report();
    await closed(run);
    expect(outputs[0]).toMatchObject({ hasAudio: true, silence: [{ source: 'cam' }] });
    const sync = measured(out, eventTimes({ seconds: 5 }));
    expect(sync.events).toBeGreaterThanOrEqual(2);
    expect(Math.abs(sync.worstMs)).toBeLessThan(40);
    expect(loudest(out, 0, 2)).toBeGreaterThan(0.3);
    expect(loudest(out, 3.3, 4.2)).toBe(0);
  });

  test('is that of files beside them too, by the gains that are asked for', { retry: 2, timeout: 20_000 }, async () => {
    const out = join(folder, 'beside.mkv');
    let over = false;
    async function* paced() {
      while (!over) {
        yield new Uint8Array(64 * 48 * 3);
        await sleep(40);
      }
    }
    const run = await pipeline(
      video(clip, { id: 'file' }),
      frames(paced(), { width: 64, height: 48, fps: 25, id: 'live', live: true }),
    )
      .compose(grid({ width: 128, height: 64, fps: 25 }))
      .encode(out, { profile: 'realtime', audio: { file: 0 } })
      .start();
    const refused = (options: unknown) =>
      codeOf(
        Promise.resolve().then(() => run.audio(options as { only: string })),
        1000,
      );
    expect(await refused({ sources: { nobody: 1 } })).toBe('INVALID_ARGUMENT');
    expect(await refused({ sources: { live: 1 } })).toBe('INVALID_ARGUMENT');
    expect(await refused({ only: 'nobody' })).toBe('INVALID_ARGUMENT');
    expect(await refused({ composition: 'other', only: 'file' })).toBe('INVALID_ARGUMENT');
    for (const sources of [{ file: -1 }, { file: 101 }, { file: Number.NaN }, {}, { file: '1' }])
      expect(await refused({ sources })).toBe('INVALID_ARGUMENT');
    expect(await refused({})).toBe('INVALID_ARGUMENT');
    await sleep(1000);
    run.audio({ only: 'file' });
    await sleep(1000);
    over = true;
    await run.close();
    expect(loudest(out, 0, 0.9)).toBe(0);
    expect(loudest(out, 1.2, 1.9)).toBeGreaterThan(0.3);
  });

  test('of a live source that a composition does not show is refused', async () => {
    const run = pipeline(video(clip, { id: 'a' }), camera((await served(clip)).url, { id: 'b', reconnect: 0 }))
      .compose(grid({ tiles: ['a'], width: 64, height: 48 }), { sources: ['a'] })
      .encode(join(folder, 'unshown.mp4'), { audio: 'b' });
    expect(await codeOf(run.start(), 10_000)).toBe('INVALID_ARGUMENT');
  });

  test('of one alone is refused where an output copies that of another', async () => {
    const run = await pipeline(video(clip, { id: 'a' }), video(clip, { id: 'b' }))
      .compose(grid({ width: 128, height: 48 }))
      .encode(join(folder, 'both.mp4'), { audio: 'mix' })
      .encode(join(folder, 'copy.mp4'), { audio: 'b' })
      .start();
    expect(
      await codeOf(
        Promise.resolve().then(() => run.audio({ only: 'a' })),
        1000,
      ),
    ).toBe('INVALID_ARGUMENT');
    await run.close();
  });

  test('that never comes is in the report', async () => {
    const out = join(folder, 'never.mp4');
    const run = await pipeline(video(clip, { id: 'a', endMs: 200 }))
      .compose(grid({ tiles: ['a'], width: 64, height: 48 }), { sources: ['a'] })
      .encode(out, { audio: { typo: 1 } })
      .start();
    await run.done;
    expect((await run.report()).recoveries).toMatchObject([
      { where: out, what: 'no audio', reason: expect.stringContaining('"typo"') },
    ]);
  });

  test('is refused where packets are copied, and of sources that a composition does not have', async () => {
    const run = await pipeline(video(clip, { id: 'file' }))
      .encode(join(folder, 'copied.mp4'))
      .start();
    expect(
      await codeOf(
        Promise.resolve().then(() => run.audio({ only: 'file' })),
        1000,
      ),
    ).toBe('INVALID_ARGUMENT');
    await run.close();
    for (const audio of [{}, { file: 200 }, { file: 'loud' }] as unknown as { file: number }[])
      expect(() => pipeline(video(clip, { id: 'file' })).encode(join(folder, 'x.mp4'), { audio })).toThrow('gains');
    const other = pipeline(video(clip, { id: 'a' }), video(clip, { id: 'b' }))
      .compose(grid({ tiles: ['a'], width: 64, height: 48 }), { sources: ['a'] })
      .encode(join(folder, 'x.mp4'), { audio: { b: 1 } });
    expect(await codeOf(other.start(), 5000)).toBe('INVALID_ARGUMENT');
  });
});
