// Writes FlatBuffers and TFLite files for tests, as far as the reader knows them.
import { tfliteOperations } from '../../src/convert/tflite-operations.js';

export type Field =
  | readonly ['uint8' | 'int32' | 'float32', number]
  | readonly ['ints' | 'longs' | 'floats', readonly number[]]
  | readonly ['bytes', Uint8Array]
  | readonly ['text', string]
  | readonly ['table', Fields]
  | readonly ['tables', readonly Fields[]];
/** Fields by number. */
export type Fields = { readonly [number: number]: Field };

const fields = (some: Fields): Fields => some;

class Writer {
  readonly #bytes: number[] = [];

  #number(bytes: number, write: (view: DataView) => void): number {
    const at = this.#bytes.length;
    const view = new DataView(new ArrayBuffer(bytes));
    write(view);
    this.#bytes.push(...new Uint8Array(view.buffer));
    return at;
  }
  #uint16 = (value: number) => this.#number(2, (view) => view.setUint16(0, value, true));
  #int32 = (value: number) => this.#number(4, (view) => view.setInt32(0, value, true));
  #float32 = (value: number) => this.#number(4, (view) => view.setFloat32(0, value, true));

  /** Makes the offset stored at `at` lead to `to`, or to what is written next. */
  #lead(at: number, to = this.#bytes.length): void {
    const offset = to - at;
    for (let i = 0; i < 4; i++) this.#bytes[at + i] = (offset >> (8 * i)) & 255;
  }

  /** Where the table is: its field positions stand before it. */
  #table(fields: Fields): number {
    const numbers = Object.keys(fields).map(Number);
    const slots = Math.max(-1, ...numbers) + 1;
    const start = this.#bytes.length; // of the table of field positions
    this.#uint16(4 + 2 * slots);
    this.#uint16(0);
    for (let i = 0; i < slots; i++) this.#uint16(0);
    const table = this.#int32(this.#bytes.length - start);
    const offsets: [at: number, field: Field][] = [];
    for (const number of numbers) {
      const field = fields[number];
      const [kind, value] = field;
      const position = this.#bytes.length - table;
      this.#bytes[start + 4 + 2 * number] = position & 255;
      this.#bytes[start + 5 + 2 * number] = position >> 8;
      if (kind === 'uint8') this.#bytes.push(value);
      else if (kind === 'int32') this.#int32(value);
      else if (kind === 'float32') this.#float32(value);
      else offsets.push([this.#int32(0), field]);
    }
    for (const [at, field] of offsets) this.#follow(at, field);
    return table;
  }

  #follow(at: number, [kind, value]: Field): void {
    if (kind === 'table') {
      this.#lead(at, this.#table(value));
      return;
    }
    this.#lead(at);
    if (kind === 'tables') {
      this.#int32(value.length);
      const slots = value.map(() => this.#int32(0));
      for (const [i, one] of value.entries()) this.#follow(slots[i], ['table', one]);
      return;
    }
    const list = kind === 'text' ? [...new TextEncoder().encode(value)] : [...(value as Iterable<number>)];
    this.#int32(list.length);
    for (const one of list) {
      if (kind === 'ints') this.#int32(one);
      else if (kind === 'floats') this.#float32(one);
      else if (kind === 'longs') this.#number(8, (view) => view.setBigInt64(0, BigInt(one), true));
      else this.#bytes.push(one);
    }
  }

  file(root: Fields, identifier: string): Uint8Array {
    this.#int32(0);
    this.#bytes.push(...new TextEncoder().encode(identifier));
    this.#follow(0, ['table', root]);
    return Uint8Array.from(this.#bytes);
  }
}

/** A tensor: numbers when the file holds them, by default float32. */
export interface TestTensor {
  name: string;
  shape: number[];
  type?: 'float32' | 'float16' | 'int32' | 'uint8' | 'int8';
  data?: Float32Array | Uint16Array | Int32Array | Int8Array;
  quantization?: Fields;
  sparse?: boolean;
}

export interface TestOperation {
  /** of the list of built-in operators, or `CUSTOM:name` */
  op: string;
  inputs: number[];
  outputs: number[];
  options?: Fields;
}

const elementTypes = ['float32', 'float16', 'int32', 'uint8', 'int64', 'string', 'bool', 'int16', 'complex64', 'int8'];

export function tfliteFile(
  tensors: TestTensor[],
  operations: TestOperation[],
  inputs: number[],
  outputs: number[],
): Uint8Array {
  const none = new Uint8Array(0);
  const raw = tensors.map(({ data }) => (data ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : none));
  const graph: Fields = {
    0: [
      'tables',
      tensors.map(
        ({ name, shape, type = 'float32', quantization, sparse }, i): Fields => ({
          0: ['ints', shape],
          1: ['uint8', elementTypes.indexOf(type)],
          2: ['int32', i],
          3: ['text', name],
          ...(quantization ? fields({ 4: ['table', quantization] }) : {}),
          ...(sparse ? fields({ 6: ['table', {}] }) : {}),
        }),
      ),
    ],
    1: ['ints', inputs],
    2: ['ints', outputs],
    3: [
      'tables',
      operations.map(
        ({ inputs, outputs, options }, i): Fields => ({
          0: ['int32', i],
          1: ['ints', inputs],
          2: ['ints', outputs],
          ...(options ? fields({ 4: ['table', options] }) : {}),
        }),
      ),
    ],
  };
  const codes = operations.map(({ op }): Fields => {
    const [kind, custom] = op.split(':');
    const number = tfliteOperations.indexOf(kind);
    return {
      0: ['uint8', Math.min(number, 127)],
      3: ['int32', number],
      ...(custom ? fields({ 1: ['text', custom] }) : {}),
    };
  });
  const buffers = raw.map((data): Fields => ({ 0: ['bytes', data] }));
  return new Writer().file(
    { 0: ['int32', 3], 1: ['tables', codes], 2: ['tables', [graph]], 4: ['tables', buffers] },
    'TFL3',
  );
}
