/** Messages on a pair of pipes: four bytes of length (little endian), then the message. */
import { writeSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { deserialize, serialize } from 'node:v8';

/** How messages are written. */
export interface Codec {
  encode(message: object): Buffer;
  decode(bytes: Buffer): unknown;
}

/** JSON has no typed arrays: they go as lists. A dependency that said nothing is there, as null. */
const plain = (_: string, value: unknown) =>
  value === undefined
    ? null
    : ArrayBuffer.isView(value) && !(value instanceof DataView)
      ? Array.from(value as unknown as ArrayLike<number>)
      : value;

export const json: Codec = {
  encode: (message) => Buffer.from(JSON.stringify(message, plain)),
  decode: (bytes) => JSON.parse(bytes.toString('utf8')),
};

/** As structured clones; what comes out of JSON as it went in is written so, in a third of the time. */
export const cloned: Codec = {
  encode: (message) => (isPlain(message, new Set()) ? Buffer.from(JSON.stringify(message)) : serialize(message)),
  decode: (bytes) => (bytes[0] === openingBrace ? JSON.parse(bytes.toString('utf8')) : deserialize(bytes)),
};

/** Structured clones begin with 0xff. */
const openingBrace = 0x7b;

/** Whether JSON keeps it: no objects of classes, nothing twice, no value that it writes as another. */
function isPlain(value: unknown, seen: Set<object>): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== 'object' || seen.has(value)) return false;
  seen.add(value);
  const keys = Object.keys(value);
  if (Array.isArray(value)) return keys.length === value.length && value.every((item) => isPlain(item, seen));
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  const plain = (key: string) => key !== '__proto__' && isPlain((value as Record<string, unknown>)[key], seen);
  return !('toJSON' in value) && keys.every(plain);
}

/** One message as it is on the pipe. */
function framed(bytes: Buffer): [Buffer, Buffer] {
  const head = Buffer.allocUnsafe(4);
  head.writeUInt32LE(bytes.length);
  return [head, bytes];
}

/** Calls `received` with each message of a pipe. */
export function receive({ decode }: Codec, from: Readable, received: (message: unknown) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  from.on('data', (bytes: Buffer) => {
    rest = rest.length ? Buffer.concat([rest, bytes]) : bytes;
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32LE(0)) {
      const end = 4 + rest.readUInt32LE(0);
      const message = rest.subarray(4, end);
      rest = rest.subarray(end);
      received(decode(message));
    }
  });
}

/** Writes messages to a pipe, all of one turn at once. Throws what cannot be sent. */
export function sendTo({ encode }: Codec, to: Writable): (message: object) => void {
  return (message) => {
    const parts = framed(encode(message));
    if (!to.writableCorked) {
      to.cork();
      process.nextTick(() => to.uncork());
    }
    for (const part of parts) to.write(part);
  };
}

/** Writes messages to a descriptor, and waits until it has taken them. Throws what cannot be sent. */
export function sendSync({ encode }: Codec, descriptor: number): (message: object) => void {
  return (message) => {
    const bytes = Buffer.concat(framed(encode(message)));
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
  };
}
