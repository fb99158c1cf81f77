// Latency of live runs, measured from outside: a clock is painted into the pictures that are sent, and read from those that
// arrive.
//   node bench/latency.mjs [SECONDS] [--only NAME]
//     direct   ffmpeg sends over UDP, ffmpeg receives: what the peers cost by themselves
//     udp      ffmpeg sends, framepath detects, composes and encodes (profile realtime), ffmpeg receives
//     pushed   frames pushed at their rate, until their result
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { detect, frames, pipeline, single, video } from 'framepath';

const width = 640;
const height = 360;
const fps = 25;
const block = 20; // pixels of one bit, two rows of 32: the time and its complement
const frameBytes = (width * height * 3) / 2;

const now = () => Math.round(performance.now() + performance.timeOrigin);

/** A gray picture with something that moves, and a time in it: I420. */
function painted(frame, n) {
  frame.fill(128);
  const x = (n * 8) % (width - 64);
  for (let y = 150; y < 214; y++) frame.fill(200, y * width + x, y * width + x + 64);
  const time = now() >>> 0;
  for (let bit = 0; bit < 32; bit++) {
    const one = (time >>> bit) & 1;
    for (let y = 0; y < block; y++) {
      frame.fill(one ? 235 : 16, y * width + bit * block, y * width + (bit + 1) * block);
      const below = (y + block) * width + bit * block;
      frame.fill(one ? 16 : 235, below, below + block);
    }
  }
  return frame;
}

/** The age of a picture in milliseconds; undefined where its clock cannot be read. */
function ageOf(frame) {
  const at = now() >>> 0;
  const middle = (row, bit) => frame[(row * block + block / 2) * width + bit * block + block / 2] > 128;
  let time = 0;
  for (let bit = 0; bit < 32; bit++) {
    if (middle(0, bit) === middle(1, bit)) return undefined;
    if (middle(0, bit)) time |= 1 << bit;
  }
  return (at - (time >>> 0)) >>> 0;
}

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];

function summary(name, ages, unreadable = 0) {
  const sorted = [...ages].sort((a, b) => a - b);
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((q) => quantile(sorted, q));
  console.log(
    `${name.padEnd(8)} p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms, ${ages.length} pictures, ${unreadable} unreadable`,
  );
}

/** Calls `each(n)` at the frame rate until `seconds` are over. */
async function atRate(seconds, each) {
  const begun = performance.now();
  for (let n = 0; n < seconds * fps; n++) {
    const wait = begun + (n * 1000) / fps - performance.now();
    if (wait > 0) await new Promise((done) => setTimeout(done, wait));
    await each(n);
  }
}

const ffmpeg = (args) => spawn('ffmpeg', ['-v', 'error', ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
const raw = ['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${width}x${height}`, '-r', `${fps}`];

function sender(port) {
  const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', `${fps}`, '-crf', '18'];
  const url = `udp://127.0.0.1:${port}?pkt_size=1316`;
  return ffmpeg([...raw, '-i', '-', ...x264, '-f', 'mpegts', '-flush_packets', '1', url]);
}

/** Ages of what arrives at a port, after the first two seconds. */
function receiver(port) {
  const low = [
    '-fflags',
    'nobuffer',
    '-flags',
    'low_delay',
    '-threads',
    '1',
    '-probesize',
    '100000',
    '-analyzeduration',
    '500000',
  ];
  const child = ffmpeg([
    ...low,
    '-i',
    `udp://127.0.0.1:${port}?fifo_size=100000`,
    '-fps_mode',
    'passthrough',
    '-f',
    'rawvideo',
    '-pix_fmt',
    'yuv420p',
    '-',
  ]);
  const ages = [];
  let unreadable = 0;
  let pending = Buffer.alloc(0);
  let first;
  child.stdout.on('data', (bytes) => {
    pending = pending.length ? Buffer.concat([pending, bytes]) : bytes;
    for (; pending.length >= frameBytes; pending = pending.subarray(frameBytes)) {
      first ??= performance.now();
      if (performance.now() - first < 2000) continue;
      const age = ageOf(pending);
      if (age === undefined) unreadable++;
      else ages.push(age);
    }
  });
  const end = async () => {
    child.kill('SIGKILL');
    await once(child, 'close');
    return { ages, unreadable };
  };
  return { end };
}

async function send(port, seconds) {
  const child = sender(port);
  const frame = Buffer.alloc(frameBytes);
  await atRate(seconds, async (n) => {
    if (!child.stdin.write(Buffer.from(painted(frame, n)))) await once(child.stdin, 'drain');
  });
  child.stdin.end();
  await once(child, 'close');
}

async function direct(seconds) {
  const there = receiver(23481);
  await send(23481, seconds + 3);
  const { ages, unreadable } = await there.end();
  summary('direct', ages, unreadable);
}

async function udp(seconds) {
  const there = receiver(23483);
  const sending = send(23482, seconds + 5);
  const run = await pipeline(video('udp://127.0.0.1:23482', { id: 'cam', live: true }))
    .use(detect('faces', 'blazeface'))
    .compose(single())
    .encode('udp://127.0.0.1:23483?pkt_size=1316', { profile: 'realtime' })
    .start();
  const taking = (async () => {
    for await (const _ of run);
  })();
  await sending;
  const { sources, outputs } = await run.report();
  await run.close();
  await taking;
  const { ages, unreadable } = await there.end();
  summary('udp', ages, unreadable);
  const own = (name, { p50, p95, p99 }) => console.log(`  ${name}: p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms`);
  own('read to result', sources[0].latencyMs);
  own('read to packet', outputs[0].latencyMs);
}

async function pushed(seconds) {
  const sent = new Map();
  const ages = [];
  async function* paced() {
    const data = new Uint8Array(width * height * 3).fill(90);
    const begun = performance.now();
    for (let n = 0; n < (seconds + 2) * fps; n++) {
      const wait = begun + (n * 1000) / fps - performance.now();
      if (wait > 0) await new Promise((done) => setTimeout(done, wait));
      sent.set(n, performance.now());
      yield { data, timeMs: (n * 1000) / fps };
    }
  }
  const source = frames(paced(), { id: 'pushed', width, height, fps });
  const run = await pipeline(source).use(detect('faces', 'blazeface')).start();
  for await (const frame of run)
    if (frame.index >= 2 * fps) ages.push(Number((performance.now() - sent.get(frame.index)).toFixed(1)));
  await run.close();
  summary('pushed', ages);
}

const seconds = Number(process.argv[2]) || 20;
const only = process.argv.indexOf('--only');
const wanted = only > 0 ? [process.argv[only + 1]] : ['direct', 'udp', 'pushed'];
for (const [name, measure] of Object.entries({ direct, udp, pushed }))
  if (wanted.includes(name)) await measure(seconds);
