// Models made to harm who reads them: files elsewhere, devices, and small files that would become large.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { convertModel } from '../../src/convert/convert.js';
import { FlatbufferError, Table } from '../../src/convert/flatbuffer.js';
import { fixModel } from '../../src/fixes.js';
import { ModelError } from '../../src/model-error.js';
import { readModel } from '../../src/onnx-proto.js';
import { type TestOperation, type TestTensor, tfliteFile } from './flatbuffer-writer.js';

const outside = mkdtempSync(join(tmpdir(), 'framepath-hostile-'));
const folder = join(outside, 'model');
mkdirSync(join(folder, 'below'), { recursive: true });
afterAll(() => rmSync(outside, { recursive: true, force: true }));
for (const path of [join(outside, 'secret.bin'), join(folder, 'w.bin'), join(folder, 'below/w.bin')])
  writeFileSync(path, new Uint8Array(16));
symlinkSync('../secret.bin', join(folder, 'link.bin'));
symlinkSync('/dev/zero', join(folder, 'zero.bin'));
spawnSync('mkfifo', [join(folder, 'fifo.bin')]);

const dims = { dim: [1, 4, 4, 4].map((size) => ({ size })) };
const placeholder = { name: 'x', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: dims } } };
const sum = { name: 'y', op: 'AddV2', input: ['x', 'w'] };

/** What is wrong with a graph model; it is small, so that converting it is done at once. */
function refused(paths: string[], nodes: object[] = [sum]): ModelError {
  const file = join(folder, 'model.json');
  const json = {
    modelTopology: { node: [placeholder, { name: 'w', op: 'Const' }, ...nodes] },
    signature: { outputs: { y: { name: 'y:0' } } },
    weightsManifest: [{ paths, weights: [{ name: 'w', dtype: 'float32', shape: [4 * paths.length] }] }],
  };
  writeFileSync(file, JSON.stringify(json));
  return refusal(file);
}

function refusal(file: string): ModelError {
  try {
    convertModel(file);
  } catch (error) {
    expect(error).toBeInstanceOf(ModelError);
    return error as ModelError;
  }
  return expect.fail('it was converted');
}

describe('files of a graph model', () => {
  test('lie in its folder or below', () => {
    for (const path of ['../secret.bin', 'below/../../secret.bin', join(outside, 'secret.bin'), 'link.bin', 'w.bin\0'])
      expect(refused([path])).toMatchObject({
        code: 'MODEL_INVALID',
        message: expect.stringContaining(`It names the file '${path}', which is not in its folder`),
      });
    expect(refused(['below/w.bin'], [{ ...sum, op: 'Nonsense' }]).message).toContain('Nonsense'); // it was read
  });

  test('are files: no device, no folder, no FIFO that waits for its writer', () => {
    expect(refused(['zero.bin']).code).toBe('MODEL_INVALID');
    for (const path of ['fifo.bin', 'below', '.'])
      expect(refused([path])).toMatchObject({
        code: 'MODEL_INVALID',
        message: expect.stringMatching(/not a file|not in/),
      });
    for (const path of [folder, join(folder, 'fifo.bin'), '/dev/zero'])
      expect(refusal(path)).toMatchObject({ code: 'MODEL_INVALID', message: expect.stringContaining('is not a file') });
    expect(refused(['missing.bin']).code).toBe('MODEL_NOT_FOUND');
    expect(refusal(join(folder, 'missing.json')).code).toBe('MODEL_NOT_FOUND');
  });

  test('are read once', () => {
    expect(refused(['w.bin', 'w.bin']).message).toContain('more than once');
  });
});

