/**
 * TFLite files: tensors and operators of the main graph.
 *
 * @see https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs
 */
import { fromHalf } from '../half.js';
import { volume } from '../transpose.js';
import { Table } from './flatbuffer.js';
import { cannotConvert } from './options.js';
import { tfliteOperations } from './tflite-operations.js';

const elementTypes = 'float32 float16 int32 uint8 int64 string bool int16 complex64 int8'.split(' ');

export interface TfliteTensor {
  name: string;
  shape: number[];
  type: string;
  /** values of a constant, dequantised */
  constant?: Float32Array | Int32Array;
}

export interface TfliteOperation {
  /** e.g. `CONV_2D`, `CUSTOM:name` */
  op: string;
  inputs: number[];
  outputs: number[];
  options: Table;
}

export interface TfliteModel {
  tensors: TfliteTensor[];
  operations: TfliteOperation[];
  inputs: number[];
  outputs: number[];
}

export const isTflite = (file: Uint8Array): boolean => Buffer.from(file.subarray(4, 8)).toString('latin1') === 'TFL3';

/** Dequantises: (q - zero point) * scale, one of each for the tensor or along one dimension. */
function dequantized(values: Int8Array | Uint8Array, shape: number[], quantization: Table): Float32Array {
  const scales = quantization.floats(2);
  const zeros = quantization.longs(3);
  const axis = quantization.int32(6);
  if ((scales.length > 1 || zeros.length > 1) && !(axis >= 0 && axis < shape.length))
    throw cannotConvert(`A tensor of shape [${shape}] is quantised along a dimension that it does not have`);
  const step = volume(shape.slice(axis + 1));
  const of = (list: number[], i: number) => list[list.length > 1 ? Math.floor(i / step) % shape[axis] : 0] ?? 0;
  return Float32Array.from(values, (value, i) => (value - of(zeros, i)) * of(scales, i));
}

const elementBytes: Record<string, number> = { float32: 4, float16: 2, int32: 4, int64: 8, int8: 1, uint8: 1 };

function readConstant(tensor: TfliteTensor, raw: Uint8Array, table: Table): Float32Array | Int32Array | undefined {
  const { name, type, shape } = tensor;
  if (table.has(6)) throw cannotConvert(`The tensor "${name}" is sparse`, 'Convert a model with dense weights.');
  const size = elementBytes[type];
  if (size === undefined) return undefined;
  if (shape.some((length) => length < 0) || raw.length !== volume(shape) * size)
    throw cannotConvert(`The tensor "${name}" of shape [${shape}] has ${raw.length} bytes: the file is damaged`);
  const bytes = new Uint8Array(raw).buffer; // aligned
  const quantization = table.table(4);
  switch (type) {
    case 'float32':
      return new Float32Array(bytes);
    case 'float16':
      return Float32Array.from(new Uint16Array(bytes), fromHalf);
    case 'int32':
      return new Int32Array(bytes);
    case 'int64':
      return Int32Array.from(new BigInt64Array(bytes), Number);
    case 'int8':
      return quantization && dequantized(new Int8Array(bytes), shape, quantization);
    default:
      return quantization && dequantized(new Uint8Array(bytes), shape, quantization);
  }
}

/** @throws FlatbufferError when the bytes are damaged, MODEL_INVALID for unsupported content */
export function readTflite(file: Uint8Array): TfliteModel {
  const model = Table.root(file);
  const operators = model.tables(1).map((code) => {
    const number = Math.max(code.uint8(0), code.int32(3)); // codes above 127 are in the second field
    if (number === tfliteOperations.indexOf('CUSTOM')) return `CUSTOM:${code.text(1)}`;
    return tfliteOperations[number] ?? `number ${number}`;
  });
  const buffers = model.tables(4);
  const [graph] = model.tables(2);
  if (!graph) throw cannotConvert('There is no graph in the file');
  const tensors = graph.tables(0).map((table): TfliteTensor => {
    const tensor: TfliteTensor = {
      name: table.text(3),
      shape: table.ints(0),
      type: elementTypes[table.uint8(1)] ?? 'unknown',
    };
    const raw = buffers[table.int32(2)]?.bytes(0);
    const constant = raw?.length ? readConstant(tensor, raw, table) : undefined;
    return { ...tensor, ...(constant && { constant }) };
  });
  const known = (ids: number[], optional = false): number[] => {
    if (ids.some((id) => !(tensors[id] || (optional && id === -1))))
      throw cannotConvert('It names a tensor that it does not have: the file is damaged');
    return ids;
  };
  const operations = graph.tables(3).map((table) => ({
    op: operators[table.int32(0)] ?? 'unknown',
    inputs: known(table.ints(1), true),
    outputs: known(table.ints(2)),
    options: table.table(4) ?? Table.empty,
  }));
  for (const { op, inputs, outputs } of operations) {
    const constant = op === 'DEQUANTIZE' && tensors[inputs[0]]?.constant;
    if (constant && outputs.length === 1) tensors[outputs[0]].constant = constant; // already dequantised
  }
  return {
    tensors,
    operations,
    inputs: known(graph.ints(1)),
    outputs: known(graph.ints(2)),
  };
}
