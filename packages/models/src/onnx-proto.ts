/**
 * ONNX files: read to plain objects, edited, written.
 *
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
import { ModelError } from './model-error.js';
import {
  bytes,
  Codec,
  float,
  floats,
  int,
  ints,
  message,
  messages,
  ProtobufError,
  string,
  strings,
} from './protobuf.js';

/** TensorProto.DataType, those used here. */
export const DataType = { float: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float16: 10 } as const;

/** AttributeProto.AttributeType, those used here. */
export const AttributeType = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7, strings: 8 } as const;

export interface Tensor {
  dims: number[];
  dataType?: number;
  floatData: number[];
  int64Data: number[];
  name?: string;
  rawData?: Uint8Array;
}

export interface Attribute {
  name?: string;
  f?: number;
  i?: number;
  s?: Uint8Array;
  t?: Tensor;
  floats: number[];
  ints: number[];
  type?: number;
}

export interface Node {
  input: string[];
  output: string[];
  name?: string;
  opType?: string;
  attribute: Attribute[];
}

/** One of value and param, or neither: any size. */
export interface Dimension {
  value?: number;
  param?: string;
}

export interface TensorShape {
  dim: Dimension[];
}

export interface TensorType {
  elemType?: number;
  shape?: TensorShape;
}

export interface ValueType {
  tensorType?: TensorType;
}

export interface ValueInfo {
  name?: string;
  type?: ValueType;
}

export interface Graph {
  node: Node[];
  name?: string;
  initializer: Tensor[];
  input: ValueInfo[];
  output: ValueInfo[];
  valueInfo: ValueInfo[];
}

export interface Opset {
  domain?: string;
  version?: number;
}

export interface Metadata {
  key?: string;
  value?: string;
}

export interface Model {
  irVersion?: number;
  producerName?: string;
  docString?: string;
  graph?: Graph;
  opsetImport: Opset[];
  metadataProps: Metadata[];
}

export const tensorCodec = new Codec<Tensor>({
  dims: ints(1),
  dataType: int(2),
  floatData: floats(4),
  int64Data: ints(7),
  name: string(8),
  rawData: bytes(9),
});
export const attributeCodec = new Codec<Attribute>({
  name: string(1),
  f: float(2),
  i: int(3),
  s: bytes(4),
  t: message(5, tensorCodec),
  floats: floats(7),
  ints: ints(8),
  type: int(20),
});
export const nodeCodec = new Codec<Node>({
  input: strings(1),
  output: strings(2),
  name: string(3),
  opType: string(4),
  attribute: messages(5, attributeCodec),
});
const dimensionCodec = new Codec<Dimension>({ value: int(1), param: string(2) });
const shapeCodec = new Codec<TensorShape>({ dim: messages(1, dimensionCodec) });
const tensorTypeCodec = new Codec<TensorType>({ elemType: int(1), shape: message(2, shapeCodec) });
const valueTypeCodec = new Codec<ValueType>({ tensorType: message(1, tensorTypeCodec) });
const valueInfoCodec = new Codec<ValueInfo>({ name: string(1), type: message(2, valueTypeCodec) });
export const graphCodec = new Codec<Graph>({
  node: messages(1, nodeCodec),
  name: string(2),
  initializer: messages(5, tensorCodec),
  input: messages(11, valueInfoCodec),
  output: messages(12, valueInfoCodec),
  valueInfo: messages(13, valueInfoCodec),
});
const opsetCodec = new Codec<Opset>({ domain: string(1), version: int(2) });
const metadataCodec = new Codec<Metadata>({ key: string(1), value: string(2) });
export const modelCodec = new Codec<Model>({
  irVersion: int(1),
  producerName: string(2),
  docString: string(6),
  graph: message(7, graphCodec),
  opsetImport: messages(8, opsetCodec),
  metadataProps: messages(14, metadataCodec),
});

/** The file is not an ONNX model. */
export class OnnxFormatError extends ModelError {
  constructor(message: string) {
    super('MODEL_INVALID', message);
  }
}

