/** Network outputs that are connected again: what takes longer. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { pipeline, type Run, video } from '../../src/index.js';
import { folderFor, noAddon, patternClip } from './clips.js';
import { closed, within } from './outcomes.js';
import { endPeers, freePort, tcpPeer, until } from './peers.js';
import { played } from './received.js';

let folder: string;
let clip: string;

beforeAll(() => {
  folder = folderFor('output-reconnect');
  clip = patternClip(join(folder, 'clip.mp4'), { seconds: 4, keyframes: 10 });
}, 60_000);
afterEach(endPeers);

const fast = { profile: 'realtime', audio: 'first' } as const;

const output = async (run: Run) => (await run.report()).outputs[0]!;

describe.skipIf(noAddon !== undefined)('an output whose peer comes back', () => {
  test('was down at the start, and is streamed to once it is there', async () => {
    const port = await freePort();
    const url = `tcp://127.0.0.1:${port}`;
    const run = await pipeline(video(clip, { endMs: 2000 }))
      .encode(url, { ...fast, realtime: true })
      .start();
    const done = run.done;
    expect((await output(run)).connection).toBe('away');
    const peer = await tcpPeer(port);
    await within(20_000, done, 'the run');
    const { outputs, recoveries } = await closed(run);
    expect(outputs).toMatchObject([{ complete: true, reconnects: 1 }]);
    expect(recoveries.map(({ what }) => what)).toEqual([
      'output down at the start, is tried again',
      'output lost, connected again',
    ]);
    expect(played(peer.received[0]!, join(folder, 'late.ts')).frames).toBe(outputs[0]!.frames);
  });

  test('at full speed is waited for', async () => {
    const noise = join(folder, 'noise.mkv'); // more than the buffers of two sockets hold, at any compression
    const filter = 'color=gray:size=640x360:rate=25:duration=4,noise=alls=100:allf=t';
    execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', filter, '-c:v', 'ffv1', noise]);
    const port = await freePort();
    const first = await tcpPeer(port, { reads: false });
    const options = { ...fast, bitrate: 40e6, keyframeIntervalMs: 200 };
    const run = await pipeline(video(noise)).encode(`tcp://127.0.0.1:${port}`, options).start();
    const done = run.done;
    await until('the connection', () => first.received.length);
    await first.kill();
    const again = await tcpPeer(port);
    await within(60_000, done, 'the run');
    const { outputs } = await closed(run);
    expect(outputs).toMatchObject([{ complete: true, reconnects: 1 }]);
    expect(outputs[0]!.frames + outputs[0]!.lost).toBe(100);
    expect(outputs[0]!.lost).toBeLessThan(20);
    expect(played(again.received[0]!, join(folder, 'whole.ts')).frames).toBeGreaterThan(10);
  });

  test('has failed when its attempts are used up; the other output goes on', async () => {
    const port = await freePort();
    const peer = await tcpPeer(port);
    const run = await pipeline(video(clip, { endMs: 3000 }))
      .encode(`tcp://127.0.0.1:${port}`, { ...fast, name: 'live', realtime: true, reconnect: 2 })
      .encode(join(folder, 'goes-on.mkv'), fast)
      .start();
    const done = run.done;
    await until('the stream', () => peer.received[0]?.length);
    await peer.kill();
    await within(20_000, done, 'the run');
    const { outputs, recoveries } = await closed(run);
    expect(outputs[0]).toMatchObject({ complete: false, connection: 'closed', error: { code: 'OUTPUT_FAILED' } });
    expect(outputs[0]!.error!.message).toMatch(/2 attempts/);
    expect(outputs[1]).toMatchObject({ complete: true, frames: 75 });
    expect(recoveries).toMatchObject([{ where: 'live', what: 'output lost, the others went on' }]);
  });
});
