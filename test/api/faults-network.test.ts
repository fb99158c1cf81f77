/** Peers that accept a connection and send nothing, or stop in the middle: whoever closes a run is not kept waiting. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { analyzer, grid, pipeline, video } from '../../src/index.js';
import { decoded, folderFor, noAddon, patternClip } from './clips.js';
import { closed, codeOf, sleep, within } from './outcomes.js';

/** libav itself gives such a peer 15 to 30 s. */
const soon = 5_000;

let folder: string;
let clip: string;
let stream: Buffer;
let file: Buffer;
const servers: Server[] = [];

beforeAll(() => {
  folder = folderFor('network');
  clip = patternClip(join(folder, 'clip.mp4'), { seconds: 20, size: '160x120' });
  const indexed = join(folder, 'indexed.mp4');
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', clip, '-c', 'copy', '-movflags', 'faststart', indexed]);
  file = readFileSync(indexed);
  stream = readFileSync(patternClip(join(folder, 'stream.ts'), { seconds: 20, size: '160x120' }));
}, 60_000);

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Takes connections and never answers. */
async function deaf(): Promise<{ host: string; reached: Promise<unknown> }> {
  const server = createServer((socket) => void socket.on('error', () => undefined).resume());
  server.unref();
  return { host: `127.0.0.1:${await listening(server)}`, reached: once(server, 'connection') };
}

/** An MPEG-TS stream over HTTP of which the second half never comes. */
async function halfAStream(): Promise<string> {
  const server = createHttpServer((_, response) => {
    response.writeHead(200, { 'Content-Type': 'video/mp2t' });
    response.write(stream.subarray(0, stream.length >> 1));
  });
  return `http://127.0.0.1:${await listening(server)}/live.ts`;
}

/**
 * An MP4 over HTTP, in ranges: whoever opens it first (for the pictures) gets all, who opens it second (for the audio) only
 * `part` of it.
 */
async function halfHeard(part: number): Promise<{ uri: string; second: Promise<void> }> {
  let opened = 0;
  let again!: () => void;
  const second = new Promise<void>((resolve) => {
    again = resolve;
  });
  const server = createHttpServer((request, response) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (from === 0 && ++opened === 2) again();
    const range = `bytes ${from}-${file.length - 1}/${file.length}`;
    const end = opened > 1 ? Math.round(file.length * part) : file.length;
    if (end === 0) return;
    const headers = { 'Accept-Ranges': 'bytes', 'Content-Range': range, 'Content-Length': file.length - from };
    response.writeHead(206, headers).write(file.subarray(from, Math.max(from, end)));
  });
  return { uri: `http://127.0.0.1:${await listening(server)}/clip.mp4`, second };
}

describe.skipIf(noAddon !== undefined)('start()', () => {
  test.each(['http', 'rtsp', 'tcp'])('ends with its signal while a %s source does not answer', async (scheme) => {
    const { host, reached } = await deaf();
    const abort = new AbortController();
    const starting = pipeline(video(`${scheme}://${host}/x`)).start({ signal: abort.signal });
    await within(20_000, reached, 'a connection');
    abort.abort();
    expect(await codeOf(starting, soon)).toBe('ABORTED');
  });

  test('also where the size of the canvas is the size of the source', async () => {
    const { host, reached } = await deaf();
    const abort = new AbortController();
    const out = join(folder, 'never.mp4');
    const starting = pipeline(video(`http://${host}/x`))
      .encode(out)
      .start({ signal: abort.signal });
    await within(20_000, reached, 'a connection');
    abort.abort();
    expect(await codeOf(starting, soon)).toBe('ABORTED');
  });

  test('ends with its signal while an output does not answer', async () => {
    const { host, reached } = await deaf();
    const abort = new AbortController();
    const starting = pipeline(video(clip)).encode(`rtmp://${host}/live/x`).start({ signal: abort.signal });
    await within(20_000, reached, 'a connection');
    abort.abort();
    expect(await codeOf(starting, soon)).toBe('ABORTED');
  });

  test('ends with its signal while the audio of a source does not come', async () => {
    const { uri, second } = await halfHeard(0);
    const abort = new AbortController();
    const starting = pipeline(video(uri)).encode(join(folder, 'mute.mp4')).start({ signal: abort.signal });
    await within(20_000, second, 'a second connection');
    abort.abort();
    expect(await codeOf(starting, soon)).toBe('ABORTED');
  });
});

describe.skipIf(noAddon !== undefined)('close()', () => {
  test('ends add() of a source that does not answer', async () => {
    const { host, reached } = await deaf();
    const run = await pipeline().start();
    const adding = codeOf(run.add(video(`http://${host}/x`)));
    await within(20_000, reached, 'a connection');
    await within(soon, run.close(), 'close()');
    expect(await within(soon, adding, 'add()')).toBe('RUN_CLOSED');
    await closed(run);
  });

  test('ends a submit() of a picture that does not come', async () => {
    const { host, reached } = await deaf();
    const run = await pipeline().start();
    const submitting = run.submit(`http://${host}/x.jpg`).then(
      () => 'it came',
      (error) => error.code,
    );
    await within(20_000, reached, 'a connection');
    await within(soon, run.close(), 'close()');
    expect(['CANCELLED', 'RUN_CLOSED']).toContain(await within(soon, submitting, 'submit()'));
    await closed(run);
  });

  test('does not wait for a source that stops in the middle', async () => {
    const run = await pipeline(video(await halfAStream())).start();
    const iterator = run[Symbol.asyncIterator]();
    for (let i = 0; i < 100; i++) await within(20_000, iterator.next());
    await sleep(500); // all that came is read: it waits for more
    await within(soon, run.close(), 'close()');
    const { sources } = await closed(run);
    expect(sources[0]!.error).toBeUndefined();
  });

  test('finishes the file although the audio stops in the middle', async () => {
    const { uri } = await halfHeard(0.5);
    const out = join(folder, 'half-heard.mp4');
    const paced = analyzer({ name: 'paced', analyze: () => sleep(1).then(() => 1) });
    const run = await pipeline(video(uri))
      .use(paced)
      .compose(grid({ width: 160, height: 120 }))
      .encode(out, { profile: 'realtime', audio: 'mix' })
      .start();
    let n = 0;
    const reading = (async () => {
      for await (const _ of run) n++;
    })();
    let before = -1;
    for (let i = 0; i < 100 && (n < 200 || n !== before); i++) {
      before = n;
      await sleep(300);
    }
    await within(soon, run.close(), 'close()');
    await within(soon, reading, 'the iteration');
    const { outputs } = await closed(run);
    expect(outputs[0]).toMatchObject({ complete: false, hasAudio: true });
    expect(outputs[0]!.frames).toBeGreaterThan(150);
    expect(decoded(out).frames).toBe(outputs[0]!.frames);
  });
});
