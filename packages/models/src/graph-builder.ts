/** Builds an ONNX graph node by node; every method returns the name of its output value. */
import { type Attributes, attributesOf } from './onnx-attributes.js';
import {
  DataType,
  type Graph,
  graphCodec,
  type Model,
  modelCodec,
  nodeCodec,
  OnnxFormatError,
  type Tensor,
} from './onnx-proto.js';
import { floatTensor, int64Tensor, rawTensor, valueInfo } from './onnx-tensors.js';

const opset = 17n;

/** Approximate bytes of a node or constant beside its values. */
const partBytes = 64;

export class GraphBuilder {
  readonly #graph = graphCodec.create();
  #count = 0;
  #bytes = 0;

  /** @param most approximate bound on the bytes of the graph */
  constructor(
    name: string,
    private readonly most = Number.POSITIVE_INFINITY,
  ) {
    this.#graph.name = name;
  }

  /** @throws OnnxFormatError */
  #take(bytes: number): void {
    this.#bytes += bytes;
    if (!(this.#bytes <= this.most))
      throw new OnnxFormatError(`It would become more than ${this.most} bytes of ONNX, many times what it is now`);
  }

  #initializer(tensor: Tensor): void {
    this.#take(partBytes + (tensor.rawData?.length ?? 0));
    this.#graph.initializer.push(tensor);
  }

  /** A name that no other value has. */
  unique(what: string): string {
    return `${what}#${this.#count++}`;
  }

  /** A float32 input; a string is the name of a free dimension. */
  input(name: string, dims: (number | string)[]): string {
    this.#graph.input.push(valueInfo(name, dims));
    return name;
  }

  /** Without dimensions: of any shape. */
  output(name: string, dims?: (number | string)[], type: number = DataType.float): void {
    this.#graph.output.push(valueInfo(name, dims, type));
  }

  constant(name: string, dims: number[], values: ArrayLike<number>): string {
    this.#initializer(floatTensor(name, dims, Float32Array.from(values)));
    return name;
  }

  /** int64 numbers in a row, as operators take shapes, axes and the like. */
  integers(values: number[]): string {
    const name = this.unique('integers');
    this.#initializer(int64Tensor(name, values));
    return name;
  }

  int32(dims: number[], values: Int32Array): string {
    const name = this.unique('int32');
    const rawData = new Uint8Array(values.slice().buffer);
    this.#initializer(rawTensor(name, dims, DataType.int32, rawData));
    return name;
  }

  /** Weights kept as bytes: value = byte * scale + offset. The runtime folds the arithmetic when it loads the model. */
  quantized(name: string, dims: number[], values: Uint8Array, scale: number, offset: number): string {
    this.#initializer(rawTensor(name, dims, DataType.uint8, values));
    const float = this.node('Cast', [name], { to: DataType.float });
    const scaled = this.node('Mul', [float, this.constant(`${name}/scale`, [], [scale])]);
    return this.node('Add', [scaled, this.constant(`${name}/offset`, [], [offset])]);
  }

  /** Weights kept as half floats. The runtime folds the cast when it loads the model. */
  halves(name: string, dims: number[], halves: Uint16Array): string {
    const rawData = new Uint8Array(halves.slice().buffer);
    this.#initializer(rawTensor(name, dims, DataType.float16, rawData));
    return this.node('Cast', [name], { to: DataType.float });
  }

  node(opType: string, input: string[], attributes: Attributes = {}, output = this.unique(opType)): string {
    this.#write(opType, input, attributes, [output]);
    return output;
  }

  /** A node of several outputs. */
  nodes(opType: string, input: string[], attributes: Attributes, outputs: number): string[] {
    this.#take(partBytes * outputs);
    const output = Array.from({ length: outputs }, () => this.unique(opType));
    this.#write(opType, input, attributes, output);
    return output;
  }

  #write(opType: string, input: string[], attributes: Attributes, output: string[]): void {
    this.#take(partBytes + 16 * input.length);
    const attribute = attributesOf(attributes);
    this.#graph.node.push(nodeCodec.create({ opType, name: `${output[0]}/node`, input, output, attribute }));
  }

  /** A convolution or pooling of a square window. */
  window(opType: string, input: string[], size: number, stride: number, pad = 0): string {
    return this.node(opType, input, {
      kernel_shape: [size, size],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
    });
  }

  /** The model, without nodes and constants that no output needs. */
  build(producerName: string): Model {
    dropUnneeded(this.#graph);
    return modelCodec.create({
      irVersion: 8n,
      producerName,
      graph: this.#graph,
      opsetImport: [{ domain: '', version: opset }],
    });
  }
}

/** Drops nodes and constants that no output of the graph comes from. */
function dropUnneeded(graph: Graph): void {
  const needed = new Set(graph.output.map(({ name }) => name!));
  graph.node = graph.node
    .toReversed() // nodes are in topological order
    .filter((node) => {
      if (!node.output.some((name) => needed.has(name))) return false;
      for (const name of node.input) needed.add(name);
      return true;
    })
    .reverse();
  graph.initializer = graph.initializer.filter(({ name }) => needed.has(name!));
}
