/** Live sources on one canvas, over real connections: each shows what it has, and costs the others nothing. */
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { camera, grid, pipeline } from '../../src/index.js';
import { folderFor, noAddon } from './clips.js';
import { closed, sleep, within } from './outcomes.js';
import { endLater, endPeers, ffmpegPeer, freePort, isOpen, until } from './peers.js';
import { numberedClip, numberIn, type Pictures, pictures } from './pictures.js';
import { rtspServer } from './rtsp-server.js';

let folder: string;
let clip: string;
let slow: string;

beforeAll(() => {
  folder = folderFor('live-canvas');
  clip = numberedClip(join(folder, 'clip.mp4'));
  slow = numberedClip(join(folder, 'slow.mp4'), { seconds: 8, fps: 5 });
}, 120_000);
afterEach(endPeers);

/** The clip at its own pace, for ever, to whoever connects first. */
async function tcpServer(file: string, port: number) {
  const peer = ffmpegPeer(
    ...['-v', 'error', '-re', '-stream_loop', '-1', '-i', file, '-map', '0:v', '-c', 'copy'],
    ...['-f', 'mpegts', `tcp://127.0.0.1:${port}?listen=1`],
  );
  await until('the sender', () => isOpen('tcp', port));
  return peer;
}

/** Takes connections and sends nothing. */
async function silentServer(): Promise<number> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.on('error', () => socket.destroy())));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  endLater({
    kill: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  return (server.address() as { port: number }).port;
}

/** Which of the canvases from `from` to `to` show another number than the one before. */
function distinct(canvases: Pictures, tile: [number, number, number, number], from: number, to: number): number {
  let n = 0;
  for (let i = from; i < to; i++) if (numberIn(canvases, i, tile) !== numberIn(canvases, i - 1, tile)) n++;
  return n / (to - from);
}

const third = 1 / 3;

describe.skipIf(noAddon !== undefined)('live sources in a grid', () => {
  test('one killed and back, one slow, one silent, one down: the healthy one keeps its rate', {
    retry: 2,
    timeout: 60_000,
  }, async () => {
    // a machine that stands still spoils one attempt
    const killedPort = await freePort();
    const slowPort = await freePort();
    const downPort = await freePort();
    const healthy = await rtspServer(clip, await freePort());
    const killed = await tcpServer(clip, killedPort);
    await tcpServer(slow, slowPort);
    const silentPort = await silentServer();
    const out = join(folder, 'cameras.mp4');
    const startedMs = performance.now();
    const run = await pipeline(
      camera(healthy.url, { id: 'healthy' }),
      camera(`tcp://127.0.0.1:${killedPort}`, { id: 'killed', reconnect: Number.POSITIVE_INFINITY }),
      camera(`tcp://127.0.0.1:${slowPort}`, { id: 'slow' }),
      camera(`tcp://127.0.0.1:${silentPort}`, { id: 'silent' }),
      camera(`tcp://127.0.0.1:${downPort}`, { id: 'down', reconnect: Number.POSITIVE_INFINITY }),
    )
      .compose(grid({ width: 960, height: 480, fps: 25, staleAfterMs: 1500 }))
      .encode(out, { profile: 'realtime' })
      .start();
    expect(performance.now() - startedMs).toBeLessThan(8000);
    const done = run.done;
    await sleep(2500);
    await killed.kill();
    await sleep(3000);
    await tcpServer(clip, killedPort);
    await tcpServer(clip, downPort);
    await sleep(4500);
    const { sources, recoveries, outputs } = await run.report();
    await run.close();
    await within(
      10_000,
      done.catch(() => undefined),
    );
    expect(await closed(run)).toMatchObject({ outputs: [{ path: out }] });
    const canvases = pictures(out, 320, 160);
    const tile: [number, number, number, number] = [0, 0, third, 0.5];
    let from = 1;
    while (numberIn(canvases, from - 1, tile) < 0) from++;
    const share = distinct(canvases, tile, from, canvases.count);
    const byId = Object.fromEntries(sources.map((source) => [source.id, source]));
    expect(share).toBeGreaterThanOrEqual(0.98);
    expect(canvases.count).toBeGreaterThan(200);
    expect(outputs[0]!.frames).toBeGreaterThan(200);
    expect(byId.killed!.reconnects).toBeGreaterThanOrEqual(1);
    expect(byId.slow!.canvas!.repeated).toBeGreaterThan(3 * byId.slow!.canvas!.shown);
    expect(byId.silent!.canvas).toMatchObject({ shown: 0, repeated: 0 });
    expect(byId.down!.canvas!.shown).toBeGreaterThan(20);
    expect(byId.down).toMatchObject({ width: 320, height: 240 });
    expect(recoveries.map(({ where, what }) => `${where}: ${what}`)).toEqual(
      expect.arrayContaining([
        'down: down at the start, is tried again',
        'killed: lost, connected again',
        'silent: silent',
      ]),
    );
  });
});
