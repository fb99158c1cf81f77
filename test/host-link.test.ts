/** Messages on pipes: what goes in comes out, in whatever pieces it arrives. */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { cloned, json, receive, sendSync, sendTo } from '../src/hosts/link.js';

const unexpected = (why: string) => expect.fail(why);

class Point {
  constructor(readonly x = 1) {}
}
const cyclic: Record<string, unknown> = {};
cyclic.self = cyclic;
const sparse = Object.assign(new Array(3), { 0: 1, 2: 3 });
const shared = { a: 1 };

/** What structured clones keep, and JSON does not. */
const special: Record<string, unknown> = {
  undefined: { value: undefined },
  'an undefined in a list': [undefined],
  'not a number': Number.NaN,
  infinity: [Number.POSITIVE_INFINITY],
  'minus zero': -0,
  'a big integer': 2n ** 70n,
  'a map': new Map([['a', { deep: [1] }]]),
  'a set': new Set([1]),
  'a date': new Date(5),
  'an array of numbers': new Float32Array([1.5]),
  bytes: new Uint8Array([0, 255]),
  holes: sparse,
  'more of a list': Object.assign([1], { more: 2 }),
  cycles: cyclic,
  'one thing twice': [shared, shared],
  'its own way to JSON': { toJSON: 5, date: 1 },
  'a key that JSON.parse would take for another': JSON.parse('{"__proto__": {"a": 1}}'),
};

/** What JSON would keep, but takes longer for. */
const long: Record<string, unknown> = {
  'many numbers': Array.from({ length: 100 }, (_, i) => i / 7),
  'many boxes': Array.from({ length: 20 }, (_, i) => ({ box: [i, i, i + 1, i + 1], score: 0.5 })),
};

const plain: Record<string, unknown> = {
  nothing: null,
  numbers: [0, 1.5, -3, 1e300, 2 ** 53],
  text: 'é \u2028 "quoted" 😀',
  nested: { a: [{ b: { c: [] } }], d: {}, '': true },
};

describe('structured clones', () => {
  test.each(Object.entries({ ...special, ...long, ...plain }))('keep %s', (_, value) => {
    const got = cloned.decode(cloned.encode({ value })) as { value: unknown };
    expect(isDeepStrictEqual(got, structuredClone({ value }))).toBe(true);
  });
  test('know one thing from two alike', () => {
    const got = cloned.decode(cloned.encode({ value: [shared, shared] })) as { value: unknown[] };
    expect(got.value[0]).toBe(got.value[1]);
  });
  test('of plain data, and not much of it, are written as JSON, and only those', () => {
    for (const value of Object.values(plain)) expect(cloned.encode({ value })[0]).toBe(0x7b);
    for (const value of Object.values({ ...special, ...long })) expect(cloned.encode({ value })[0]).toBe(0xff);
  });
  test('of an instance are plain, as ever', () => {
    expect(cloned.decode(cloned.encode({ value: new Point(3) }))).toEqual({ value: { x: 3 } });
  });
  test('refuse what has none', () => {
    expect(() => cloned.encode({ value: () => 1 })).toThrow(/could not be cloned/);
    expect(() => cloned.encode({ value: { deep: [Symbol('a')] } })).toThrow(/could not be cloned/);
  });
});

test('JSON has lists for typed arrays, and null for undefined', () => {
  expect(json.decode(json.encode({ a: new Float64Array([1, 2]), b: undefined }))).toEqual({ a: [1, 2], b: null });
});

describe.each([
  ['json', json],
  ['clones', cloned],
])('%s on a pipe', (_, codec) => {
  const messages = [{ n: 1 }, { text: 'x'.repeat(100_000) }, { n: [2, 3] }];

  test('arrive one by one, in whatever pieces', () => {
    const whole = new PassThrough();
    const bytes: Buffer[] = [];
    whole.on('data', (piece: Buffer) => bytes.push(piece));
    const send = sendTo(codec, whole);
    for (const message of messages) send(message);
    return new Promise<void>((resolve) =>
      setImmediate(() => {
        const all = Buffer.concat(bytes);
        for (const size of [1, 3, 7, 4096, all.length]) {
          const pipe = new PassThrough();
          const got: unknown[] = [];
          receive(codec, pipe, (message) => got.push(message), unexpected);
          for (let at = 0; at < all.length; at += size) pipe.emit('data', all.subarray(at, at + size));
          expect(got).toEqual(messages);
        }
        resolve();
      }),
    );
  });

  test('are written whole to a descriptor', () => {
    const file = join(tmpdir(), `framepath-link-${process.pid}`);
    const descriptor = openSync(file, 'w');
    const send = sendSync(codec, descriptor);
    for (const message of messages) send(message);
    closeSync(descriptor);
    const pipe = new PassThrough();
    const got: unknown[] = [];
    receive(codec, pipe, (message) => got.push(message), unexpected);
    pipe.emit('data', readFileSync(file));
    expect(got).toEqual(messages);
  });
});

describe('what is no message', () => {
  const after = cloned.encode({ n: 1 });
  const framed = (bytes: Uint8Array, length = bytes.length) => {
    const head = Buffer.alloc(4);
    head.writeUInt32LE(length);
    return Buffer.concat([head, bytes]);
  };
  test.each([
    ['text', Buffer.from('this is text\n'), /it wrote text \("this\.\.\."\)/],
    ['a length that no message has', framed(Buffer.alloc(8), 0xffffffff), /it wrote a message of 4294967295 bytes/],
    ['nothing', framed(Buffer.alloc(0)), /it sent a message that cannot be read/],
    ['half of JSON', framed(Buffer.from('{"kind":')), /it sent a message that cannot be read/],
    ['half a clone', framed(Buffer.from([0xff, 0x0f, 0x99, 1, 2, 3])), /it sent a message that cannot be read/],
  ])('%s is reported once, and what follows is not read', (_, bytes, why) => {
    for (const size of [1, 1000]) {
      const pipe = new PassThrough();
      const got: unknown[] = [];
      const reasons: string[] = [];
      receive(
        cloned,
        pipe,
        (message) => got.push(message),
        (text) => reasons.push(text),
      );
      const all = Buffer.concat([framed(after), bytes, framed(after), framed(after)]);
      for (let at = 0; at < all.length; at += size) pipe.emit('data', all.subarray(at, at + size));
      expect(got).toEqual([{ n: 1 }]);
      expect(reasons).toHaveLength(1);
      expect(reasons[0]).toMatch(why);
      expect(pipe.destroyed).toBe(true);
    }
  });

  test('a long message in many pieces takes time in proportion', () => {
    const pipe = new PassThrough();
    const got: unknown[] = [];
    receive(json, pipe, (message) => got.push(message), unexpected);
    const piece = Buffer.from('x'.repeat(1024));
    const began = performance.now();
    const pieces = 32 * 1024; // 32 MiB: copied anew with every piece, it would be 512 GiB
    pipe.emit('data', framed(Buffer.from('"'), pieces * piece.length + 2));
    for (let i = 0; i < pieces; i++) pipe.emit('data', piece);
    pipe.emit('data', Buffer.from('"'));
    expect((got[0] as string).length).toBe(pieces * piece.length);
    expect(performance.now() - began).toBeLessThan(5000);
  });
});
