/** Clips as live sources, and how loud what comes out is. */
import { execFileSync } from 'node:child_process';
import { ffmpegPeer, freePort, isOpen, type Peer, until } from './peers.js';

/** The clip at its own pace, in MPEG-TS, to whoever connects first. */
export async function served(clip: string, port?: number): Promise<{ url: string; port: number; peer: Peer }> {
  const own = port ?? (await freePort());
  const url = `tcp://127.0.0.1:${own}`;
  const options = ['-v', 'error', '-re', '-i', clip, '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency'];
  const peer = ffmpegPeer(...options, '-g', '25', '-c:a', 'aac', '-f', 'mpegts', '-muxdelay', '0', `${url}?listen=1`);
  await until('the sender', () => isOpen('tcp', own));
  return { url, port: own, peer };
}

/** The loudest sample between two times of a file, in seconds. */
export function loudest(path: string, from: number, to: number): number {
  const args = [
    '-v',
    'error',
    '-ss',
    String(from),
    '-t',
    String(to - from),
    '-i',
    path,
    '-ac',
    '1',
    '-f',
    'f32le',
    '-',
  ];
  const bytes = execFileSync('ffmpeg', args, { maxBuffer: 1e8 });
  const samples = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~3)));
  return samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
}
