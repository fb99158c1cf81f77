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

/** As structured clones. Short messages that JSON keeps are written so: that takes less than half the time. */
export const cloned: Codec = {
  encode: (message) => (isShortAndPlain(message) ? Buffer.from(JSON.stringify(message)) : serialize(message)),
  decode: (bytes) => (bytes[0] === openingBrace ? JSON.parse(bytes.toString('utf8')) : deserialize(bytes)),
};

/** Structured clones begin with 0xff. */
const openingBrace = 0x7b;

/** Values in a message from which on numbers as text take longer. */
const mostPlain = 32;

/** Whether JSON keeps it: no objects of classes, nothing twice, no value that it writes as another; and not many values. */
function isShortAndPlain(message: object): boolean {
  const seen = new Set<object>();
  let left = mostPlain;
  const isPlain = (value: unknown): boolean => {
    if (left-- === 0) return false;
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true;
    if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
    if (typeof value !== 'object' || seen.has(value) || 'toJSON' in value) return false;
    seen.add(value);
    if (Array.isArray(value)) {
      if (value.length > left) return false;
      return Object.keys(value).length === value.length && value.every(isPlain);
    }
    if (Object.getPrototypeOf(value) !== Object.prototype) return false;
    return Object.entries(value).every(([key, inside]) => key !== '__proto__' && isPlain(inside));
  };
  return isPlain(message);
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
