/**
 * Graph fix: a stage whose channel count does not fill the runtime's vector block (16 floats with AVX-512, 8 with AVX2)
 * is widened with channels of zeros. ONNX Runtime then needs no reordering around it and can fuse convolution, addition
 * and activation. Outputs move in the last bits only, because sums are taken in another order.
 */
import { NotFixable, sizesOf } from './dynamic-batch.js';
import { integerAttribute, integerOf } from './onnx-attributes.js';
import type { Graph, Node, Tensor } from './onnx-proto.js';
import { floatTensor, int64Tensor, tensorValues } from './onnx-tensors.js';

/** `tensor` with `axis` widened from size `from` to `size` by zeros. @throws NotFixable */
function widen(tensor: Tensor, axis: number, from: number, size: number): Tensor {
  const dims = tensor.dims.map(Number);
  const outer = dims.slice(0, axis).reduce((product, dim) => product * dim, 1);
  const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const values = tensorValues(tensor);
  if (dims[axis] !== from || values.length !== outer * from * inner)
    throw new NotFixable(`"${tensor.name}" of shape [${dims}] does not have ${from} channels`);
  const wide = new Float32Array(outer * size * inner);
  for (let i = 0; i < outer; i++) {
    const first = i * from * inner;
    wide.set(values.slice(first, first + from * inner), i * size * inner);
  }
  return floatTensor(
    tensor.name!,
    dims.map((dim, i) => (i === axis ? size : dim)),
    wide,
  );
}

class Widening {
  /** values that now have `to` channels */
  readonly wide = new Set<string>();
  readonly #constants: Map<string, Tensor>;
  readonly #users = new Map<string, number>();

  constructor(
    readonly graph: Graph,
    readonly from: number,
    readonly to: number,
  ) {
    this.#constants = new Map(graph.initializer.map((tensor) => [tensor.name!, tensor]));
    for (const name of graph.node.flatMap((node) => node.input))
      this.#users.set(name, (this.#users.get(name) ?? 0) + 1);
  }

  run(): void {
    for (const node of this.graph.node) this.#visit(node); // nodes are in topological order
    const output = this.graph.output.find(({ name }) => this.wide.has(name!));
    if (output) throw new NotFixable(`output "${output.name}" has ${this.from} channels`);
    if (this.wide.size === 0) throw new NotFixable(`nothing in it has ${this.from} channels`);
    this.graph.initializer = this.graph.initializer.map((tensor) => this.#constants.get(tensor.name!)!);
  }

  #visit(node: Node): void {
    const isWide = this.wide.has(node.input[0]);
    switch (node.opType) {
      case 'Conv':
        this.#convolution(node, isWide);
        return;
      case 'Add':
        if (node.input.filter((name) => this.wide.has(name)).length === 1) break;
        if (isWide) this.wide.add(node.output[0]);
        return;
      case 'Relu':
      case 'MaxPool':
      case 'AveragePool':
        if (isWide) this.wide.add(node.output[0]);
        return;
      case 'Pad':
        if (isWide) this.#pad(node);
        return;
    }
    if (node.input.some((name) => this.wide.has(name))) {
      throw new NotFixable(`${node.opType} "${node.name}" cannot be widened`);
    }
  }

  #convolution(node: Node, isWide: boolean): void {
    const [, weights, bias] = node.input;
    const group = integerOf(node, 'group') ?? 1;
    const dims = this.#constant(weights).dims.map(Number);
    if (group === 1) {
      if (isWide) this.#widen(weights, 1);
      if (dims[0] !== this.from) return;
    } else if (!isWide) {
      return;
    } else if (group === this.from && dims[0] === this.from) {
      node.attribute = node.attribute.map((attribute) =>
        attribute.name === 'group' ? integerAttribute('group', this.to) : attribute,
      );
    } else {
      throw new NotFixable(`convolution "${node.name}" has ${group} groups`);
    }
    this.#widen(weights, 0);
    if (bias) this.#widen(bias, 0);
    this.wide.add(node.output[0]);
  }

  /** Zeros appended to the channels already: fewer are needed now. */
  #pad(node: Node): void {
    const pads = sizesOf(this.#constant(node.input[1]));
    const added = pads[5];
    if (pads.length !== 8 || pads[1] !== 0) throw new NotFixable(`Pad "${node.name}" pads channels in front`);
    if (added === 0) {
      this.wide.add(node.output[0]);
      return;
    }
    if (this.from + added < this.to) throw new NotFixable(`Pad "${node.name}" gives fewer than ${this.to} channels`);
    this.#own(node.input[1]);
    pads[5] = this.from + added - this.to;
    this.#constants.set(node.input[1], int64Tensor(node.input[1], pads));
  }

  #widen(name: string, axis: number): void {
    this.#own(name);
    this.#constants.set(name, widen(this.#constant(name), axis, this.from, this.to));
  }

  #constant(name: string): Tensor {
    const tensor = this.#constants.get(name);
    if (!tensor) throw new NotFixable(`"${name}" is not a constant`);
    return tensor;
  }

  #own(name: string): void {
    if (this.#users.get(name) !== 1) throw new NotFixable(`"${name}" is used more than once`);
  }
}

/** Widens every stage of `from` channels to `to`. Throws {@link NotFixable}, leaving `graph` half done. */
export function padChannels(graph: Graph, from: number, to: number): void {
  new Widening(graph, from, to).run();
}
