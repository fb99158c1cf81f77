/**
 * The protobuf wire format, as much of it as ONNX files need, and message codecs declared field by field.
 *
 * A message is a plain object. What its codec does not name is kept as it was and written back, so that reading and
 * writing a file loses nothing.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */

/** A field as it stands in the file; varints are bigint, everything else the bytes of its value. */
interface WireField {
  number: number;
  wire: Wire;
  value: bigint | Uint8Array;
}

enum Wire {
  varint = 0,
  fixed64 = 1,
  bytes = 2,
  fixed32 = 5,
}

/** The bytes are not a well-formed message. */
export class ProtobufError extends Error {}

/** More messages, texts and numbers than any model has: what is read takes many times the bytes that it has in the file. */
const mostParts = 2 ** 21;

/** Counts what was read of one file. */
class Parts {
  #left = mostParts;

  /** @throws ProtobufError */
  take(count = 1): void {
    this.#left -= count;
    if (this.#left < 0) throw new ProtobufError(`it has more than ${mostParts} parts`);
  }
}

/** Walks over the fields of a message. */
class Reader {
  at = 0;

  constructor(readonly bytes: Uint8Array) {}

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    let low = 0; // in small numbers as long as it is one
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= this.bytes.length) throw new ProtobufError('a number runs past the end');
      const byte = this.bytes[this.at++];
      if (shift < 28) low |= (byte & 127) << shift;
      else value |= BigInt(byte & 127) << BigInt(shift);
      if (byte < 128) return shift < 28 ? BigInt(low) : value | BigInt(low);
    }
    throw new ProtobufError('a number is longer than 10 bytes');
  }

  next(): WireField {
    const key = Number(this.varint());
    const number = Math.floor(key / 8);
    const wire = key % 8;
    if (number === 0) throw new ProtobufError('field number 0');
    if (wire === Wire.varint) return { number, wire, value: this.varint() };
    if (wire !== Wire.bytes && wire !== Wire.fixed32 && wire !== Wire.fixed64)
      throw new ProtobufError(`unknown wire type ${wire}`);
    const length = wire === Wire.bytes ? Number(this.varint()) : wire === Wire.fixed32 ? 4 : 8;
    if (length > this.bytes.length - this.at) throw new ProtobufError(`field ${number} runs past the end`);
    this.at += length;
    return { number, wire, value: this.bytes.subarray(this.at - length, this.at) };
  }
}

/** Bytes that grow. */
class Writer {
  #bytes = new Uint8Array(64);
  #at = 0;

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#at + bytes));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
  }

  varint(value: number | bigint): void {
    this.#room(10);
    let rest = value;
    if (typeof rest !== 'number' || rest < 0 || rest >= 2 ** 31)
      for (rest = BigInt.asUintN(64, BigInt(rest)); rest >= 128n; rest >>= 7n)
        this.#bytes[this.#at++] = Number(rest & 127n) | 128;
    for (rest = Number(rest); rest >= 128; rest >>= 7) this.#bytes[this.#at++] = (rest & 127) | 128;
    this.#bytes[this.#at++] = rest;
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  field({ number, wire, value }: WireField): void {
    this.varint(number * 8 + wire);
    if (typeof value === 'bigint') {
      this.varint(value);
      return;
    }
    if (wire === Wire.bytes) this.varint(value.length);
    this.raw(value);
  }

  get written(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }
}

/** How one property of a message is read (field by field: repeated fields arrive one at a time) and written. */
interface FieldCodec<T> {
  number: number;
  initial(): T;
  read(field: WireField, before: T, parts: Parts): T;
  write(value: T): WireField[];
}

const text = new TextDecoder();
const utf8 = new TextEncoder();

function bytesOf({ number, value }: WireField): Uint8Array {
  if (typeof value === 'bigint') throw new ProtobufError(`field ${number} is a number`);
  return value;
}

function varintOf({ number, value }: WireField): bigint {
  if (typeof value !== 'bigint') throw new ProtobufError(`field ${number} is no number`);
  return value;
}

/** int32, int64, bool and enums: numbers within 2^53. */
function toInteger(value: bigint): number {
  const integer = Number(BigInt.asIntN(64, value));
  if (!Number.isSafeInteger(integer)) {
    // ONNX means "to the end" by INT64_MAX; keep such ends at the largest safe integer of their sign
    return integer > 0 ? Number.MAX_SAFE_INTEGER : Number.MIN_SAFE_INTEGER;
  }
  return integer;
}

function readIntegers(field: WireField): number[] {
  if (typeof field.value === 'bigint') return [toInteger(field.value)];
  const values: number[] = [];
  for (const reader = new Reader(field.value); !reader.done; ) values.push(toInteger(reader.varint()));
  return values;
}

function readFloats(field: WireField): number[] {
  const bytes = bytesOf(field);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length >> 2 }, (_, i) => view.getFloat32(i * 4, true));
}

