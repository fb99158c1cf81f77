// Sends an FLV file over TCP as a camera would: each packet when its time has come.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const videoTag = 9;

/**
 * The parts of an FLV file (Adobe's Flash Video File Format 10.1, annex E): what comes before the first picture, and the
 * tags of pictures, each with the length of its predecessor behind it: {head, pictures: [{timeMs, bytes}]}.
 */
export function readFlv(file) {
  if (file.toString('latin1', 0, 3) !== 'FLV') throw new Error('This is no FLV file');
  const pictures = [];
  let head = 0;
  for (let at = file.readUInt32BE(5) + 4; at + 11 <= file.length; ) {
    const size = file.readUIntBE(at + 1, 3);
    const end = at + 11 + size + 4;
    const timeMs = file.readUIntBE(at + 4, 3) + file[at + 7] * 2 ** 24;
    // The second byte of an AVC tag: 0 = parameter sets, 1 = a picture.
    const picture = file[at] === videoTag && file[at + 12] === 1;
    if (picture) pictures.push({ timeMs, bytes: file.subarray(at, end) });
    else if (pictures.length === 0) head = end;
    at = end;
  }
  return { head: file.subarray(0, head), pictures };
}

/** A picture's tag, `ms` later. */
function later({ timeMs, bytes }, ms) {
  const copy = Buffer.from(bytes);
  copy.writeUIntBE((timeMs + ms) & 0xffffff, 4, 3);
  copy[7] = (timeMs + ms) >>> 24;
  return { timeMs: timeMs + ms, bytes: copy };
}

/** The pictures `times` times, one after another; they begin with a keyframe. */
function repeated(pictures, times) {
  const gap = pictures.length > 1 ? pictures[1].timeMs - pictures[0].timeMs : 40;
  const length = pictures.at(-1).timeMs - pictures[0].timeMs + gap;
  return Array.from({ length: times }, (_, i) => pictures.map((one) => later(one, i * length))).flat();
}

/**
 * Serves the file `times` times over to whoever connects, from its start. Resolves with {url, sent: Map(timeMs -> when it was sent, as
 * by performance.now()), lengthMs, close()}.
 */
export async function serveLive(path, times = 1) {
  const flv = readFlv(readFileSync(path));
  const { head } = flv;
  const pictures = repeated(flv.pictures, times);
  const sent = new Map();
  const timers = new Set();
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => {}); // the reader left
    socket.write(head);
    const begun = performance.now();
    let next = 0;
    const timer = setInterval(() => {
      const nowMs = performance.now() - begun;
      for (; next < pictures.length && pictures[next].timeMs - pictures[0].timeMs <= nowMs; next++) {
        sent.set(pictures[next].timeMs, performance.now());
        socket.write(pictures[next].bytes);
      }
      if (next === pictures.length) clearInterval(timer);
    }, 1);
    timers.add(timer);
    socket.on('close', () => clearInterval(timer));
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `tcp://127.0.0.1:${server.address().port}`,
    sent,
    lengthMs: pictures.at(-1).timeMs - pictures[0].timeMs,
    close() {
      for (const timer of timers) clearInterval(timer);
      server.close();
    },
  };
}
