/** Messages on a pair of pipes: four bytes of length (little endian), then the message. */
import { writeSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { deserialize, serialize } from 'node:v8';
import { messageOf } from '../errors.js';
import { mostMessageBytes } from '../generated/messages.js';
import { BadMessage } from './messages.js';

/** Encoding of messages. */
export interface Codec {
  encode(message: object): Buffer;
  decode(bytes: Buffer): unknown;
}

/** JSON has no typed arrays: they become lists. A dependency that returned no value becomes null. */
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

/** Structured clones; short messages that JSON preserves as JSON, in less than half the time. */
export const cloned: Codec = {
  encode: (message) => (isShortAndPlain(message) ? Buffer.from(JSON.stringify(message)) : serialize(message)),
  decode: (bytes) => (bytes[0] === openingBrace ? JSON.parse(bytes.toString('utf8')) : deserialize(bytes)),
};

/** Structured clones begin with 0xff. */
const openingBrace = 0x7b;

/** Most values of a message written as JSON: above, text takes longer than a clone. */
const mostPlain = 32;

/** Whether JSON preserves it: no class instances, shared references or values that JSON changes; at most `mostPlain` values. */
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

/** One message as written to the pipe. */
function framed(bytes: Buffer): [Buffer, Buffer] {
  const head = Buffer.allocUnsafe(4);
  head.writeUInt32LE(bytes.length);
  return [head, bytes];
}

/** First buffer of a message, bytes; it grows with the bytes received, not with the length in its header. */
const firstBytes = 2 ** 16;

/** Splits a byte stream into messages; buffers at most one. */
class Messages {
  readonly #head = Buffer.alloc(4);
  #headBytes = 0;
  /** of a partial message */
  #body: Buffer | undefined;
  #bodyBytes = 0;
  #wanted = 0;

  constructor(private readonly most: number) {}

  /** Calls `each` with the messages that end in these bytes. @throws BadMessage for one that is too long */
  take(bytes: Buffer, each: (message: Buffer) => void): void {
    let at = 0;
    while (at < bytes.length) {
      if (!this.#body) {
        const taken = bytes.copy(this.#head, this.#headBytes, at);
        at += taken;
        this.#headBytes += taken;
        if (this.#headBytes < 4) return;
        this.#headBytes = 0;
        const length = this.#length();
        if (bytes.length - at >= length) {
          at += length;
          each(bytes.subarray(at - length, at));
          continue;
        }
        this.#body = Buffer.allocUnsafeSlow(Math.min(length, firstBytes));
        this.#bodyBytes = 0;
        this.#wanted = length;
      }
      if (this.#bodyBytes === this.#body.length) this.#grow(this.#body);
      const taken = bytes.copy(this.#body, this.#bodyBytes, at);
      at += taken;
      this.#bodyBytes += taken;
      if (this.#bodyBytes < this.#wanted) continue;
      const whole = this.#body;
      this.#body = undefined;
      each(whole);
    }
  }

  #grow(full: Buffer): void {
    this.#body = Buffer.allocUnsafeSlow(Math.min(this.#wanted, 2 * full.length));
    full.copy(this.#body);
  }

  #length(): number {
    const length = this.#head.readUInt32LE(0);
    if (length <= this.most) return length;
    const text = this.#head.toString('latin1');
    const seen = /^[\t\n\r -~]{4}$/.test(text) ? `text ("${text.trim()}...")` : `a message of ${length} bytes`;
    throw new BadMessage(
      `it wrote ${seen} to the pipe of its answers, where messages of at most ${this.most} bytes go`,
    );
  }
}

/**
 * Calls `received` with each message of a pipe. At the first bytes that are no message, `broken` is called once with the
 * reason and reading stops.
 */
export function receive(
  { decode }: Codec,
  from: Readable,
  received: (message: unknown) => void,
  broken: (why: string) => void,
  most = mostMessageBytes,
): void {
  const messages = new Messages(most);
  const each = (message: Buffer) => received(decoded(decode, message));
  const read = (bytes: Buffer) => {
    try {
      messages.take(bytes, each);
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      from.off('data', read);
      from.destroy();
      broken(error.message);
    }
  };
  from.on('data', read);
}

function decoded(decode: Codec['decode'], message: Buffer): unknown {
  try {
    return decode(message);
  } catch (cause) {
    throw new BadMessage(`it sent a message that cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** Writes messages to a pipe, those of one event loop turn in one write. Throws for a value that cannot be encoded. */
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

/** Writes messages of a host to a descriptor, blocking until written. Throws for a value that cannot be encoded. */
export function sendSync({ encode }: Codec, descriptor: number): (message: object) => void {
  return (message) => {
    const encoded = encode(message);
    if (encoded.length > mostMessageBytes)
      throw new RangeError(`The value takes ${encoded.length} bytes as a message, more than ${mostMessageBytes}`);
    const bytes = Buffer.concat(framed(encoded));
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
  };
}
