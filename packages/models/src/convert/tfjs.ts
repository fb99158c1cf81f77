/** Graph models of TensorFlow.js to ONNX: the operations of convolutional inference, without control flow. */
import { basename } from 'node:path';
import { DataType, type Model } from '../onnx-proto.js';
import type { Weights } from '../tfjs-weights.js';
import { NhwcGraph } from './nhwc-graph.js';
import {
  type ConvertOptions,
  cannotConvert,
  mostConverted,
  mostSizes,
  outputNames,
  unknownOperation,
} from './options.js';
import { writePictureInput } from './picture-input.js';
import { emitters } from './tfjs-emitters.js';
import { reference, type TfjsModel, type TfNode } from './tfjs-file.js';

/** Element types, as ONNX numbers them. */
export type ValueType = (typeof DataType)['float' | 'int32' | 'bool'];

/** An output of a node. */
export interface Value {
  name: string;
  type: ValueType;
}

/** State and helpers for the emitters. */
export class TfjsConverter {
  readonly graph: NhwcGraph;
  readonly #model: TfjsModel;
  readonly #options: ConvertOptions;
  /** `node` or `node:output` -> its value */
  readonly #values = new Map<string, Value>();
  /** `node` -> its constant */
  readonly #constants = new Map<string, Weights>();
  #inputs = 0;

  constructor(model: TfjsModel, name: string, options: ConvertOptions) {
    this.#model = model;
    this.graph = new NhwcGraph(name, mostConverted(model.files.reduce((sum, { length }) => sum + length, 0)));
    this.#options = options;
  }

