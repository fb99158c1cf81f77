/** Clips of live sources around an event: what takes longer. */
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { camera, pipeline } from '../../src/index.js';
import { decoded, folderFor, noAddon } from './clips.js';
import { hashes, into, LiveClip, refused } from './live-clip.js';
import { closed, sleep, within } from './outcomes.js';
import { endPeers, ffmpegPeer, freePort, isOpen, until } from './peers.js';

let folder: string;
let live: LiveClip;

beforeAll(() => {
  folder = folderFor('recorder-full');
  live = new LiveClip(folder);
}, 60_000);
afterEach(endPeers);

describe.skipIf(noAddon !== undefined)('run.record()', () => {
  test('goes on behind a gap when the source is lost meanwhile', async () => {
    const { run, port, peer } = await live.recorded();
    await until('a second', async () => (await into(run)) > 25);
    const path = join(folder, 'gap.mkv');
    const recording = run.record('door', path, { preMs: 500, postMs: 3500 });
    await sleep(300);
    await peer.kill();
    await sleep(300);
    await live.send(port);
    const { gaps, complete, frames, durationMs } = await within(20_000, recording, 'the recording');
    expect({ gaps, complete }).toEqual({ gaps: 1, complete: true });
    expect(durationMs).toBeGreaterThan(frames * 40 + 200);
    expect(durationMs).toBeLessThan(6000);
    expect(hashes(path).length).toBe(frames);
    await closed(run);
  });

  test('ends with the source, and with the run, as it is then', async () => {
    const { run } = await live.recorded({ recorder: {}, reconnect: 0 });
    await until('a second', async () => (await into(run)) > 25);
    const path = join(folder, 'closed.mp4');
    const recording = run.record('door', path, { postMs: 60_000 });
    await sleep(300);
    await within(2000, run.close(), 'close()');
    const { complete, frames } = await within(1000, recording, 'the recording');
    expect(complete).toBe(false);
    live.expectPart(path, frames);
    expect(await refused(run.record('door', join(folder, 'after.mp4')))).toMatchObject({ code: 'RUN_CLOSED' });
    expect((await run.report()).recordings).toMatchObject([{ path, frames, complete: false }]);

    const other = await live.recorded();
    await until('a second', async () => (await into(other.run)) > 25);
    const atOnce = other.run.record('door', join(folder, 'at-once.mkv'));
    await sleep(50); // it has begun
    await other.run.close();
    expect((await within(1000, atOnce)).frames).toBeGreaterThan(15); // what was kept
  });

  test('keeps no more bytes than it may, in whole groups of pictures', async () => {
    const { run } = await live.recorded({ recorder: { preMs: 60_000, maxBytes: 100_000 } });
    await until('two seconds', async () => (await into(run)) > 60);
    const { bytes, frames, path } = await run.record('door', join(folder, 'bytes.mkv'), { postMs: 0 });
    expect(bytes).toBeLessThanOrEqual(100_000);
    live.expectPart(path, frames);
    await closed(run);
  });

  test('keeps the G.711 of a camera in Matroska, and leaves it out of MP4, which is a recovery', async () => {
    const port = await freePort();
    const audio = ['-c:v', 'copy', '-c:a', 'pcm_alaw', '-ar', '8000', '-ac', '1'];
    ffmpegPeer('-v', 'error', '-re', '-i', live.path, ...audio, '-f', 'matroska', `tcp://127.0.0.1:${port}?listen=1`);
    await until('the sender', () => isOpen('tcp', port));
    const source = camera(`tcp://127.0.0.1:${port}`, { id: 'door', recorder: {} });
    const run = await within(20_000, pipeline(source).start(), 'start()');
    run.done.catch(() => undefined);
    await until('a second', async () => (await into(run)) > 25);
    const paths = ['g711.mkv', 'g711.mp4'].map((name) => join(folder, name));
    const clips = await Promise.all(paths.map((path) => run.record('door', path, { postMs: 0 })));
    expect(clips.map(({ hasAudio }) => hasAudio)).toEqual([true, false]);
    expect(paths.map((path) => decoded(path).audio)).toEqual([true, false]);
    expect((await closed(run)).recoveries).toMatchObject([
      { where: 'door', what: 'audio left out of a recording', reason: expect.stringMatching(/pcm_alaw.*mkv/) },
    ]);
  });
});
