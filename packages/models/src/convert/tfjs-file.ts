/**
 * Graph models of TensorFlow.js: a JSON file with a TensorFlow graph, and files of weights beside it.
 *
 * @see https://github.com/tensorflow/tfjs/blob/master/tfjs-converter/src/data/compiled_api.ts
 */
import { readFileBeside } from '../model-bytes.js';
import { type Manifest, readWeights, type Weights } from '../tfjs-weights.js';
import { cannotConvert } from './options.js';

/** An attribute of a node; texts are base64. */
interface AttributeValue {
  i?: string | number;
  f?: number;
  b?: boolean;
  s?: string;
  type?: string;
  shape?: { dim?: { size: string | number }[] };
  list?: { i?: (string | number)[]; s?: string[] };
}

interface NodeDef {
  name: string;
  op: string;
  input?: string[];
  attr?: Record<string, AttributeValue>;
}

interface SignatureValue {
  name: string;
  tensorShape?: { dim?: { size: string | number }[] };
}

interface Signature {
  inputs?: Record<string, SignatureValue>;
  outputs?: Record<string, SignatureValue>;
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isListOf = <T>(value: unknown, is: (item: unknown) => item is T): value is T[] =>
  Array.isArray(value) && value.every(is);
const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isShape = (value: unknown): boolean =>
  value === undefined || (isRecord(value) && (value.dim === undefined || isListOf(value.dim, isRecord)));

/** Whether JSON has the shape of an attribute. */
const isAttribute = (value: unknown): value is AttributeValue =>
  isRecord(value) &&
  (value.s === undefined || isText(value.s)) &&
  (value.type === undefined || isText(value.type)) &&
  isShape(value.shape) &&
  (value.list === undefined ||
    (isRecord(value.list) &&
      (value.list.i === undefined || Array.isArray(value.list.i)) &&
      (value.list.s === undefined || isListOf(value.list.s, isText))));

const isNode = (value: unknown): value is NodeDef =>
  isRecord(value) &&
  isText(value.name) &&
  isText(value.op) &&
  (value.input === undefined || isListOf(value.input, isText)) &&
  (value.attr === undefined || (isRecord(value.attr) && Object.values(value.attr).every(isAttribute)));

const isTensor = (value: unknown): value is Manifest[number]['weights'][number] =>
  isRecord(value) &&
  isText(value.name) &&
  isText(value.dtype) &&
  isListOf(value.shape, isSize) &&
  (value.quantization === undefined || (isRecord(value.quantization) && isText(value.quantization.dtype)));

const isGroup = (value: unknown): value is Manifest[number] =>
  isRecord(value) && isListOf(value.paths, isText) && isListOf(value.weights, isTensor);

const isSignature = (value: unknown): value is Signature =>
  isRecord(value) &&
  [value.inputs, value.outputs].every(
    (part) =>
      part === undefined ||
      (isRecord(part) &&
        Object.values(part).every((one) => isRecord(one) && isText(one.name) && isShape(one.tensorShape))),
  );

const decode = (base64: string): string => Buffer.from(base64, 'base64').toString();

/** An integer, which the files write as text. */
function whole(value: unknown): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw cannotConvert(`It has "${value}" where a whole number has to be`);
}

const sizes = (dim: { size: string | number }[] | undefined): number[] => (dim ?? []).map(({ size }) => whole(size));

/** A node of the graph; absent attributes have TensorFlow's default. */
export class TfNode {
  readonly name: string;
  readonly op: string;
  /** its inputs, as `node` or `node:output`, without control dependencies (`^node`) */
  readonly inputs: readonly string[];
  readonly #attributes: Record<string, AttributeValue>;

  constructor({ name, op, input = [], attr = {} }: NodeDef) {
    this.name = name;
    this.op = op;
    this.inputs = input.filter((text) => !text.startsWith('^')).map(reference);
    this.#attributes = attr;
  }

  integer(name: string, fallback = 0): number {
    return whole(this.#attributes[name]?.i ?? fallback);
  }
  number(name: string, fallback: number): number {
    return this.#attributes[name]?.f ?? fallback;
  }
  flag(name: string): boolean {
    return this.#attributes[name]?.b ?? false;
  }
  text(name: string, fallback = ''): string {
    const text = this.#attributes[name]?.s;
    return text === undefined ? fallback : decode(text);
  }
  integers(name: string): number[] {
    return (this.#attributes[name]?.list?.i ?? []).map(whole);
  }
  texts(name: string): string[] {
    return (this.#attributes[name]?.list?.s ?? []).map(decode);
  }
  /** e.g. `DT_FLOAT` */
  type(name: string): string | undefined {
    return this.#attributes[name]?.type;
  }
  shape(name: string): number[] {
    return sizes(this.#attributes[name]?.shape?.dim);
  }
}

/** `x:0` and `x` are the same value. */
export const reference = (name: string): string => name.replace(/:0$/, '');

export interface TfjsModel {
  nodes: Map<string, TfNode>;
  weights: Map<string, Weights>;
  /** shapes in the signature, by value; -1: any size */
  shapes: Map<string, number[]>;
  /** values of the outputs */
  outputs: string[];
  /** JSON and weights, to be hashed */
  files: Uint8Array[];
}

/** Largest JSON: parsed, it takes many times its bytes. */
const mostJsonBytes = 2 ** 25;

/** @param folder where its weights are. @throws MODEL_NOT_FOUND, MODEL_INVALID */
export function readTfjs(file: Buffer, folder: string): TfjsModel {
  if (file.length > mostJsonBytes) throw cannotConvert(`Its JSON has ${file.length} bytes, more than ${mostJsonBytes}`);
  let json: unknown;
  try {
    json = JSON.parse(file.toString());
  } catch (cause) {
    throw cannotConvert(`It is not JSON: ${(cause as Error).message}`);
  }
  const { modelTopology, weightsManifest, signature, userDefinedMetadata } = isRecord(json) ? json : {};
  const nodes = isRecord(modelTopology) ? modelTopology.node : undefined;
  if (!isListOf(nodes, isNode) || !isListOf(weightsManifest, isGroup))
    throw cannotConvert(
      'It is not a graph model of TensorFlow.js: it has no nodes (modelTopology.node) and weights (weightsManifest)',
      'A layers model (Keras) is turned into a graph model by tensorflowjs_converter.',
    );
  const signed = signature ?? (isRecord(userDefinedMetadata) ? userDefinedMetadata.signature : undefined) ?? {};
  if (!isSignature(signed)) throw cannotConvert('Its signature does not name inputs and outputs');
  const names = weightsManifest.flatMap(({ paths }) => paths);
  if (new Set(names).size < names.length) throw cannotConvert('It names a file of weights more than once');
  const stored = new Map(names.map((name) => [name, readFileBeside(folder, name)]));
  const { inputs = {}, outputs = {} } = signed;
  const withShape = [...Object.values(inputs), ...Object.values(outputs)].filter(({ tensorShape }) => tensorShape);
  return {
    nodes: new Map(nodes.map((node) => [node.name, new TfNode(node)])),
    weights: readWeights(weightsManifest, (name) => stored.get(name)!),
    shapes: new Map(withShape.map(({ name, tensorShape }) => [reference(name), sizes(tensorShape?.dim)])),
    outputs: Object.values(outputs).map(({ name }) => reference(name)),
    files: [file, ...names.map((name) => stored.get(name)!)],
  };
}
