/** Network outputs: sent at their own speed, and connected again. The peers are sockets of this process. */
import { createSocket } from 'node:dgram';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { pipeline, type Run, video } from '../../src/index.js';
import { decoded, folderFor, noAddon, patternClip } from './clips.js';
import { closed, codeOf, sleep, within } from './outcomes.js';
import { endPeers, freePort, tcpPeer, until } from './peers.js';
import { played } from './received.js';

let folder: string;
let clip: string;

beforeAll(() => {
  folder = folderFor('broadcast');
  clip = patternClip(join(folder, 'clip.mp4'), { seconds: 4, keyframes: 10 });
}, 60_000);
afterEach(endPeers);

const fast = { profile: 'realtime', audio: 'first' } as const;

const output = async (run: Run) => (await run.report()).outputs[0]!;

describe.skipIf(noAddon !== undefined)('realtime', () => {
  async function sentOverUdp(realtime: boolean) {
    const socket = createSocket('udp4');
    const arrivals: number[] = [];
    socket.on('message', () => arrivals.push(performance.now()));
    await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
    const url = `udp://127.0.0.1:${socket.address().port}?pkt_size=1316`;
    const run = await pipeline(video(clip, { endMs: 3000 }))
      .encode(url, { ...fast, realtime })
      .start();
    const startMs = performance.now();
    await within(20_000, run.done, 'the run');
    const wallMs = performance.now() - startMs;
    const report = await closed(run);
    socket.close();
    return { wallMs, arrivals, report };
  }

  test('a file goes out at its own speed, in small pieces; without it as fast as it is encoded', async () => {
    const paced = await sentOverUdp(true);
    expect(paced.wallMs).toBeGreaterThan(2800);
    for (let from = paced.arrivals[0]!; from + 1000 < paced.arrivals.at(-1)!; from += 500) {
      const share = paced.arrivals.filter((at) => at >= from && at < from + 1000).length / paced.arrivals.length;
      expect(share).toBeGreaterThan(0.2);
      expect(share).toBeLessThan(0.5);
    }
    expect(paced.report.outputs).toMatchObject([{ frames: 75, complete: true, connection: 'closed', lost: 0 }]);
    const free = await sentOverUdp(false);
    expect(free.wallMs).toBeLessThan(paced.wallMs);
    expect(free.report.outputs).toMatchObject([{ frames: 75, complete: true }]);
  });

  test('is closed at once', async () => {
    const run = await pipeline(video(clip))
      .encode(join(folder, 'closed.ts'), { ...fast, realtime: true })
      .start();
    run.done.catch(() => undefined);
    await sleep(300);
    await within(2000, run.close(), 'close()');
    expect((await closed(run)).outputs).toMatchObject([{ connection: 'none', complete: false }]);
  });
});

describe.skipIf(noAddon !== undefined)('an output whose peer comes back', () => {
  test('goes on with a keyframe; another output notices nothing', async () => {
    const port = await freePort();
    const url = `tcp://127.0.0.1:${port}`;
    const first = await tcpPeer(port);
    const file = join(folder, 'beside.mkv');
    const run = await pipeline(video(clip))
      .encode(url, { ...fast, name: 'live', realtime: true, keyframeIntervalMs: 60_000 })
      .encode(file, { ...fast, name: 'record' })
      .start();
    const done = run.done;
    await until('the stream', () => first.received[0] && Buffer.concat(first.received[0]).length > 5_000);
    expect((await output(run)).connection).toBe('open');
    await first.kill();
    await until('the loss', async () => (await output(run)).connection === 'away');
    const again = await tcpPeer(port);
    await until('the return', async () => (await output(run)).reconnects === 1);
    await within(20_000, done, 'the run');
    const { outputs, recoveries } = await closed(run);
    const [live, record] = outputs;
    expect(live).toMatchObject({ name: 'live', complete: true, reconnects: 1, connection: 'closed' });
    expect(live!.error).toBeUndefined();
    expect(live!.lost).toBeGreaterThan(0);
    expect(live!.frames + live!.lost).toBe(100);
    expect(record).toMatchObject({ frames: 100, complete: true, lost: 0, reconnects: 0, connection: 'none' });
    expect(decoded(file).frames).toBe(100);
    expect(recoveries).toMatchObject([{ where: 'live', what: 'output lost, connected again' }]);
    expect(recoveries[0]!.reason).toMatch(/attempt \d of 10/);
    const back = played(again.received.at(-1)!, join(folder, 'back.ts'));
    expect(back.audio).toBe(true);
    expect(back.frames).toBeGreaterThan(10);
    expect(back.frames).toBeLessThan(live!.frames);
  });

  test('does not hold up a realtime output beside it, whatever its own speed', async () => {
    const [port, lostPort] = [await freePort(), await freePort()];
    await tcpPeer(port);
    const peer = await tcpPeer(lostPort);
    const run = await pipeline(video(clip))
      .encode(`tcp://127.0.0.1:${port}`, { ...fast, name: 'steady', realtime: true })
      .encode(`tcp://127.0.0.1:${lostPort}`, { ...fast, name: 'away', reconnect: Number.POSITIVE_INFINITY })
      .start();
    const done = run.done.catch(() => undefined);
    await until('the stream', () => peer.received[0]?.length);
    await peer.kill();
    await within(20_000, done, 'the run');
    const { outputs } = await closed(run);
    expect(outputs[0]).toMatchObject({ name: 'steady', frames: 100, lost: 0, complete: true });
    expect(outputs[1]).toMatchObject({ name: 'away', complete: false, error: { code: 'OUTPUT_FAILED' } });
    expect(outputs[1]!.lost).toBeGreaterThan(0);
  });

  test.each([{ required: true }, { reconnect: 0 }, { realtime: false }])(
    'fails start() when it is down, with %o',
    async (options) => {
      const url = `tcp://127.0.0.1:${await freePort()}`;
      const starting = pipeline(video(clip))
        .encode(url, { ...fast, realtime: true, ...options })
        .start();
      expect(await codeOf(starting)).toBe('OUTPUT_UNWRITABLE');
    },
  );

  test('is closed at once while it is away', async () => {
    const port = await freePort();
    const peer = await tcpPeer(port);
    const run = await pipeline(video(clip))
      .encode(`tcp://127.0.0.1:${port}`, { ...fast, realtime: true, reconnect: Number.POSITIVE_INFINITY })
      .start();
    run.done.catch(() => undefined);
    await until('the stream', () => peer.received[0]?.length);
    await peer.kill();
    await until('the loss', async () => (await output(run)).connection === 'away');
    await within(2000, run.close(), 'close()');
    expect((await closed(run)).outputs).toMatchObject([{ complete: false, connection: 'closed' }]);
  });
});
