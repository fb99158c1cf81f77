/** Audio of live sources over real connections: lost and back, mixed, from a process of its own, to a URL. */
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { camera, grid, pipeline, video } from '../../src/index.js';
import { folderFor, noAddon } from './clips.js';
import { loudest, served } from './live-clips.js';
import { closed, sleep, within } from './outcomes.js';
import { endPeers, ffmpegPeer, freeUdpPort, isOpen, until } from './peers.js';
import { audioCodecs, eventTimes, measured, syncClip } from './sync-clips.js';

let folder: string;
let clip: string;
beforeAll(() => {
  folder = folderFor('live-audio-full');
  clip = syncClip(join(folder, 'clip.mp4'), { seconds: 12, audio: audioCodecs.aac });
});
afterEach(endPeers);

async function ended(run: { done: Promise<unknown> }) {
  await within(
    20_000,
    run.done.catch(() => undefined),
  );
}

describe.skipIf(noAddon !== undefined)('audio of live sources', () => {
  test('is silent while one is lost, and in step again when it is back', { retry: 2, timeout: 60_000 }, async () => {
    const out = join(folder, 'back.mkv');
    const first = await served(clip);
    const run = await pipeline(camera(first.url, { id: 'cam', reconnect: Number.POSITIVE_INFINITY }))
      .encode(out, { profile: 'realtime' })
      .start();
    const done = ended(run);
    await sleep(3500);
    await first.peer.kill();
    await sleep(1500);
    await served(clip, first.port);
    await sleep(6000);
    const { recoveries } = await run.report();
    await run.close();
    await done;
    const { outputs } = await closed(run);
    expect(recoveries.map(({ what }) => what)).toContain('lost, connected again');
    expect(outputs[0]!.silence[0]!.ms).toBeGreaterThan(1000);
    expect(loudest(out, 4.3, 4.7)).toBe(0);
    const sync = measured(out, eventTimes({ seconds: 12 }));
    expect(sync.events).toBeGreaterThanOrEqual(6);
    expect(Math.abs(sync.worstMs)).toBeLessThan(40);
  });

  test('is mixed, by the gains that are asked for', { retry: 2, timeout: 60_000 }, async () => {
    const out = join(folder, 'mixed.mp4');
    const hum = join(folder, 'hum.mp4');
    const tone = ffmpegPeer(
      ...['-v', 'error', '-f', 'lavfi', '-i', 'color=black:s=64x48:r=25:d=12', '-f', 'lavfi'],
      ...['-i', 'sine=200:r=44100:d=12,volume=2', '-c:v', 'libx264', '-c:a', 'aac', hum],
    );
    expect(await tone.ended).toBe(0);
    const run = await pipeline(
      camera((await served(clip)).url, { id: 'beeps', reconnect: 0 }),
      camera((await served(hum)).url, { id: 'hum', reconnect: 0 }),
    )
      .compose(grid({ width: 128, height: 48, fps: 25 }))
      .encode(out, { profile: 'realtime', audio: 'mix' })
      .start();
    const done = ended(run);
    await sleep(3000);
    run.audio({ only: 'beeps' });
    await sleep(4000);
    await run.close();
    await done;
    await closed(run);
    // Between two beeps.
    const quietest = (times: number[]) => Math.min(...times.map((from) => loudest(out, from, from + 0.1)));
    const hummed = quietest([1.4, 1.6, 1.8, 2, 2.2]);
    expect(hummed).toBeGreaterThan(0.1);
    expect(hummed).toBeLessThan(0.3);
    expect(loudest(out, 1, 2.5)).toBeGreaterThan(0.3);
    expect(quietest([4.4, 4.6, 4.8])).toBeLessThan(0.001);
    expect(loudest(out, 4, 6)).toBeGreaterThan(0.3);
  });

  test('is not missing after the end of one', { retry: 2, timeout: 60_000 }, async () => {
    const out = join(folder, 'ended.mkv');
    const run = await pipeline(
      camera((await served(clip)).url, { id: 'on', reconnect: 0 }),
      video((await served(clip)).url, { id: 'ended', live: true, reconnect: 0, endMs: 1000 }),
    )
      .compose(grid({ width: 128, height: 48, fps: 25 }))
      .encode(out, { profile: 'realtime', audio: 'mix' })
      .start();
    const done = ended(run);
    await sleep(5000);
    await run.close();
    await done;
    const { outputs } = await closed(run);
    expect(outputs[0]!.durationMs).toBeGreaterThan(4000);
    expect(outputs[0]!.silence.find(({ source }) => source === 'ended')!.ms).toBeLessThan(2000);
  });

  test('comes from a process of its own', { retry: 2, timeout: 60_000 }, async () => {
    const out = join(folder, 'isolated.mkv');
    const run = await pipeline(
      camera((await served(clip)).url, { id: 'cam', reconnect: 0, limits: { isolation: 'process' } }),
    )
      .encode(out, { profile: 'realtime' })
      .start();
    const done = ended(run);
    await sleep(6000);
    await run.close();
    await done;
    await closed(run);
    const sync = measured(out, eventTimes({ seconds: 12 }));
    expect(sync.events).toBeGreaterThanOrEqual(3);
    expect(Math.abs(sync.worstMs)).toBeLessThan(40);
  });

  test('goes to URLs and to readers of packets, and its pictures do not wait', {
    retry: 2,
    timeout: 60_000,
  }, async () => {
    const port = await freeUdpPort();
    const out = join(folder, 'received.ts');
    const source = await served(clip);
    const receiver = ffmpegPeer('-v', 'error', '-i', `udp://127.0.0.1:${port}`, '-t', '5', '-c', 'copy', out);
    await until('the receiver', () => isOpen('udp', port));
    const run = await pipeline(camera(source.url, { id: 'cam', reconnect: 0 }))
      .encode(`udp://127.0.0.1:${port}?pkt_size=1316`)
      .encode(null, { name: 'packets', audio: 'first', latency: 'low' })
      .start();
    const done = ended(run);
    const times: Record<string, number[]> = { audio: [], video: [] };
    const reading = (async () => {
      for await (const packet of run.packets('packets')) times[packet.stream]!.push(packet.ptsUs);
    })();
    expect(await receiver.ended).toBe(0);
    const { outputs } = await run.report();
    await run.close();
    await done;
    await reading;
    await closed(run);
    for (const list of Object.values(times)) expect(list.length).toBeGreaterThan(80);
    for (const output of outputs) expect(output.latencyMs.p50).toBeLessThan(250);
    const sync = measured(out, eventTimes({ seconds: 12 }));
    expect(sync.events).toBeGreaterThanOrEqual(3);
    expect(Math.abs(sync.worstMs)).toBeLessThan(40);
  });
});
