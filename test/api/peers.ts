/** The other ends of network tests: ffmpeg as a peer, HTTP servers, free ports; all of it ends with the test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { extname, join } from 'node:path';
import { sleep } from './outcomes.js';

/** Waits until `condition` gives something; polls, so that nothing depends on a guessed time. */
export async function until<T>(
  what: string,
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  ms = 20_000,
): Promise<T> {
  const deadline = performance.now() + ms;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`${what}: not after ${ms} ms`);
    await sleep(20);
  }
}

export async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
  const { port } = socket.address();
  await new Promise<void>((done) => socket.close(done));
  return port;
}

/** Whether somebody listens (TCP) or is bound (UDP) there: asked of the kernel, a connection would be taken as the peer. */
export function isOpen(kind: 'tcp' | 'udp', port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return ['', '6'].some((version) => {
    const table = `/proc/net/${kind}${version}`;
    if (!existsSync(table)) return false;
    return readFileSync(table, 'utf8')
      .split('\n')
      .some((line) => {
        const [, local, , state] = line.trim().split(/\s+/);
        return local?.endsWith(`:${hex}`) && (kind === 'udp' || state === '0A');
      });
  });
}

export interface Peer {
  child: ChildProcess;
  log(): string;
  /** its exit status; null when it was killed */
  ended: Promise<number | null>;
  kill(signal?: NodeJS.Signals): Promise<void>;
}

const alive = new Set<{ kill(): Promise<void> }>();

/** Ends every peer that is still there. */
export async function endPeers(): Promise<void> {
  await Promise.all([...alive].map((peer) => peer.kill()));
  alive.clear();
}

/** ffmpeg with these arguments. */
export function ffmpegPeer(...args: string[]): Peer {
  const child = spawn('ffmpeg', ['-hide_banner', '-nostdin', '-y', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (more) => (text += more));
  const ended = new Promise<number | null>((done) => child.once('close', done));
  const peer: Peer = {
    child,
    log: () => text,
    ended,
    async kill(signal = 'SIGKILL') {
      child.kill(signal);
      await ended;
      alive.delete(peer);
    },
  };
  alive.add(peer);
  return peer;
}

const types: Record<string, string> = {
  '.m3u8': 'application/vnd.apple.mpegurl',
  '.ts': 'video/mp2t',
  '.mp4': 'video/mp4',
};

/** Serves a folder; without `ranges` whole files only, of unsaid length. */
export async function httpFolder(
  folder: string,
  { ranges = true } = {},
): Promise<{ url: string; requests: string[]; kill(): Promise<void> }> {
  const requests: string[] = [];
  const server: Server = createServer((request, response) => {
    const name = decodeURIComponent(new URL(request.url!, 'http://x').pathname);
    requests.push(`${request.method} ${name} ${request.headers.range ?? ''}`.trim());
    const path = join(folder, name);
    if (!existsSync(path)) {
      response.writeHead(404).end();
      return;
    }
    const { size } = statSync(path);
    if (size === 0) {
      response.writeHead(200, { 'content-length': 0 }).end();
      return;
    }
    const headers: Record<string, string | number> = {
      'content-type': types[extname(path)] ?? 'application/octet-stream',
    };
    const asked = ranges ? /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') : null;
    const start = asked ? Number(asked[1]) : 0;
    const end = asked?.[2] ? Math.min(Number(asked[2]), size - 1) : size - 1;
    if (ranges) {
      headers['accept-ranges'] = 'bytes';
      headers['content-length'] = end - start + 1;
    }
    if (asked) headers['content-range'] = `bytes ${start}-${end}/${size}`;
    response.writeHead(asked ? 206 : 200, headers);
    const stream = createReadStream(path, { start, end });
    stream.on('error', () => response.destroy());
    stream.pipe(response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const served = {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    requests,
    async kill() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      alive.delete(served);
    },
  };
  alive.add(served);
  return served;
}

/** Takes one connection after the other on a port, and keeps what comes of each; or reads nothing of them. */
export async function tcpPeer(
  port: number,
  { reads = true } = {},
): Promise<{ received: Buffer[][]; kill(): Promise<void> }> {
  const received: Buffer[][] = [];
  const sockets = new Set<Socket>();
  const server = createTcpServer({ pauseOnConnect: !reads }, (socket) => {
    const chunks: Buffer[] = [];
    received.push(chunks);
    sockets.add(socket);
    if (reads) socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  const peer = {
    received,
    async kill() {
      for (const socket of sockets) socket.resetAndDestroy();
      await new Promise((done) => server.close(done));
    },
  };
  endLater({ kill: async () => void (await peer.kill().catch(() => undefined)) });
  return peer;
}

/** Registers something to be ended with the test. */
export function endLater(peer: { kill(): Promise<void> }): void {
  alive.add(peer);
}
