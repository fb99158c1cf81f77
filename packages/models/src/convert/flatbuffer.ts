/**
 * Reads FlatBuffers without a schema compiler: tables whose fields are found by number. Every access is checked, so that a
 * damaged file is an error and never a wrong read.
 *
 * @see https://flatbuffers.dev/internals/
 */
import { ModelError } from '../model-error.js';

/** The bytes are not a valid FlatBuffer. */
export class FlatbufferError extends ModelError {
  constructor(message: string) {
    super('MODEL_INVALID', message);
  }
}

/** Bound on the bytes read, as a multiple of the file: offsets can point to the same bytes repeatedly. */
const mostReadings = 16;
const alwaysBytes = 4096;

class Bytes {
  readonly view: DataView;
  #left: number;

  constructor(readonly data: Uint8Array) {
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.#left = mostReadings * data.length + alwaysBytes;
  }

  /** Counts bytes that become a list or a copy. */
  take(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw new FlatbufferError('it leads to the same bytes again and again');
  }

  /** `at`, when `count` bytes can be read there. */
  check(at: number, count: number): number {
    if (at < 0 || at + count > this.data.length) throw new FlatbufferError('it is cut off or damaged');
    return at;
  }

  uint8 = (at: number) => this.view.getUint8(this.check(at, 1));
  uint16 = (at: number) => this.view.getUint16(this.check(at, 2), true);
  int32 = (at: number) => this.view.getInt32(this.check(at, 4), true);
  uint32 = (at: number) => this.view.getUint32(this.check(at, 4), true);
  float32 = (at: number) => this.view.getFloat32(this.check(at, 4), true);
  int64 = (at: number) => Number(this.view.getBigInt64(this.check(at, 8), true));
  /** target of an offset stored at `at` */
  follow = (at: number) => at + this.uint32(at);
}

/** A table: fields by number, with defaults for absent fields. */
export class Table {
  readonly #bytes: Bytes;
  readonly #at: number;
  readonly #fields: number;
  readonly #fieldBytes: number;

  private constructor(bytes: Bytes, at: number) {
    this.#bytes = bytes;
    this.#at = at;
    this.#fields = at - bytes.int32(at);
    this.#fieldBytes = bytes.uint16(this.#fields);
  }

  static root(file: Uint8Array): Table {
    const bytes = new Bytes(file);
    return new Table(bytes, bytes.follow(0));
  }

  /** A table without fields. */
  static readonly empty = Table.root(Uint8Array.of(8, 0, 0, 0, 4, 0, 4, 0, 4, 0, 0, 0));

  /** Position of a field's value; 0: absent. */
  #field(number: number): number {
    const slot = 4 + 2 * number;
    if (slot + 2 > this.#fieldBytes) return 0;
    const offset = this.#bytes.uint16(this.#fields + slot);
    return offset === 0 ? 0 : this.#at + offset;
  }

  has(number: number): boolean {
    return this.#field(number) !== 0;
  }

  uint8(number: number, fallback = 0): number {
    const at = this.#field(number);
    return at ? this.#bytes.uint8(at) : fallback;
  }

  int32(number: number, fallback = 0): number {
    const at = this.#field(number);
    return at ? this.#bytes.int32(at) : fallback;
  }

  float32(number: number, fallback = 0): number {
    const at = this.#field(number);
    return at ? this.#bytes.float32(at) : fallback;
  }

  flag(number: number): boolean {
    return this.uint8(number) !== 0;
  }

  table(number: number): Table | undefined {
    const at = this.#field(number);
    return at ? new Table(this.#bytes, this.#bytes.follow(at)) : undefined;
  }

  #vector<T>(number: number, elementBytes: number, read: (at: number) => T): T[] {
    const at = this.#field(number);
    if (!at) return [];
    const start = this.#bytes.follow(at);
    const length = this.#bytes.uint32(start);
    this.#bytes.check(start + 4, length * elementBytes);
    this.#bytes.take(length * elementBytes);
    return Array.from({ length }, (_, i) => read(start + 4 + i * elementBytes));
  }

  tables(number: number): Table[] {
    return this.#vector(number, 4, (at) => new Table(this.#bytes, this.#bytes.follow(at)));
  }

  ints(number: number): number[] {
    return this.#vector(number, 4, this.#bytes.int32);
  }

  longs(number: number): number[] {
    return this.#vector(number, 8, this.#bytes.int64);
  }

  floats(number: number): number[] {
    return this.#vector(number, 4, this.#bytes.float32);
  }

  /** A view into the file. */
  bytes(number: number): Uint8Array {
    const at = this.#field(number);
    if (!at) return new Uint8Array(0);
    const start = this.#bytes.follow(at);
    const length = this.#bytes.uint32(start);
    this.#bytes.check(start + 4, length);
    this.#bytes.take(length);
    return this.#bytes.data.subarray(start + 4, start + 4 + length);
  }

  text(number: number): string {
    return new TextDecoder().decode(this.bytes(number));
  }
}