/** A model with its graph. Throws {@link OnnxFormatError}. */
export function readModel(file: Uint8Array): Model & { graph: Graph } {
  let model: Model;
  try {
    model = modelCodec.decode(file);
  } catch (error) {
    if (error instanceof ProtobufError) throw new OnnxFormatError(`not an ONNX model: ${error.message}`);
    throw error;
  }
  if (!model.graph?.node.length || model.opsetImport.length === 0) {
    throw new OnnxFormatError('not an ONNX model: there is no graph in it');
  }
  return model as Model & { graph: Graph };
}

export const writeModel = (model: Model): Uint8Array => modelCodec.encode(model);

/** A value of a shape, by default float32; a string is the name of a free dimension, no dimensions any shape. */
export function valueInfo(name: string, dims?: (number | string)[], elemType: number = DataType.float): ValueInfo {
  const dim = dims?.map((size) => (typeof size === 'string' ? { param: size } : { value: size }));
  return { name, type: { tensorType: { elemType, ...(dim && { shape: { dim } }) } } };
}

/** @throws OnnxFormatError for what is no whole number */
function checkWhole(name: string, values: readonly number[]): void {
  const odd = values.findIndex((value) => !Number.isSafeInteger(value));
  if (odd >= 0) throw new OnnxFormatError(`${name} has ${values[odd]} where a whole number has to be`);
}

export function int64Tensor(name: string, values: number[]): Tensor {
  checkWhole(name, values);
  const raw = new BigInt64Array(values.map(BigInt));
  return tensorCodec.create({
    name,
    dims: [values.length],
    dataType: DataType.int64,
    rawData: new Uint8Array(raw.buffer),
  });
}

export function floatTensor(name: string, dims: number[], values: Float32Array): Tensor {
  const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return tensorCodec.create({ name, dims, dataType: DataType.float, rawData });
}

/** The numbers of a float32 or int64 tensor, wherever the file keeps them. */
export function tensorValues(tensor: Tensor): number[] {
  const { rawData } = tensor;
  if (!rawData) return tensor.dataType === DataType.int64 ? tensor.int64Data : tensor.floatData;
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  if (tensor.dataType === DataType.int64) {
    return Array.from({ length: rawData.length >> 3 }, (_, i) => Number(view.getBigInt64(i * 8, true)));
  }
  if (tensor.dataType === DataType.float) {
    return Array.from({ length: rawData.length >> 2 }, (_, i) => view.getFloat32(i * 4, true));
  }
  throw new OnnxFormatError(`tensor ${tensor.name} has element type ${tensor.dataType}, expected float32 or int64`);
}

export const attributeOf = (node: Node, name: string): Attribute | undefined =>
  node.attribute.find((attribute) => attribute.name === name);

export function integerAttribute(name: string, i: number): Attribute {
  checkWhole(name, [i]);
  return attributeCodec.create({ name, i, type: AttributeType.int });
}

function integersAttribute(name: string, values: number[]): Attribute {
  checkWhole(name, values);
  return attributeCodec.create({ name, ints: values, type: AttributeType.ints });
}

/** What an attribute can be made of: a whole number, text, whole numbers, or a float. */
export type AttributeValue = number | string | readonly number[] | { float: number };

/** @throws OnnxFormatError for what is none: out of a list that was shorter than it should be */
function attribute(name: string, value: AttributeValue | undefined): Attribute {
  if (value === undefined) throw new OnnxFormatError(`the attribute ${name} has no value`);
  if (typeof value === 'number') return integerAttribute(name, value);
  if (typeof value === 'string')
    return attributeCodec.create({ name, s: new TextEncoder().encode(value), type: AttributeType.string });
  if ('float' in value) return attributeCodec.create({ name, f: value.float, type: AttributeType.float });
  return integersAttribute(name, [...value]);
}

export type Attributes = Readonly<Record<string, AttributeValue>>;

export const attributesOf = (values: Attributes): Attribute[] =>
  Object.entries(values).map(([name, value]) => attribute(name, value));

/** Sets a metadata entry, replacing one of the same key. */
export function setMetadata(model: Model, key: string, value: string): void {
  model.metadataProps = model.metadataProps.filter((entry) => entry.key !== key).concat({ key, value });
}

export const getMetadata = (model: Model, key: string): string | undefined =>
  model.metadataProps.find((entry) => entry.key === key)?.value;
