/** Tensors and shapes of values in ONNX models. */
import {
  DataType,
  OnnxFormatError,
  type Tensor,
  tensorCodec,
  type ValueInfo,
  valueInfoCodec,
  wholeOf,
} from './onnx-proto.js';

/** A value of a shape, by default float32; a string is the name of a free dimension, no dimensions any shape. */
export function valueInfo(name: string, dims?: (number | string)[], elemType: number = DataType.float): ValueInfo {
  const dim = dims?.map((size) => (typeof size === 'string' ? { param: size } : { value: wholeOf(name, size) }));
  return valueInfoCodec.create({ name, type: { tensorType: { elemType, ...(dim && { shape: { dim } }) } } });
}

export function int64Tensor(name: string, values: number[]): Tensor {
  const raw = BigInt64Array.from(values, (value) => wholeOf(name, value));
  return tensorCodec.create({
    name,
    dims: [BigInt(values.length)],
    dataType: DataType.int64,
    rawData: new Uint8Array(raw.buffer),
  });
}

export function floatTensor(name: string, dims: number[], values: Float32Array): Tensor {
  const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return rawTensor(name, dims, DataType.float, rawData);
}

/** A tensor from the bytes of its values in memory. */
export const rawTensor = (name: string, dims: number[], dataType: number, rawData: Uint8Array): Tensor =>
  tensorCodec.create({ name, dims: dims.map((size) => wholeOf(name, size)), dataType, rawData });

/** The values of a float32 or int64 tensor, from any of its fields. */
export function tensorValues(tensor: Tensor): number[] {
  const { rawData } = tensor;
  if (!rawData) return tensor.dataType === DataType.int64 ? tensor.int64Data.map(Number) : tensor.floatData;
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  if (tensor.dataType === DataType.int64) {
    return Array.from({ length: rawData.length >> 3 }, (_, i) => Number(view.getBigInt64(i * 8, true)));
  }
  if (tensor.dataType === DataType.float) {
    return Array.from({ length: rawData.length >> 2 }, (_, i) => view.getFloat32(i * 4, true));
  }
  throw new OnnxFormatError(`tensor ${tensor.name} has element type ${tensor.dataType}, expected float32 or int64`);
}