function floatBytes(values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, i) => {
    view.setFloat32(i * 4, value, true);
  });
  return new Uint8Array(view.buffer);
}

/** A property that may be absent. */
function optional<T>(
  number: number,
  wire: Wire,
  read: (field: WireField, parts: Parts) => T,
  write: (value: T) => bigint | Uint8Array,
): FieldCodec<T | undefined> {
  return {
    number,
    initial: () => undefined,
    read: (field, _, parts) => read(field, parts),
    write: (value) => (value === undefined ? [] : [{ number, wire, value: write(value) }]),
  };
}

/** A property that is a list: every occurrence of the field is an element. */
function list<T>(
  number: number,
  read: (field: WireField, parts: Parts) => T,
  write: (value: T) => Uint8Array,
): FieldCodec<T[]> {
  return {
    number,
    initial: () => [],
    read: (field, before, parts) => {
      before.push(read(field, parts));
      return before;
    },
    write: (values) => values.map((value) => ({ number, wire: Wire.bytes, value: write(value) })),
  };
}

/** A list of numbers: one field with all of them, or one field each. */
function packed(
  number: number,
  read: (field: WireField) => number[],
  write: (values: number[]) => Uint8Array,
): FieldCodec<number[]> {
  return {
    number,
    initial: () => [],
    read: (field, before, parts) => {
      if (typeof field.value !== 'bigint') parts.take(field.value.length >> 4);
      for (const value of read(field)) before.push(value);
      return before;
    },
    write: (values) => (values.length ? [{ number, wire: Wire.bytes, value: write(values) }] : []),
  };
}

export const int = (number: number) => optional(number, Wire.varint, (field) => toInteger(varintOf(field)), BigInt);
export const float = (number: number) =>
  optional(
    number,
    Wire.fixed32,
    (field) => readFloats({ ...field, value: bytesOf(field).subarray(0, 4) })[0],
    (value) => floatBytes([value]),
  );
export const string = (number: number) =>
  optional(
    number,
    Wire.bytes,
    (field) => text.decode(bytesOf(field)),
    (value) => utf8.encode(value),
  );
export const bytes = (number: number) => optional(number, Wire.bytes, bytesOf, (value) => value);
export const ints = (number: number) =>
  packed(number, readIntegers, (values) => {
    const writer = new Writer();
    for (const value of values) writer.varint(value);
    return writer.written;
  });
export const floats = (number: number) => packed(number, readFloats, floatBytes);
export const strings = (number: number) =>
  list(
    number,
    (field) => text.decode(bytesOf(field)),
    (value) => utf8.encode(value),
  );
export const message = <T>(number: number, codec: Codec<T>) =>
  optional(
    number,
    Wire.bytes,
    (field, parts) => codec.decode(bytesOf(field), parts),
    (value) => codec.encode(value),
  );
export const messages = <T>(number: number, codec: Codec<T>) =>
  list(
    number,
    (field, parts) => codec.decode(bytesOf(field), parts),
    (value) => codec.encode(value),
  );

/** Reads and writes messages of type T: one field codec a property. */
export class Codec<T> {
  readonly #fields: [keyof T, FieldCodec<T[keyof T]>][];
  readonly #byNumber: Map<number, [keyof T, FieldCodec<T[keyof T]>]>;
  /** what decoded messages held besides the named fields, as it stood there */
  readonly #unknown = new WeakMap<object, Uint8Array[]>();

  constructor(fields: { [K in keyof T]-?: FieldCodec<T[K]> }) {
    this.#fields = Object.entries(fields) as [keyof T, FieldCodec<T[keyof T]>][];
    this.#byNumber = new Map(this.#fields.map((field) => [field[1].number, field]));
  }

  /** A message with every property at its initial value (absent, or an empty list), then those of `values`. */
  create(values: Partial<T> = {}): T {
    const result = {} as T;
    for (const [name, field] of this.#fields) result[name] = field.initial();
    return Object.assign(result as object, values) as T;
  }

  /** @throws ProtobufError */
  decode(data: Uint8Array, parts = new Parts()): T {
    const result = this.create();
    const unknown: [start: number, end: number][] = [];
    parts.take();
    for (const reader = new Reader(data); !reader.done; ) {
      const start = reader.at;
      const field = reader.next();
      const known = this.#byNumber.get(field.number);
      if (known) {
        parts.take();
        result[known[0]] = known[1].read(field, result[known[0]], parts);
      } else if (unknown.at(-1)?.[1] === start) unknown.at(-1)![1] = reader.at;
      else unknown.push([start, reader.at]);
    }
    if (unknown.length)
      this.#unknown.set(
        result as object,
        unknown.map(([start, end]) => data.subarray(start, end)),
      );
    return result;
  }

  encode(value: T): Uint8Array {
    const writer = new Writer();
    for (const [name, codec] of this.#fields) for (const field of codec.write(value[name])) writer.field(field);
    for (const bytes of this.#unknown.get(value as object) ?? []) writer.raw(bytes);
    return writer.written;
  }
}
