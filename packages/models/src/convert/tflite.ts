/**
 * TFLite models to ONNX: convolutional networks with float32 or float16 weights, or with 8-bit weights and float
 * arithmetic (dynamic range quantisation).
 */
import { basename } from 'node:path';
import type { Model } from '../onnx-proto.js';
import { NhwcGraph } from './nhwc-graph.js';
import { type ConvertOptions, cannotConvert, mostConverted, outputNames, unknownOperation } from './options.js';
import { type PictureInput, writePictureInput } from './picture-input.js';
import { emitters } from './tflite-emitters.js';
import { readTflite, type TfliteModel, type TfliteOperation, type TfliteTensor } from './tflite-file.js';

/** State and helpers for the emitters. */
export class TfliteConverter {
  readonly graph: NhwcGraph;
  readonly #model: TfliteModel;
  readonly #values = new Map<number, string>();
  readonly #options: ConvertOptions;

  constructor(model: TfliteModel, name: string, options: ConvertOptions, most: number) {
    this.#model = model;
    this.graph = new NhwcGraph(name, most);
    this.#options = options;
  }

  convert(): Model {
    const batch = this.#options.batch ?? 'free';
    if (this.#model.inputs.length === 0) throw cannotConvert('It takes no input: the file is damaged');
    for (const [i, id] of this.#model.inputs.entries()) {
      const input = this.#input(i, id);
      this.#values.set(id, writePictureInput(this.graph, input, this.#options.layout, batch));
    }
    const outputs = this.#wantedOutputs();
    for (const [index, operation] of this.#neededFor(outputs)) this.#emit(operation, index);
    const names = outputNames(
      this.#options,
      outputs.map((id) => this.tensor(id).name),
    );
    for (const [i, id] of outputs.entries()) {
      const { shape } = this.tensor(id);
      const given = names[i];
      this.graph.node('Identity', [this.value(id)], {}, given);
      this.graph.output(given, shape.length > 0 ? [batch === 'free' ? 'N' : batch, ...shape.slice(1)] : []);
    }
    return this.graph.build('framepath');
  }

  #input(i: number, id: number): PictureInput {
    const { name, shape, type } = this.tensor(id);
    if (type !== 'float32')
      throw cannotConvert(
        `The input "${name}" is ${type}: models whose arithmetic is quantised are not converted`,
        'Convert the float32 or float16 version of the model.',
      );
    return { name: i === 0 ? 'input' : `input${i}`, shape };
  }

  #wantedOutputs(): number[] {
    const { tensors, outputs } = this.#model;
    return (
      this.#options.outputs?.map((wanted) => {
        const id = tensors.findIndex(({ name, constant }) => name === wanted && !constant);
        if (id < 0)
          throw cannotConvert(
            `There is no tensor "${wanted}"`,
            `Its outputs are ${outputs.map((output) => `"${tensors[output].name}"`).join(', ')}.`,
          );
        return id;
      }) ?? outputs
    );
  }

  /** Operations that the outputs need, with their positions, in topological order. */
  #neededFor(outputs: readonly number[]): [number, TfliteOperation][] {
    const needed = new Set(outputs);
    return [...this.#model.operations.entries()]
      .reverse()
      .filter(([, operation]) => {
        if (!operation.outputs.some((id) => needed.has(id) && !this.tensor(id).constant)) return false;
        for (const id of operation.inputs) needed.add(id);
        return true;
      })
      .reverse();
  }

  #emit(operation: TfliteOperation, index: number): void {
    const { op, inputs, outputs } = operation;
    const node = `${index} (${outputs.map((id) => this.tensor(id).name).join(', ')})`;
    const emitter = Object.hasOwn(emitters, op) ? emitters[op] : undefined;
    if (!emitter) throw unknownOperation(op, node, Object.keys(emitters));
    if (inputs.length === 0)
      throw cannotConvert(`The operation ${op} of node "${node}" has no inputs: the file is damaged`);
    const quantised = outputs.find((id) => /int8$/.test(this.tensor(id).type));
    if (quantised !== undefined)
      throw cannotConvert(
        `The tensor "${this.tensor(quantised).name}" is ${this.tensor(quantised).type}: models whose arithmetic is quantised are not converted`,
        'Convert the float32 or float16 version of the model.',
      );
    this.#checkBatch(operation, node);
    this.#values.set(outputs[0], emitter(operation, this));
  }

  /** @throws MODEL_INVALID for an absent input */
  tensor(id: number | undefined): TfliteTensor {
    const tensor = this.#model.tensors[id ?? -1];
    if (!tensor) throw cannotConvert('An operation lacks a tensor that it needs: the file is damaged');
    return tensor;
  }

  /** Shape of a tensor of `rank` dimensions. @throws MODEL_INVALID */
  shape(id: number | undefined, rank: number): number[] {
    const { name, shape } = this.tensor(id);
    if (shape.length !== rank) throw cannotConvert(`The tensor "${name}" has shape [${shape}], not ${rank} dimensions`);
    return shape;
  }

  /** The values of a constant tensor. @throws MODEL_INVALID */
  constant(id: number | undefined): Float32Array | Int32Array {
    const { name, constant } = this.tensor(id);
    if (!constant)
      throw cannotConvert(`The tensor "${name}" is computed, where only numbers of the file can be converted`);
    return constant;
  }

  /** The graph's value of a tensor. @throws MODEL_INVALID */
  value(id: number): string {
    const known = this.#values.get(id);
    if (known !== undefined) return known;
    const { shape } = this.tensor(id);
    const constant = this.constant(id);
    const value =
      constant instanceof Int32Array ? this.graph.int32(shape, constant) : this.graph.floats(shape, constant);
    this.#values.set(id, value);
    return value;
  }

  /** A result's shape for ONNX's Reshape, the first dimension free where the batch is. */
  targetShape(id: number): number[] {
    const { shape } = this.tensor(id);
    return this.#isFree ? [-1, ...shape.slice(1)] : shape;
  }

  get #isFree(): boolean {
    return (this.#options.batch ?? 'free') === 'free';
  }

  /** With a free batch, every result has to keep the batch dimension. @throws MODEL_INVALID */
  #checkBatch({ op, outputs }: TfliteOperation, node: string): void {
    const batch = this.tensor(this.#model.inputs[0]).shape[0];
    if (!this.#isFree || outputs.every((id) => this.tensor(id).shape[0] === batch)) return;
    throw cannotConvert(
      `The ${op} of node "${node}" gives [${this.tensor(outputs[0]).shape}], which mixes the pictures of a batch`,
      `Fix the batch: batch ${batch} (--batch ${batch}).`,
    );
  }
}

/** @throws FlatbufferError for damaged bytes, MODEL_INVALID */
export const convertTflite = (file: Uint8Array, path: string, options: ConvertOptions): Model =>
  new TfliteConverter(readTflite(file), basename(path), options, mostConverted(file.length)).convert();
