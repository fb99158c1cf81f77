/** Streams over the network, on loopback, with ffmpeg as the peer. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { camera, FramepathError, frames, grid, pipeline, type Run, type Source, video } from '../../src/index.js';
import { colorClip, decoded, folderFor, meanColor, noAddon, patternClip } from './clips.js';
import { closed, codeOf, count, sleep, within } from './outcomes.js';
import { endLater, endPeers, ffmpegPeer, freePort, freeUdpPort, httpFolder, isOpen, until } from './peers.js';
import { rtspServer } from './rtsp-server.js';

let folder: string;
let clip: string;
let red: string;

beforeAll(() => {
  folder = folderFor('network');
  clip = patternClip(join(folder, 'clip.mp4'), { seconds: 4, keyframes: 10 });
  const front = ['-i', clip, '-c', 'copy', '-movflags', '+faststart', join(folder, 'front.mp4')];
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...front]);
  red = colorClip(join(folder, 'red.mp4'), 'red', { seconds: 8 });
}, 120_000);
afterEach(endPeers);

const patience = 60_000;
/** The clip at its own pace, for ever. */
const looped = () => ['-v', 'error', '-re', '-stream_loop', '-1', '-i', clip, '-map', '0:v', '-c', 'copy'];

/** TCP and UDP sockets that this process has open. */
function networkSockets(): number {
  const known = ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((table) =>
    readFileSync(`/proc/self/net/${table}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/)[9]),
  );
  const inodes = new Set<string | undefined>(known);
  const targets = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // closed meanwhile
    }
  });
  return targets.filter((target) => inodes.has(/^socket:\[(\d+)\]$/.exec(target)?.[1])).length;
}

interface Seen {
  source: string;
  index: number;
  timeMs: number;
  width: number;
  height: number;
}

/** The first `n` frames of a run, which goes on. */
async function first(run: Run, n: number): Promise<Seen[]> {
  const seen: Seen[] = [];
  const iterator = run[Symbol.asyncIterator]();
  while (seen.length < n) {
    const { value, done } = await within(patience, iterator.next(), `frame ${seen.length}`);
    if (done) break;
    seen.push({
      source: value.source,
      index: value.index,
      timeMs: value.timeMs,
      width: value.width,
      height: value.height,
    });
  }
  return seen;
}

function expectStream(seen: Seen[], n: number): void {
  expect(seen.length).toBe(n);
  expect(seen.at(-1)!.timeMs - seen[0]!.timeMs).toBeGreaterThan((n - 1) * 20); // half of 25 a second, at least
  for (const { width, height } of seen) expect([width, height]).toEqual([320, 240]);
  for (let i = 1; i < n; i++) {
    expect(seen[i]!.timeMs).toBeGreaterThanOrEqual(seen[i - 1]!.timeMs);
    expect(seen[i]!.index).toBeGreaterThan(seen[i - 1]!.index);
  }
}

/** Starts with the source, takes frames, closes. */
async function taken(source: Source, n = 40) {
  const run = await within(patience, pipeline(source).start(), 'start()');
  const seen = await first(run, n);
  const report = await closed(run);
  expectStream(seen, n);
  return report.sources[0]!;
}

describe.skipIf(noAddon !== undefined)('a source over', () => {
  test('UDP (MPEG-TS)', async () => {
    const port = await freeUdpPort();
    ffmpegPeer(...looped(), '-f', 'mpegts', `udp://127.0.0.1:${port}?pkt_size=1316`);
    await taken(video(`udp://127.0.0.1:${port}`));
  });

  test('UDP, with audio, is encoded with it', async () => {
    const url = `udp://127.0.0.1:${await freeUdpPort()}`;
    const both = ['-v', 'error', '-re', '-stream_loop', '-1', '-i', clip, '-c', 'copy'];
    ffmpegPeer(...both, '-f', 'mpegts', `${url}?pkt_size=1316`);
    const out = join(folder, 'with-audio.mp4');
    const run = await within(patience, pipeline(video(url)).encode(out, { profile: 'realtime' }).start(), 'start()');
    await first(run, 30);
    const { recoveries } = await closed(run);
    expect(recoveries).toEqual([]);
    const { frames: n, audio } = decoded(out);
    expect(n).toBeGreaterThan(0);
    expect(audio).toBe(true);
  });

  test('TCP (MPEG-TS), to the end of the stream', async () => {
    const port = await freePort();
    ffmpegPeer('-v', 'error', '-i', clip, '-c', 'copy', '-f', 'mpegts', `tcp://127.0.0.1:${port}?listen=1`);
    await until('the sender', () => isOpen('tcp', port));
    const run = await pipeline(video(`tcp://127.0.0.1:${port}`, { live: false })).start();
    expect(await within(patience, count(run))).toBe(100);
    await closed(run);
  });

  test('SRT, called and calling', async () => {
    const port = await freeUdpPort();
    ffmpegPeer(...looped(), '-f', 'mpegts', `srt://127.0.0.1:${port}?mode=listener`);
    await until('the sender', () => isOpen('udp', port));
    await taken(video(`srt://127.0.0.1:${port}`));

    const own = await freeUdpPort();
    const starting = taken(video(`srt://127.0.0.1:${own}?mode=listener`));
    await until('our listener', () => isOpen('udp', own));
    ffmpegPeer(...looped(), '-f', 'mpegts', `srt://127.0.0.1:${own}`);
    await starting;
  });

  test('RTSP', async () => {
    const server = await rtspServer(clip, await freePort());
    await taken(camera(server.url));
    expect(server.plays()).toBe(1);
  });

  test('RTMP', async () => {
    const port = await freePort();
    ffmpegPeer(...looped(), '-f', 'flv', '-listen', '1', `rtmp://127.0.0.1:${port}/live/clip`);
    await until('the sender', () => isOpen('tcp', port));
    await taken(video(`rtmp://127.0.0.1:${port}/live/clip`));
  });

  test.each([true, false])('HTTP, a server with ranges: %s', async (ranges) => {
    const server = await httpFolder(folder, { ranges });
    const run = await pipeline(video(`${server.url}/front.mp4`, { startMs: ranges ? 2000 : 0 })).start();
    expect(await within(patience, count(run))).toBe(ranges ? 50 : 100);
    await closed(run);
    expect(server.requests.length).toBeGreaterThan(0);
  });

  test('HLS over HTTP, while its playlist grows', async () => {
    const live = join(folder, 'live');
    mkdirSync(live);
    const hls = ['-f', 'hls', '-hls_time', '1', '-hls_list_size', '5', '-hls_flags', 'delete_segments+temp_file'];
    ffmpegPeer(...looped(), ...hls, join(live, 'live.m3u8'));
    const server = await httpFolder(live);
    const listed = () => fetch(`${server.url}/live.m3u8`).then(async (r) => r.ok && /live1\.ts/.test(await r.text()));
    await until('two segments', listed);
    await taken(video(`${server.url}/live.m3u8`), 150);
    const asked = server.requests.filter((request) => request.startsWith('GET /live.m3u8')).length;
    expect(asked).toBeGreaterThan(3); // read again as it grew
  });
});