describe('a small file that would become a large one', () => {
  test('is refused: parts of a graph model', () => {
    const many = { name: 'y', op: 'Unpack', input: ['x'], attr: { num: { i: '1000000000' } } };
    expect(refused(['w.bin'], [many]).message).toContain('It would become more than');
    const wide = { name: 'y', op: 'Nonsense', input: Array.from({ length: 150_000 }, () => 'x') };
    expect(refused(['w.bin'], [wide]).message).toContain('Nonsense');
  });

  test('is refused: one constant that many operations read', () => {
    const filters: TestTensor = { name: 'filters', shape: [8, 1, 1, 8], data: new Float32Array(64).fill(0.1) };
    const large: TestTensor = { ...filters, shape: [64, 1, 1, 256], data: new Float32Array(64 * 256).fill(0.1) };
    const picture = (name: string): TestTensor => ({ name, shape: [1, 4, 4, 256] });
    const options: TestOperation['options'] = { 0: ['uint8', 0], 1: ['int32', 1], 2: ['int32', 1] };
    const operations = Array.from({ length: 60 }, (_, i) => ({
      op: 'CONV_2D',
      inputs: [0, 1],
      outputs: [2 + i],
      options,
    }));
    operations.push({
      op: 'CONCATENATION',
      inputs: operations.map(({ outputs }) => outputs[0]),
      outputs: [62],
      options: {},
    });
    const tensors = [picture('x'), large, ...operations.map((_, i) => picture(`y${i}`))];
    const file = join(folder, 'shared.tflite');
    writeFileSync(file, tfliteFile(tensors, operations, [0], [62]));
    expect(refusal(file)).toMatchObject({ code: 'MODEL_INVALID', message: expect.stringContaining('more than') });
  });

  test('is refused: offsets that lead to the same bytes', () => {
    // A table whose field 0 is a vector of many offsets to one table, whose field 0 is a long vector.
    const [tables, numbers] = [4000, 4000];
    const view = new DataView(new ArrayBuffer(64 + 4 * tables + 4 * numbers));
    const shape = (at: number) => [6, 8, 4].forEach((value, i) => view.setUint16(at + 2 * i, value, true));
    view.setUint32(0, 16, true); // root
    shape(8);
    view.setInt32(16, 8, true); // the root: its fields are described at 8
    const inner = 32 + 4 * tables;
    view.setUint32(20, 4, true);
    view.setUint32(24, tables, true);
    for (let i = 0; i < tables; i++) view.setUint32(28 + 4 * i, inner - (28 + 4 * i), true);
    view.setInt32(inner, inner - 8, true);
    view.setUint32(inner + 4, 4, true);
    view.setUint32(inner + 8, numbers, true);
    const root = Table.root(new Uint8Array(view.buffer));
    const all = root.tables(0);
    expect(all[0].ints(0)).toHaveLength(numbers);
    expect(() => all.map((table) => table.ints(0))).toThrow(FlatbufferError);
  });

  /** Of protobuf: a field of bytes. */
  const field = (number: number, bytes: Uint8Array) => {
    const length: number[] = [];
    for (let rest = bytes.length; rest > 0 || length.length === 0; rest >>>= 7)
      length.push(rest > 127 ? (rest & 127) | 128 : rest);
    return Buffer.concat([Uint8Array.from([(number << 3) | 2, ...length]), bytes]);
  };

  test('is read in time in proportion to its bytes: integers one by one', () => {
    const dims = Buffer.alloc(600_000, Uint8Array.from([8, 1])); // 300,000 times dims = 1: copied anew with each, 360 GB
    const node = field(1, field(4, Buffer.from('Relu')));
    const file = Buffer.concat([field(7, Buffer.concat([node, field(5, dims)])), field(8, Uint8Array.of(16, 17))]);
    const began = performance.now();
    expect(readModel(file).graph.initializer[0].dims).toHaveLength(300_000);
    fixModel(file, 16);
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  test('is refused: more numbers than any model keeps one by one', () => {
    const file = field(7, field(5, field(7, Buffer.alloc(34 * 2 ** 20))));
    expect(() => readModel(file)).toThrow('it has more than 2097152 parts');
  });

  test.each([
    ['nodes with nothing in them', field(7, Buffer.alloc(6 * 2 ** 20, Uint8Array.of(10, 0)))],
    ['names with nothing in them', field(7, field(1, Buffer.alloc(6 * 2 ** 20, Uint8Array.of(10, 0))))],
    ['fields that no ONNX model has', field(7, Buffer.alloc(6 * 2 ** 20, Uint8Array.of(0x18, 1)))],
  ])('is refused, at once and without room for all of them: %s', (_, file) => {
    const [began, before] = [performance.now(), process.memoryUsage().heapUsed];
    expect(() => readModel(file)).toThrow('it has more than 2097152 parts');
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(2 ** 26);
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  // The library trusts a known field to be of the type in its schema and would go on inside the bytes of the tensor: nodes without end.
  test.each([
    ['a name that is a number', [0x40, 5], 'field 8 is of another type'],
    ['a list whose last number has no end', [0x0a, 1, 0x80], 'a number of field 1 runs past the end'],
    ['floats that are not whole', [0x22, 3, 0, 0, 0], 'a number of field 4 runs past the end'],
  ])('is refused, wherever it hides them: %s', (_, start, message) => {
    const hidden = field(9, Buffer.alloc(6 * 2 ** 20, Uint8Array.of(10, 0)));
    const file = field(7, field(5, Buffer.concat([Uint8Array.from(start), hidden])));
    expect(() => readModel(file)).toThrow(message);
  });

  test('is refused: a group that ends outside of the message it is in, and groups without end', () => {
    const [start, end] = [Uint8Array.of(0x9b, 0x06), Uint8Array.of(0x9c, 0x06)];
    expect(() => readModel(field(7, Buffer.concat([field(5, start), end])))).toThrow('a field runs past the end');
    expect(() => readModel(Buffer.alloc(2 ** 20, start))).toThrow('maximum recursion depth');
  });

  test('is refused: a message that is longer than the one it is in', () => {
    const node = Buffer.concat([Uint8Array.of(10, 100), Buffer.alloc(3)]);
    expect(() => readModel(field(7, node))).toThrow('field 1 runs past the end');
  });
});

test('a model with invalid values is refused, not written', () => {
  const pad = { name: 'y', op: 'Mean', input: ['x', 'w'], attr: { keep_dims: { b: true } } };
  writeFileSync(join(folder, 'w.bin'), new Float32Array([0.5, 1, 2, 3]));
  expect(refused(['w.bin'], [pad]).message).toContain('is no shape or list of axes');
  expect(readFileSync(join(folder, 'w.bin'))).toHaveLength(16);
});
