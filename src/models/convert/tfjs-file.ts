/**
 * Graph models of TensorFlow.js: a JSON file with a TensorFlow graph, and files of weights beside it.
 *
 * @see https://github.com/tensorflow/tfjs/blob/master/tfjs-converter/src/data/compiled_api.ts
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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

const decode = (base64: string): string => Buffer.from(base64, 'base64').toString();
const sizes = (dim: { size: string | number }[] | undefined): number[] => (dim ?? []).map(({ size }) => Number(size));

/** A node of the graph; attributes that are left out have TensorFlow's usual value. */
export class TfNode {
  readonly name: string;
  readonly op: string;
  /** values it reads, as `node` or `node:output`; what only orders nodes (`^node`) is left out */
  readonly inputs: readonly string[];
  readonly #attributes: Record<string, AttributeValue>;

  constructor({ name, op, input = [], attr = {} }: NodeDef) {
    this.name = name;
    this.op = op;
    this.inputs = input.filter((text) => !text.startsWith('^')).map(reference);
    this.#attributes = attr;
  }

  integer(name: string, fallback = 0): number {
    return Number(this.#attributes[name]?.i ?? fallback);
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
    return (this.#attributes[name]?.list?.i ?? []).map(Number);
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
  /** shapes that the signature tells, by value; -1: any size */
  shapes: Map<string, number[]>;
  /** values that are the outputs */
  outputs: string[];
  /** JSON and weights, to be hashed */
  files: Uint8Array[];
}

/** @throws MODEL_INVALID */
export function readTfjs(path: string): TfjsModel {
  const file = readFileSync(path);
  let json: {
    modelTopology?: { node?: NodeDef[] };
    weightsManifest?: Manifest;
    signature?: Signature;
    userDefinedMetadata?: { signature?: Signature };
  };
  try {
    json = JSON.parse(file.toString());
  } catch (cause) {
    throw cannotConvert(`It is not JSON: ${(cause as Error).message}`);
  }
  const nodes = json?.modelTopology?.node;
  if (!Array.isArray(nodes) || !Array.isArray(json.weightsManifest))
    throw cannotConvert(
      'It is not a graph model of TensorFlow.js: it has no modelTopology.node and weightsManifest',
      'A layers model (Keras) is turned into a graph model by tensorflowjs_converter.',
    );
  const folder = dirname(path);
  const { inputs = {}, outputs = {} } = json.signature ?? json.userDefinedMetadata?.signature ?? {};
  const told = [...Object.values(inputs), ...Object.values(outputs)].filter(({ tensorShape }) => tensorShape);
  return {
    nodes: new Map(nodes.map((node) => [node.name, new TfNode(node)])),
    weights: readWeights(json.weightsManifest, folder),
    shapes: new Map(told.map(({ name, tensorShape }) => [reference(name), sizes(tensorShape?.dim)])),
    outputs: Object.values(outputs).map(({ name }) => reference(name)),
    files: [
      file,
      ...json.weightsManifest.flatMap(({ paths }) => paths).map((name) => readFileSync(join(folder, name))),
    ],
  };
}