describe.skipIf(noAddon !== undefined)('an output to', () => {
  const red50 = () => video(red, { endMs: 2000 });
  /** Streams two seconds of red there; what the peer took down is looked at. */
  async function received(url: string, file: string, peer: ReturnType<typeof ffmpegPeer>, ends = [0]) {
    const run = await within(patience, pipeline(red50()).encode(url, { profile: 'realtime' }).start(), 'start()');
    await within(patience, run.done, 'the run');
    const { outputs } = await closed(run);
    expect(outputs).toMatchObject([{ path: url, frames: 50, complete: true, hasAudio: true }]);
    const status = await within(patience, peer.ended, 'the peer');
    expect(ends, peer.log()).toContain(status);
    const { frames: n, width, height, audio } = decoded(file);
    expect({ n, width, height, audio }).toEqual({ n: 50, width: 320, height: 240, audio: true });
    const [r, g, b] = meanColor(file);
    expect(r).toBeGreaterThan(240);
    expect(g).toBeLessThan(15);
    expect(b).toBeLessThan(15);
  }
  const takeDown = (name: string, ...input: string[]) => {
    const file = join(folder, name);
    return { file, peer: ffmpegPeer('-v', 'error', ...input, '-c', 'copy', file) };
  };

  test('RTMP', async () => {
    const port = await freePort();
    const url = `rtmp://127.0.0.1:${port}/live/out`;
    const { file, peer } = takeDown('rtmp.mkv', '-listen', '1', '-f', 'flv', '-i', url);
    await until('the server', () => isOpen('tcp', port));
    await received(url, file, peer);
  });

  test('RTSP', async () => {
    const port = await freePort();
    const url = `rtsp://127.0.0.1:${port}/live`;
    const { file, peer } = takeDown('rtsp.mkv', '-rtsp_flags', 'listen', '-i', url);
    await until('the server', () => isOpen('tcp', port));
    await received(url, file, peer);
  });

  test('UDP', async () => {
    const port = await freeUdpPort();
    const { file, peer } = takeDown('udp.mkv', '-i', `udp://127.0.0.1:${port}?timeout=3000000`);
    await until('the receiver', () => isOpen('udp', port));
    await received(`udp://127.0.0.1:${port}?pkt_size=1316`, file, peer);
  });

  test('SRT', async () => {
    const port = await freeUdpPort();
    const { file, peer } = takeDown('srt.mkv', '-i', `srt://127.0.0.1:${port}?mode=listener`);
    await until('the receiver', () => isOpen('udp', port));
    await received(`srt://127.0.0.1:${port}`, file, peer, [0, 1]); // 1: the end of the connection taken for a failure
  });

  test('a folder with HLS, played over HTTP while it is written', async () => {
    const out = join(folder, 'hls');
    mkdirSync(out);
    const server = await httpFolder(out);
    let stop = false;
    async function* pictures() {
      for (let i = 0; !stop; i++) {
        await sleep(5);
        yield new Uint8Array(64 * 48).fill(i);
      }
    }
    const gray = frames(pictures(), { width: 64, height: 48, fps: 25, format: 'gray8' });
    const run = await pipeline(gray).encode(join(out, 'out.m3u8'), { profile: 'realtime' }).start();
    const done = run.done; // nobody iterates: this drives the run
    const listed = () => fetch(`${server.url}/out.m3u8`).then(async (r) => r.ok && /#EXTINF/.test(await r.text()));
    await until('a segment', listed);
    const file = join(folder, 'hls.mkv');
    const player = ffmpegPeer(
      '-v',
      'error',
      '-live_start_index',
      '0',
      '-i',
      `${server.url}/out.m3u8`,
      '-c',
      'copy',
      file,
    );
    await until('the player', () => server.requests.some((request) => /out0\.ts/.test(request)));
    stop = true;
    await within(patience, done);
    const { outputs, sources } = await closed(run);
    expect(await within(patience, player.ended), player.log()).toBe(0);
    expect(decoded(file).frames).toBe(outputs[0]!.frames);
    expect(outputs[0]!.frames).toBe(sources[0]!.delivered);
  });
});

describe.skipIf(noAddon !== undefined)('a live source that loses its server', () => {
  test('is connected again, counted, and its times go on', async () => {
    const port = await freePort();
    const server = await rtspServer(clip, port);
    const run = await pipeline(camera(server.url)).start();
    const before = await first(run, 20);
    await server.kill();
    await until('the loss', async () => (await run.report()).sources[0]!.reconnectsLeft! < 10);
    const again = await rtspServer(clip, port);
    const after = await first(run, 60);
    expect(again.plays()).toBe(1);
    expectStream([...before, ...after], 80);
    const { sources, recoveries } = await closed(run);
    expect(sources[0]).toMatchObject({ reconnects: 1 });
    expect(sources[0]!.error).toBeUndefined();
    expect(recoveries).toMatchObject([{ where: '0', what: 'lost, connected again' }]);
  });

  test('that does not come back fails when its attempts are used up, and never stalls the other source', async () => {
    const server = await rtspServer(clip, await freePort());
    let sent = 0;
    let goOn = true;
    async function* pictures() {
      for (; goOn; sent++) {
        await sleep(20);
        yield new Uint8Array(64 * 48).fill(sent);
      }
    }
    const steady = frames(pictures(), { id: 'steady', width: 64, height: 48, fps: 50, format: 'gray8' });
    const out = join(folder, 'lost.mp4');
    const run = await pipeline(camera(server.url, { id: 'lost', reconnect: 3 }), steady)
      .compose(grid({ width: 256, height: 128 }))
      .encode(out, { profile: 'realtime' })
      .start();
    const done = run.done; // nobody iterates: this drives the run
    const ofSource = async (id: string) => (await run.report()).sources.find((source) => source.id === id)!;
    await until('both', async () => (await ofSource('lost')).in > 10 && (await ofSource('steady')).in > 10);
    await server.kill();
    await until('the loss', async () => (await ofSource('lost')).reconnectsLeft! < 3);
    // While one is away, the other goes on.
    const atLoss = (await ofSource('steady')).delivered;
    await until('the other', async () => (await ofSource('steady')).delivered > atLoss + 10);
    const error = await until('the end of it', async () => (await ofSource('lost')).error, patience);
    expect(error).toMatchObject({ code: 'SOURCE_FAILED', message: expect.stringContaining('3 attempts') });
    const atEnd = (await ofSource('steady')).delivered;
    await until('the other, after', async () => (await ofSource('steady')).delivered > atEnd + 10);
    goOn = false;
    await within(patience, done);
    const { sources, recoveries, outputs } = await closed(run);
    expect(sources[1]).toMatchObject({ id: 'steady', in: sent, delivered: sent });
    expect(recoveries).toMatchObject([{ where: 'lost' }]);
    expect(decoded(out).frames).toBe(outputs[0]!.frames);
  });

  test('ends when it may not be connected again', async () => {
    const server = await rtspServer(clip, await freePort());
    const run = await pipeline(camera(server.url, { reconnect: 0 })).start();
    await first(run, 5);
    await server.kill();
    await first(run, 1000); // to the end
    const { sources, recoveries } = await closed(run);
    expect(sources[0]!.in).toBeLessThan(1000);
    expect(sources[0]).toMatchObject({ reconnects: 0 });
    expect(recoveries).toEqual([]);
  });

  test('closes at once while it is away', async () => {
    const server = await rtspServer(clip, await freePort());
    const run = await pipeline(camera(server.url)).start();
    await first(run, 5);
    await server.kill();
    await until('the loss', async () => (await run.report()).sources[0]!.reconnectsLeft! < 8);
    await within(2000, run.close(), 'close()');
    await closed(run);
  });

  test('over UDP goes on when somebody sends again', async () => {
    const url = `udp://127.0.0.1:${await freeUdpPort()}`;
    const sender = ffmpegPeer(...looped(), '-f', 'mpegts', `${url}?pkt_size=1316`);
    const run = await pipeline(video(url)).start();
    const before = await first(run, 10);
    await sender.kill();
    ffmpegPeer(...looped(), '-f', 'mpegts', `${url}?pkt_size=1316`);
    expectStream([...before, ...(await first(run, 60))], 70);
    await closed(run);
  });
});

describe.skipIf(noAddon !== undefined)('nobody there', () => {
  test.each(['rtsp', 'rtmp', 'tcp', 'http', 'srt'])(
    'a %s source that is required is refused with a code and a hint',
    async (scheme) => {
      const port = scheme === 'srt' ? await freeUdpPort() : await freePort();
      const url = `${scheme}://127.0.0.1:${port}/live`;
      const error = await within(patience, pipeline(camera(url, { id: 'cam', required: true })).start()).catch(
        (e) => e,
      );
      expect(error).toBeInstanceOf(FramepathError);
      expect(error).toMatchObject({ code: 'SOURCE_UNREADABLE', source: 'cam', hint: expect.stringMatching(/running/) });
      expect(error.message).toContain(url);
    },
  );

  test.each(['rtsp', 'rtmp', 'tcp', 'srt'])('an output to %s is refused with a code and a hint', async (scheme) => {
    const port = scheme === 'srt' ? await freeUdpPort() : await freePort();
    const url = `${scheme}://127.0.0.1:${port}/live`;
    const error = await within(patience, pipeline(video(clip)).encode(url).start()).catch((e) => e);
    expect(error).toBeInstanceOf(FramepathError);
    expect(error).toMatchObject({ code: 'OUTPUT_UNWRITABLE', hint: expect.stringMatching(/server is up/) });
  });
});

describe.skipIf(noAddon !== undefined)('an output whose peer dies in mid-run', () => {
  /** Pictures until the run does not want any more. */
  async function* endless() {
    for (let i = 0; ; i++) {
      await sleep(10);
      yield new Uint8Array(160 * 120).map((_, at) => at * i);
    }
  }
  const source = () => frames(endless(), { width: 160, height: 120, fps: 50, format: 'gray8' });

  /** Where a peer of that protocol listens, and ffmpeg's arguments that make it listen. */
  async function listener(scheme: string) {
    const udp = scheme === 'srt';
    const port = udp ? await freeUdpPort() : await freePort();
    const url = `${scheme}://127.0.0.1:${port}/live/out`;
    const inputs: Record<string, string[]> = {
      rtmp: ['-listen', '1', '-f', 'flv', '-i', url],
      rtsp: ['-rtsp_flags', 'listen', '-i', url],
      srt: ['-i', `srt://127.0.0.1:${port}?mode=listener`],
      tcp: ['-f', 'mpegts', '-i', `tcp://127.0.0.1:${port}?listen=1`],
    };
    return { udp, port, url, input: inputs[scheme]! };
  }

  test.each(['rtmp', 'rtsp', 'srt', 'tcp'])('over %s is a coded error, not a hang', async (scheme) => {
    const { udp, port, url, input } = await listener(scheme);
    const peer = ffmpegPeer('-v', 'info', ...input, '-c', 'copy', join(folder, `dies-${scheme}.mkv`));
    await until('the server', () => isOpen(udp ? 'udp' : 'tcp', port));
    const run = await within(patience, pipeline(source()).encode(url, { profile: 'realtime', reconnect: 0 }).start());
    const failure = codeOf(run.done, patience); // nobody iterates: this drives the run
    await until('a stream there', () => /Output #0/.test(peer.log()), patience);
    await peer.kill();
    expect(await failure).toBe('OUTPUT_FAILED');
    const { outputs } = await closed(run);
    expect(outputs).toMatchObject([{ path: url, complete: false }]);
  });

  test.each(['rtmp', 'rtsp', 'srt', 'tcp'])('over %s is connected again', async (scheme) => {
    const { udp, port, url, input } = await listener(scheme);
    const listen = (name: string) => {
      const file = join(folder, `${name}-${scheme}.mkv`);
      const peer = ffmpegPeer('-v', 'info', ...input, '-c', 'copy', file);
      return { peer, file };
    };
    const socketsBefore = networkSockets();
    const { peer } = listen('first');
    await until('the server', () => isOpen(udp ? 'udp' : 'tcp', port));
    const run = await within(
      patience,
      pipeline(video(red)).encode(url, { profile: 'realtime', realtime: true, bFrames: 0 }).start(),
    );
    const done = run.done;
    done.catch(() => undefined);
    await sleep(1000);
    await peer.kill();
    const again = listen('again'); // the output finds it, and it listens no longer
    await within(patience, done);
    const { outputs, recoveries } = await closed(run);
    expect(outputs).toMatchObject([{ path: url, complete: true, reconnects: 1, connection: 'closed' }]);
    expect(recoveries).toMatchObject([{ what: 'output lost, connected again' }]);
    expect(networkSockets()).toBe(socketsBefore);
    await within(patience, again.peer.ended, 'the peer');
    const { frames: n, audio } = decoded(again.file);
    expect(audio).toBe(true);
    expect(n).toBeGreaterThan(5);
    expect(meanColor(again.file)[0]).toBeGreaterThan(240);
  });

  test('that takes the connection and nothing more fails within its patience', async () => {
    const server = createServer((socket) => socket.pause());
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    endLater({ kill: async () => void server.close() });
    const { port } = server.address() as { port: number };
    const starting = pipeline(source()).encode(`rtmp://127.0.0.1:${port}/live/out`, { profile: 'realtime' }).start();
    expect(await codeOf(starting, patience)).toBe('OUTPUT_UNWRITABLE');
  });
});
