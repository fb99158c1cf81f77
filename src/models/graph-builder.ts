/** Writes an ONNX graph node by node; every method returns the name of the value it makes. */
import {
  type Attribute,
  DataType,
  floatTensor,
  floatValue,
  graphCodec,
  int64Tensor,
  integerAttribute,
  integersAttribute,
  type Model,
  modelCodec,
  nodeCodec,
  tensorCodec,
} from './onnx-proto.js';

const opset = 17;

export class GraphBuilder {
  readonly #graph = graphCodec.create();
  #count = 0;

  constructor(name: string) {
    this.#graph.name = name;
  }

  /** A float32 input; a string is the name of a free dimension. */
  input(name: string, dims: (number | string)[]): string {
    this.#graph.input.push(floatValue(name, dims));
    return name;
  }

  output(name: string, dims: (number | string)[]): void {
    this.#graph.output.push(floatValue(name, dims));
  }

  constant(name: string, dims: number[], values: ArrayLike<number>): string {
    this.#graph.initializer.push(floatTensor(name, dims, Float32Array.from(values)));
    return name;
  }

  integers(values: number[]): string {
    const name = `integers_${this.#count++}`;
    this.#graph.initializer.push(int64Tensor(name, values));
    return name;
  }

  /** Weights kept as bytes: value = byte * scale + offset. The runtime folds the arithmetic when it loads the model. */
  quantized(name: string, dims: number[], values: Uint8Array, scale: number, offset: number): string {
    this.#graph.initializer.push(tensorCodec.create({ name, dims, dataType: DataType.uint8, rawData: values }));
    const float = this.node('Cast', [name], [integerAttribute('to', DataType.float)]);
    const scaled = this.node('Mul', [float, this.constant(`${name}/scale`, [], [scale])]);
    return this.node('Add', [scaled, this.constant(`${name}/offset`, [], [offset])]);
  }

  node(opType: string, input: string[], attribute: Attribute[] = [], output = `${opType}_${this.#count++}`): string {
    this.#graph.node.push(nodeCodec.create({ opType, name: `${output}/node`, input, output: [output], attribute }));
    return output;
  }

  /** A convolution or pooling of a square window. */
  window(opType: string, input: string[], size: number, stride: number, pad = 0): string {
    return this.node(opType, input, [
      integersAttribute('kernel_shape', [size, size]),
      integersAttribute('strides', [stride, stride]),
      integersAttribute('pads', [pad, pad, pad, pad]),
    ]);
  }

  build(producerName: string): Model {
    return modelCodec.create({
      irVersion: 8,
      producerName,
      graph: this.#graph,
      opsetImport: [{ domain: '', version: opset }],
    });
  }
}
