/** Emitters of ONNX for TensorFlow's layers of convolutional networks. */
import { DataType } from '../onnx-proto.js';
import { dequantize, type Weights } from '../tfjs-weights.js';
import { transposed } from '../transpose.js';
import { type Activation, samplingOf, type Window } from './nhwc-graph.js';
import { cannotConvert } from './options.js';
import type { TfjsConverter } from './tfjs.js';
import type { Emitter } from './tfjs-emitters.js';
import type { TfNode } from './tfjs-file.js';

const float = DataType.float;

const activations: Record<string, Activation> = {
  Relu: 'relu',
  Relu6: 'relu6',
  Sigmoid: 'sigmoid',
  Elu: 'elu',
  Tanh: 'tanh',
};

/** Operations fused into a layer: a bias first, then activations. */
function fused(node: TfNode): { bias: boolean; after: string[] } {
  const operations = node.texts('fused_ops');
  const bias = operations[0] === 'BiasAdd';
  return { bias, after: bias ? operations.slice(1) : operations };
}

function activate(value: string, node: TfNode, to: TfjsConverter): string {
  return fused(node).after.reduce((input, name) => {
    if (name === 'Prelu') return to.graph.elementwise('PRelu', [input, to.input(node, 3).name]);
    if (name === 'LeakyRelu')
      return to.graph.elementwise('LeakyRelu', [input], { alpha: { float: node.number('leakyrelu_alpha', 0.2) } });
    const activation = activations[name];
    if (!activation) throw cannotConvert(`The node "${node.name}" has ${name} fused into it, which is not known`);
    return to.graph.activation(input, activation);
  }, value);
}

function windowOf(node: TfNode): Window {
  if (node.text('data_format', 'NHWC') !== 'NHWC')
    throw cannotConvert(`The ${node.op} "${node.name}" works on NCHW pictures: only NHWC is converted`);
  const [, top = 1, left = 1] = node.integers('strides');
  const [, down = 1, across = 1] = node.integers('dilations');
  const padding = node.text('padding');
  const pads = node.integers('explicit_paddings'); // before and after, for each of NHWC
  return {
    strides: [top, left],
    dilations: [down, across],
    padding: padding === 'EXPLICIT' ? [pads[2], pads[4], pads[3], pads[5]] : padding === 'SAME' ? 'same' : 'valid',
  };
}

/** Filters are [height, width, inputs, outputs]. */
const convolution: Emitter = (node, to) => {
  const filters = to.weights(node, 1);
  const [height, width, inputs, outputs] = filterShape(filters, node);
  const data = transposed(filters.data, filters.shape, [3, 2, 0, 1]);
  return layer(node, to, { ...filters, data }, [outputs, inputs, height, width], 1);
};

/** Filters are [height, width, inputs, outputs of each input]. */
const depthwiseConvolution: Emitter = (node, to) => {
  const filters = to.weights(node, 1);
  const [height, width, inputs, multiplier] = filterShape(filters, node);
  const data = transposed(filters.data, filters.shape, [2, 3, 0, 1]);
  return layer(node, to, { ...filters, data }, [inputs * multiplier, 1, height, width], inputs);
};

function filterShape({ shape }: Weights, node: TfNode): number[] {
  if (shape.length !== 4) throw cannotConvert(`The filters of the ${node.op} "${node.name}" have shape [${shape}]`);
  return shape;
}

function layer(
  ...[node, to, filters, dims, group]: [TfNode, TfjsConverter, Weights, number[], number]
): ReturnType<Emitter> {
  const bias = fused(node).bias ? to.weights(node, 2) : undefined;
  const sum = to.graph.convolution(
    to.input(node, 0).name,
    to.graph.weights(dims, filters),
    bias && to.graph.floats(bias.shape, dequantize(bias)),
    group,
    windowOf(node),
  );
  return { name: activate(sum, node, to), type: float };
}

const pool =
  (kind: 'MaxPool' | 'AveragePool'): Emitter =>
  (node, to) => {
    const [, height, width] = node.integers('ksize');
    return { name: to.graph.pool(kind, to.input(node, 0).name, [height, width], windowOf(node)), type: float };
  };

const resize =
  (mode: 'linear' | 'nearest'): Emitter =>
  (node, to) => {
    const [height, width] = to.integers(node, 1);
    const sampling = samplingOf(node.flag('align_corners'), node.flag('half_pixel_centers'));
    return { name: to.graph.resize(to.input(node, 0).name, [height, width], mode, sampling), type: float };
  };

const matrixProduct: Emitter = (node, to) => {
  const side = (i: number, flag: string) => {
    const { name } = to.input(node, i);
    return node.flag(flag) ? to.graph.node('Transpose', [name], { perm: [1, 0] }) : name;
  };
  const product = to.graph.node('MatMul', [side(0, 'transpose_a'), side(1, 'transpose_b')]);
  const sum = fused(node).bias ? to.graph.node('Add', [product, to.input(node, 2).name]) : product;
  return { name: activate(sum, node, to), type: float };
};

const activation =
  (kind: Activation): Emitter =>
  (node, to) => ({ name: to.graph.activation(to.input(node, 0).name, kind), type: float });

const pad: Emitter = (node, to) => {
  const { name, type } = to.input(node, 0);
  const value = node.inputs[2] === undefined ? 0 : to.weights(node, 2).data[0];
  if (value !== 0) throw cannotConvert(`The ${node.op} "${node.name}" pads with ${value}: only zeros are converted`);
  return { name: to.graph.pad(name, to.integers(node, 1)), type };
};

export const pictureEmitters: Readonly<Record<string, Emitter>> = {
  AvgPool: pool('AveragePool'),
  BiasAdd: (node, to) => ({
    name: to.graph.elementwise('Add', [to.input(node, 0).name, to.input(node, 1).name]),
    type: float,
  }),
  Conv2D: convolution,
  DepthwiseConv2dNative: depthwiseConvolution,
  Elu: activation('elu'),
  FusedDepthwiseConv2dNative: depthwiseConvolution,
  LeakyRelu: (node, to) => ({
    name: to.graph.elementwise('LeakyRelu', [to.input(node, 0).name], { alpha: { float: node.number('alpha', 0.2) } }),
    type: float,
  }),
  MatMul: matrixProduct,
  MaxPool: pool('MaxPool'),
  Pad: pad,
  PadV2: pad,
  Prelu: (node, to) => ({
    name: to.graph.elementwise('PRelu', [to.input(node, 0).name, to.input(node, 1).name]),
    type: float,
  }),
  Relu: activation('relu'),
  Relu6: activation('relu6'),
  ResizeBilinear: resize('linear'),
  ResizeNearestNeighbor: resize('nearest'),
  Sigmoid: activation('sigmoid'),
  Tanh: activation('tanh'),
  _FusedConv2D: convolution,
  _FusedMatMul: matrixProduct,
};
