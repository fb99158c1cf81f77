// Writes graph models of TensorFlow.js for tests.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** An attribute: a whole number, a truth, a text, a type (`DT_...`), a list of them, or a shape. */
type Attribute = number | boolean | string | number[] | string[] | { shape: number[] };

export interface TestNode {
  name: string;
  op: string;
  input?: string[];
  attributes?: Record<string, Attribute>;
}

export interface TestWeights {
  shape: number[];
  dtype?: 'float32' | 'int32';
  data: Float32Array | Int32Array | Uint8Array | Uint16Array;
  quantization?: { dtype: 'uint8' | 'float16'; scale?: number; min?: number };
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const dims = (shape: number[]) => ({ dim: shape.map((size) => ({ size: String(size) })) });

function attribute(value: Attribute): object {
  if (typeof value === 'number') return { i: String(value) };
  if (typeof value === 'boolean') return { b: value };
  if (typeof value === 'string') return value.startsWith('DT_') ? { type: value } : { s: base64(value) };
  if (!Array.isArray(value)) return { shape: dims(value.shape) };
  return { list: typeof value[0] === 'string' ? { s: (value as string[]).map(base64) } : { i: value.map(String) } };
}

const folder = mkdtempSync(join(tmpdir(), 'framepath-tfjs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let models = 0;

/** Path of the JSON; constants become nodes of their name. */
export function tfjsFile(
  nodes: TestNode[],
  constants: Record<string, TestWeights>,
  signature?: { inputs?: Record<string, number[]>; outputs: Record<string, number[]> },
): string {
  const name = `model${models++}`;
  const values = (shapes: Record<string, number[]> = {}) =>
    Object.fromEntries(Object.entries(shapes).map(([key, shape]) => [key, { name: key, tensorShape: dims(shape) }]));
  const all: TestNode[] = [...Object.keys(constants).map((key) => ({ name: key, op: 'Const' })), ...nodes];
  const json = {
    format: 'graph-model',
    modelTopology: {
      node: all.map(({ attributes = {}, ...node }) => ({
        ...node,
        attr: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, attribute(value)])),
      })),
    },
    weightsManifest: [
      {
        paths: [`${name}.bin`],
        weights: Object.entries(constants).map(([key, { shape, dtype = 'float32', quantization }]) => ({
          name: key,
          shape,
          dtype,
          quantization,
        })),
      },
    ],
    ...(signature && { signature: { inputs: values(signature.inputs), outputs: values(signature.outputs) } }),
  };
  const bytes = Object.values(constants).map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  writeFileSync(join(folder, `${name}.bin`), Buffer.concat(bytes));
  const path = join(folder, `${name}.json`);
  writeFileSync(path, JSON.stringify(json));
  return path;
}
