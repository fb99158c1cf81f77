/**
 * ONNX files: read to messages, edited, written.
 *
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
import type { Message } from '@bufbuild/protobuf';
import { ModelError } from './model-error.js';
import { codecsOf, ProtobufError } from './protobuf.js';

/** TensorProto.DataType, those used here. */
export const DataType = { float: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float16: 10 } as const;

/** AttributeProto.AttributeType, those used here. */
export const AttributeType = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7, strings: 8 } as const;

export interface Tensor extends Message<'Tensor'> {
  dims: bigint[];
  dataType?: number;
  floatData: number[];
  int64Data: bigint[];
  name?: string;
  rawData?: Uint8Array;
}

export interface Attribute extends Message<'Attribute'> {
  name?: string;
  f?: number;
  i?: bigint;
  s?: Uint8Array;
  t?: Tensor;
  floats: number[];
  ints: bigint[];
  type?: number;
}

export interface Node extends Message<'Node'> {
  input: string[];
  output: string[];
  name?: string;
  opType?: string;
  attribute: Attribute[];
}

/** At most one of value and param is set; neither: any size. */
export interface Dimension extends Message<'Dimension'> {
  value?: bigint;
  param?: string;
}

export interface TensorShape extends Message<'TensorShape'> {
  dim: Dimension[];
}

export interface TensorType extends Message<'TensorType'> {
  elemType?: number;
  shape?: TensorShape;
}

export interface ValueType extends Message<'ValueType'> {
  tensorType?: TensorType;
}

export interface ValueInfo extends Message<'ValueInfo'> {
  name?: string;
  type?: ValueType;
}

export interface Graph extends Message<'Graph'> {
  node: Node[];
  name?: string;
  initializer: Tensor[];
  input: ValueInfo[];
  output: ValueInfo[];
  valueInfo: ValueInfo[];
}

export interface Opset extends Message<'Opset'> {
  domain?: string;
  version?: bigint;
}

export interface Metadata extends Message<'Metadata'> {
  key?: string;
  value?: string;
}

export interface Model extends Message<'Model'> {
  irVersion?: bigint;
  producerName?: string;
  docString?: string;
  graph?: Graph;
  opsetImport: Opset[];
  metadataProps: Metadata[];
}

/** The fields of onnx.proto that are used, with own names. */
const codec = codecsOf({
  Tensor: {
    dims: [1, 'int64*'],
    dataType: [2, 'int32'],
    floatData: [4, 'float*'],
    int64Data: [7, 'int64*'],
    name: [8, 'string'],
    rawData: [9, 'bytes'],
  },
  Attribute: {
    name: [1, 'string'],
    f: [2, 'float'],
    i: [3, 'int64'],
    s: [4, 'bytes'],
    t: [5, 'Tensor'],
    floats: [7, 'float*'],
    ints: [8, 'int64*'],
    type: [20, 'int32'],
  },
  Node: {
    input: [1, 'string*'],
    output: [2, 'string*'],
    name: [3, 'string'],
    opType: [4, 'string'],
    attribute: [5, 'Attribute*'],
  },
  Dimension: { value: [1, 'int64'], param: [2, 'string'] },
  TensorShape: { dim: [1, 'Dimension*'] },
  TensorType: { elemType: [1, 'int32'], shape: [2, 'TensorShape'] },
  ValueType: { tensorType: [1, 'TensorType'] },
  ValueInfo: { name: [1, 'string'], type: [2, 'ValueType'] },
  Graph: {
    node: [1, 'Node*'],
    name: [2, 'string'],
    initializer: [5, 'Tensor*'],
    input: [11, 'ValueInfo*'],
    output: [12, 'ValueInfo*'],
    valueInfo: [13, 'ValueInfo*'],
  },
  Opset: { domain: [1, 'string'], version: [2, 'int64'] },
  Metadata: { key: [1, 'string'], value: [2, 'string'] },
  Model: {
    irVersion: [1, 'int64'],
    producerName: [2, 'string'],
    docString: [6, 'string'],
    graph: [7, 'Graph'],
    opsetImport: [8, 'Opset*'],
    metadataProps: [14, 'Metadata*'],
  },
});
export const tensorCodec = codec<Tensor>('Tensor');
export const attributeCodec = codec<Attribute>('Attribute');
export const nodeCodec = codec<Node>('Node');
export const dimensionCodec = codec<Dimension>('Dimension');
export const valueInfoCodec = codec<ValueInfo>('ValueInfo');
export const graphCodec = codec<Graph>('Graph');
const metadataCodec = codec<Metadata>('Metadata');
export const modelCodec = codec<Model>('Model');

/** The file is not an ONNX model. */
export class OnnxFormatError extends ModelError {
  constructor(message: string) {
    super('MODEL_INVALID', message);
  }
}

/** An integer as messages have it. @throws OnnxFormatError for another number */
export function wholeOf(name: string, value: number): bigint {
  if (!Number.isSafeInteger(value)) throw new OnnxFormatError(`${name} has ${value} where an integer is expected`);
  return BigInt(value);
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

/** @throws OnnxFormatError for values that their fields cannot have */
export function writeModel(model: Model): Uint8Array {
  try {
    return modelCodec.encode(model);
  } catch (error) {
    if (error instanceof ProtobufError) throw new OnnxFormatError(`cannot be written as ONNX: ${error.message}`);
    throw error;
  }
}

/** Sets a metadata entry, replacing one of the same key. */
export function setMetadata(model: Model, key: string, value: string): void {
  model.metadataProps = model.metadataProps
    .filter((entry) => entry.key !== key)
    .concat(metadataCodec.create({ key, value }));
}

export const getMetadata = (model: Model, key: string): string | undefined =>
  model.metadataProps.find((entry) => entry.key === key)?.value;
