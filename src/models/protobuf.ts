/**
 * The protobuf wire format, as much of it as ONNX files need, and message codecs declared field by field.
 *
 * A message is a plain object. What its codec does not name is kept as it was and written back, so that reading and
 * writing a file loses nothing.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */

/** A field as it stands in the file; varints are bigint, everything else the bytes of its value. */
export interface WireField {
  number: number;
  wire: Wire;
  value: bigint | Uint8Array;
}

export enum Wire {
  varint = 0,
  fixed64 = 1,
  bytes = 2,
  fixed32 = 5,
}

/** The bytes are not a well-formed message. */
export class ProtobufError extends Error {}

function readVarint(bytes: Uint8Array, at: number): [value: bigint, next: number] {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    if (at >= bytes.length) throw new ProtobufError('a number runs past the end');
    const byte = bytes[at++];
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return [value, at];
  }
  throw new ProtobufError('a number is longer than 10 bytes');
}

export function readFields(bytes: Uint8Array): WireField[] {
  const fields: WireField[] = [];
  let at = 0;
  while (at < bytes.length) {
    let key: bigint;
    [key, at] = readVarint(bytes, at);
    const number = Number(key >> 3n);
    const wire = Number(key & 7n);
    if (number === 0) throw new ProtobufError('field number 0');
    if (wire === Wire.varint) {
      let value: bigint;
      [value, at] = readVarint(bytes, at);
      fields.push({ number, wire, value });
      continue;
    }
    let length = wire === Wire.fixed32 ? 4 : 8;
    if (wire === Wire.bytes) {
      let value: bigint;
      [value, at] = readVarint(bytes, at);
      length = Number(value);
    } else if (wire !== Wire.fixed32 && wire !== Wire.fixed64) {
      throw new ProtobufError(`unknown wire type ${wire}`);
    }
    if (at + length > bytes.length) throw new ProtobufError(`field ${number} runs past the end`);
    fields.push({ number, wire, value: bytes.subarray(at, at + length) });
    at += length;
  }
  return fields;
}

function varint(value: bigint): Uint8Array {
  let rest = BigInt.asUintN(64, value);
  const bytes: number[] = [];
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest ? low | 128 : low);
  } while (rest);
  return Uint8Array.from(bytes);
}

function concat(parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function writeFields(fields: WireField[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { number, wire, value } of fields) {
    parts.push(varint(BigInt((number << 3) | wire)));
    if (typeof value === 'bigint') parts.push(varint(value));
    else if (wire === Wire.bytes) parts.push(varint(BigInt(value.length)), value);
    else parts.push(value);
  }
  return concat(parts);
}

/** How one property of a message is read (field by field: repeated fields arrive one at a time) and written. */
export interface FieldCodec<T> {
  number: number;
  initial(): T;
  read(field: WireField, before: T): T;
  write(value: T): WireField[];
}

const text = new TextDecoder();
const utf8 = new TextEncoder();

function bytesOf({ number, value }: WireField): Uint8Array {
  if (typeof value === 'bigint') throw new ProtobufError(`field ${number} is a number`);
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
  for (let at = 0; at < field.value.length; ) {
    let value: bigint;
    [value, at] = readVarint(field.value, at);
    values.push(toInteger(value));
  }
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
  read: (field: WireField) => T,
  write: (value: T) => bigint | Uint8Array,
): FieldCodec<T | undefined> {
  return {
    number,
    initial: () => undefined,
    read,
    write: (value) => (value === undefined ? [] : [{ number, wire, value: write(value) }]),
  };
}

/** A property that is a list: every occurrence of the field is an element. */
function list<T>(number: number, read: (field: WireField) => T, write: (value: T) => Uint8Array): FieldCodec<T[]> {
  return {
    number,
    initial: () => [],
    read: (field, before) => {
      before.push(read(field));
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
    read: (field, before) => before.concat(read(field)),
    write: (values) => (values.length ? [{ number, wire: Wire.bytes, value: write(values) }] : []),
  };
}

export const int = (number: number) => optional(number, Wire.varint, (field) => readIntegers(field)[0], BigInt);
export const float = (number: number) =>
  optional(
    number,
    Wire.fixed32,
    (field) => readFloats(field)[0],
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
  packed(number, readIntegers, (values) => concat(values.map((value) => varint(BigInt(value)))));
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
    (field) => codec.decode(bytesOf(field)),
    (value) => codec.encode(value),
  );
export const messages = <T>(number: number, codec: Codec<T>) =>
  list(
    number,
    (field) => codec.decode(bytesOf(field)),
    (value) => codec.encode(value),
  );

/** Reads and writes messages of type T: one field codec a property. */
export class Codec<T> {
  readonly #fields: [keyof T, FieldCodec<T[keyof T]>][];
  /** what decoded messages held besides the named fields */
  readonly #unknown = new WeakMap<object, WireField[]>();

  constructor(fields: { [K in keyof T]-?: FieldCodec<T[K]> }) {
    this.#fields = Object.entries(fields) as [keyof T, FieldCodec<T[keyof T]>][];
  }

  /** A message with every property at its initial value (absent, or an empty list), then those of `values`. */
  create(values: Partial<T> = {}): T {
    const result = {} as T;
    for (const [name, field] of this.#fields) result[name] = field.initial();
    return Object.assign(result as object, values) as T;
  }

  decode(data: Uint8Array): T {
    const result = this.create();
    const unknown: WireField[] = [];
    for (const wireField of readFields(data)) {
      const known = this.#fields.find(([, field]) => field.number === wireField.number);
      if (known) result[known[0]] = known[1].read(wireField, result[known[0]]);
      else unknown.push(wireField);
    }
    if (unknown.length) this.#unknown.set(result as object, unknown);
    return result;
  }

  encode(value: T): Uint8Array {
    const fields = this.#fields.flatMap(([name, field]) => field.write(value[name]));
    return writeFields(fields.concat(this.#unknown.get(value as object) ?? []));
  }
}