  convert(): Model {
    const outputs = this.#wantedOutputs();
    for (const node of this.#neededFor(outputs)) this.#emit(node);
    const names = outputNames(this.#options, outputs);
    for (const [i, output] of outputs.entries()) {
      const { name, type } = this.value(output);
      const given = names[i];
      this.graph.node('Identity', [name], {}, given);
      const shape = this.#model.shapes.get(output);
      this.graph.output(given, shape && this.#outputShape(given, shape), type);
    }
    return this.graph.build('framepath');
  }

  #outputShape(name: string, shape: readonly number[]): (number | string)[] {
    return shape.map((size, i) => {
      if (i === 0 && this.#options.batch !== undefined)
        return this.#options.batch === 'free' ? 'N' : this.#options.batch;
      return size > 0 ? size : i === 0 ? 'N' : `${name}_${i}`;
    });
  }

  #wantedOutputs(): string[] {
    const wanted = this.#options.outputs?.map(reference) ?? this.#model.outputs;
    if (wanted.length === 0) {
      const read = new Set([...this.#model.nodes.values()].flatMap(({ inputs }) => inputs));
      const last = [...this.#model.nodes.keys()].filter((name) => !read.has(name));
      throw cannotConvert(
        'The file does not declare its outputs',
        `State them: outputs (--outputs ${last.join(',')}).`,
      );
    }
    return wanted;
  }

  #node(value: string): TfNode {
    const node = this.#model.nodes.get(value.replace(/:\d+$/, ''));
    if (!node)
      throw cannotConvert(
        `There is no node "${value}"`,
        `Its outputs are ${this.#model.outputs.join(', ') || 'not stated'}.`,
      );
    return node;
  }

  /** Nodes that the outputs need, in topological order. */
  #neededFor(outputs: readonly string[]): TfNode[] {
    const ordered = new Set<TfNode>();
    const begun = new Set<TfNode>();
    const stack = outputs.map((output) => this.#node(output)).reverse();
    for (let node = stack.at(-1); node; node = stack.at(-1)) {
      const missing = ordered.has(node)
        ? []
        : node.inputs.map((input) => this.#node(input)).filter((input) => !ordered.has(input));
      if (missing.length === 0) {
        ordered.add(node);
        stack.pop();
        continue;
      }
      begun.add(node);
      if (missing.some((input) => begun.has(input)))
        throw cannotConvert(`The node "${node.name}" is part of a loop`, 'Control flow is not converted.');
      for (const input of missing) stack.push(input);
    }
    return [...ordered];
  }

  #emit(node: TfNode): void {
    const [first] = node.inputs;
    if (node.op === 'Const') this.#constant(node);
    else if (node.op === 'Placeholder') this.#input(node);
    else if (/^(Identity|StopGradient|PreventGradient)$/.test(node.op) && this.#constants.has(first))
      this.#constants.set(node.name, this.#constants.get(first)!);
    else this.#operation(node);
  }

  #operation(node: TfNode): void {
    const emitter = Object.hasOwn(emitters, node.op) ? emitters[node.op] : undefined;
    if (!emitter) throw unknownOperation(node.op, node.name, Object.keys(emitters));
    if (node.inputs.length === 0) throw cannotConvert(`The ${node.op} "${node.name}" has no inputs`);
    const values = [emitter(node, this)].flat();
    for (const [i, value] of values.entries()) this.#values.set(i === 0 ? node.name : `${node.name}:${i}`, value);
  }

  #constant(node: TfNode): void {
    const weights = this.#model.weights.get(node.name);
    if (!weights) throw cannotConvert(`The files have no weights "${node.name}"`);
    this.#constants.set(node.name, weights);
  }

  #input(node: TfNode): void {
    const shape = this.#model.shapes.get(node.name) ?? node.shape('shape');
    const name = this.#inputs++ === 0 ? 'input' : `input${this.#inputs - 1}`;
    const [fixed] = shape;
    const batch = this.#options.batch ?? (fixed > 0 ? fixed : 'free');
    if (fixed > 0 && batch !== fixed)
      throw cannotConvert(
        `The file fixes the batch at ${fixed}`,
        'Leave batch (--batch) out; framepath models fix may free it afterwards.',
      );
    const given = writePictureInput(this.graph, { name, shape }, this.#options.layout, batch);
    const isInteger = /INT/.test(node.type('dtype') ?? '');
    const value = isInteger ? this.graph.elementwise('Cast', [given], { to: DataType.int32 }) : given;
    this.#values.set(node.name, { name: value, type: isInteger ? DataType.int32 : DataType.float });
  }

  /** The value of an input of a node. @throws MODEL_INVALID */
  input(node: TfNode, i: number): Value {
    const input = node.inputs[i];
    if (input === undefined) throw cannotConvert(`The ${node.op} of node "${node.name}" has no input ${i}`);
    return this.value(input);
  }

  value(input: string): Value {
    const known = this.#values.get(input);
    if (known) return known;
    const constant = this.#constants.get(input);
    if (!constant) throw cannotConvert(`There is no value "${input}"`);
    const { shape, data } = constant;
    const value: Value =
      data instanceof Int32Array
        ? { name: this.graph.int32(shape, data), type: DataType.int32 }
        : { name: this.graph.weights(shape, constant), type: DataType.float };
    this.#values.set(input, value);
    return value;
  }

  /** Whether an input is a constant of the file. */
  isConstant(node: TfNode, i: number): boolean {
    return this.#constants.has(node.inputs[i]);
  }

  /** Weights that a node reads. @throws MODEL_INVALID where they are computed */
  weights(node: TfNode, i: number): Weights {
    const weights = this.#constants.get(node.inputs[i]);
    if (weights) return weights;
    throw cannotConvert(
      `Input ${i} ("${node.inputs[i]}") of the ${node.op} "${node.name}" is computed, where only numbers of the file can be converted`,
    );
  }

  /** A constant integer input, such as axes. @throws MODEL_INVALID */
  integers(node: TfNode, i: number): number[] {
    const { data } = this.weights(node, i);
    if (data.length > mostSizes || !data.every(Number.isSafeInteger))
      throw cannotConvert(`Input ${i} of the ${node.op} "${node.name}" is no shape or list of axes`);
    return Array.from(data);
  }
}

/** @throws MODEL_INVALID */
export const convertTfjs = (model: TfjsModel, path: string, options: ConvertOptions): Model =>
  new TfjsConverter(model, basename(path, '.json'), options).convert();
