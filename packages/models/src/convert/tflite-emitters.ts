/**
 * Emitters of ONNX, one for each TFLite operator. Field numbers of options are those of the schema's tables
 * (`Conv2DOptions` and so on).
 */
import { transposed } from '../transpose.js';
import { samplingOf } from './nhwc-graph.js';
import { cannotConvert } from './options.js';
import type { TfliteConverter } from './tflite.js';
import type { TfliteOperation } from './tflite-file.js';
import { activationOf, biasOf, input, numbers, whole, windowOf } from './tflite-operands.js';

/** Writes one operation; returns its value. */
type Emitter = (operation: TfliteOperation, to: TfliteConverter) => string;

/** Filters are [outputs, height, width, inputs]. */
const convolution: Emitter = (operation, to) => {
  const { inputs, options } = operation;
  const dims = to.shape(inputs[1], 4);
  const [outputs, height, width, channels] = dims;
  const filters = to.graph.floats(
    [outputs, channels, height, width],
    transposed(to.constant(inputs[1]), dims, [0, 3, 1, 2]),
  );
  const window = windowOf(operation, [options.int32(5, 1), options.int32(4, 1)]);
  const group = whole(to.shape(inputs[0], 4)[3] / channels, operation);
  const sum = to.graph.convolution(input(operation, 0, to), filters, biasOf(operation, to), group, window);
  return to.graph.activation(sum, activationOf(operation, 3));
};

/** Filters are [1, height, width, outputs]. */
const depthwiseConvolution: Emitter = (operation, to) => {
  const { inputs, options } = operation;
  const dims = to.shape(inputs[1], 4);
  const [, height, width, outputs] = dims;
  const filters = to.graph.floats([outputs, 1, height, width], transposed(to.constant(inputs[1]), dims, [3, 0, 1, 2]));
  const window = windowOf(operation, [options.int32(6, 1), options.int32(5, 1)]);
  const group = to.shape(inputs[0], 4)[3];
  const sum = to.graph.convolution(input(operation, 0, to), filters, biasOf(operation, to), group, window);
  return to.graph.activation(sum, activationOf(operation, 4));
};

/** MediaPipe's own: filters are [outputs, height, width, inputs], strides follow from the shapes. */
const transposeConvolution: Emitter = (operation, to) => {
  const { inputs, outputs } = operation;
  const dims = to.shape(inputs[1], 4);
  const [channelsOut, height, width, channelsIn] = dims;
  const [from, become] = [to.shape(inputs[0], 4), to.shape(outputs[0], 4)];
  const filters = to.graph.floats(
    [channelsIn, channelsOut, height, width],
    transposed(to.constant(inputs[1]), dims, [3, 0, 1, 2]),
  );
  const strides = [whole(become[1] / from[1], operation), whole(become[2] / from[2], operation)];
  const bias = biasOf(operation, to);
  const form = to.graph.node(
    'ConvTranspose',
    [to.graph.nchw(input(operation, 0, to)), filters, ...(bias ? [bias] : [])],
    { strides, auto_pad: 'SAME_UPPER' },
  );
  return to.graph.nhwc(form);
};

const pool =
  (kind: 'MaxPool' | 'AveragePool'): Emitter =>
  (operation, to) => {
    const { options } = operation;
    const size: [number, number] = [options.int32(4), options.int32(3)];
    const pooled = to.graph.pool(kind, input(operation, 0, to), size, windowOf(operation, [1, 1]));
    return to.graph.activation(pooled, activationOf(operation, 5));
  };

const unary =
  (opType: string): Emitter =>
  (operation, to) =>
    to.graph.elementwise(opType, [input(operation, 0, to)]);

/** @param activation field of the fused activation, if any */
const binary =
  (opType: string, activation?: number): Emitter =>
  (operation, to) => {
    const value = to.graph.elementwise(opType, [input(operation, 0, to), input(operation, 1, to)]);
    return activation === undefined ? value : to.graph.activation(value, activationOf(operation, activation));
  };

const reduce =
  (kind: 'ReduceMean' | 'ReduceMax' | 'ReduceSum'): Emitter =>
  (operation, to) =>
    to.graph.reduce(kind, input(operation, 0, to), numbers(operation, 1, to), operation.options.flag(0));

const resize =
  (mode: 'linear' | 'nearest', flags: [alignCorners: number, halfPixelCenters: number]): Emitter =>
  (operation, to) => {
    const [height, width] = numbers(operation, 1, to);
    const sampling = samplingOf(operation.options.flag(flags[0]), operation.options.flag(flags[1]));
    return to.graph.resize(input(operation, 0, to), [height, width], mode, sampling);
  };

/** Reshapes to the shape of the result in the file. */
const reshape: Emitter = (operation, to) => {
  const shape = to.targetShape(operation.outputs[0]);
  return to.graph.node('Reshape', [input(operation, 0, to), to.graph.integers(shape)]);
};

/** Weights are [outputs, inputs]. */
const fullyConnected: Emitter = (operation, to) => {
  const { inputs, outputs, options } = operation;
  if (options.uint8(1) !== 0) throw cannotConvert('A FULLY_CONNECTED has shuffled weights, which are not known');
  const dims = to.shape(inputs[1], 2);
  const weights = to.graph.floats([dims[1], dims[0]], transposed(to.constant(inputs[1]), dims, [1, 0]));
  const rank = to.tensor(outputs[0]).shape.length;
  const flat =
    rank === 2 && to.tensor(inputs[0]).shape.length !== 2
      ? to.graph.node('Reshape', [input(operation, 0, to), to.graph.integers([-1, dims[1]])])
      : input(operation, 0, to);
  const product = to.graph.node('MatMul', [flat, weights]);
  const bias = biasOf(operation, to);
  return to.graph.activation(bias ? to.graph.node('Add', [product, bias]) : product, activationOf(operation, 0));
};

const softmax: Emitter = (operation, to) => {
  const beta = operation.options.float32(0, 1);
  const logits = input(operation, 0, to);
  const scaled = beta === 1 ? logits : to.graph.node('Mul', [logits, to.graph.scalar(beta)]);
  return to.graph.node('Softmax', [scaled], { axis: -1 });
};

const concatenation: Emitter = (operation, to) => {
  const { inputs, options } = operation;
  const values = inputs.map((_, i) => input(operation, i, to));
  const joined = to.graph.concat(values, options.int32(0));
  return to.graph.activation(joined, activationOf(operation, 1));
};

export const emitters: Readonly<Record<string, Emitter>> = {
  ABS: unary('Abs'),
  ADD: binary('Add', 0),
  AVERAGE_POOL_2D: pool('AveragePool'),
  CONCATENATION: concatenation,
  CONV_2D: convolution,
  'CUSTOM:Convolution2DTransposeBias': transposeConvolution,
  DEPTHWISE_CONV_2D: depthwiseConvolution,
  DEQUANTIZE: (operation, to) => input(operation, 0, to), // half floats, which are float32 already
  DEPTH_TO_SPACE: (operation, to) => to.graph.depthToSpace(input(operation, 0, to), operation.options.int32(0)),
  DIV: binary('Div', 0),
  ELU: unary('Elu'),
  EXP: unary('Exp'),
  FULLY_CONNECTED: fullyConnected,
  HARD_SWISH: unary('HardSwish'),
  LEAKY_RELU: (operation, to) =>
    to.graph.elementwise('LeakyRelu', [input(operation, 0, to)], { alpha: { float: operation.options.float32(0) } }),
  LOGISTIC: unary('Sigmoid'),
  MAXIMUM: binary('Max'),
  MAX_POOL_2D: pool('MaxPool'),
  MEAN: reduce('ReduceMean'),
  MINIMUM: binary('Min'),
  MUL: binary('Mul', 0),
  NEG: unary('Neg'),
  PAD: (operation, to) => to.graph.pad(input(operation, 0, to), numbers(operation, 1, to)),
  PRELU: binary('PRelu'),
  REDUCE_MAX: reduce('ReduceMax'),
  RELU: (operation, to) => to.graph.activation(input(operation, 0, to), 'relu'),
  RELU6: (operation, to) => to.graph.activation(input(operation, 0, to), 'relu6'),
  RESHAPE: reshape,
  RESIZE_BILINEAR: resize('linear', [2, 3]),
  RESIZE_NEAREST_NEIGHBOR: resize('nearest', [0, 1]),
  SOFTMAX: softmax,
  SQRT: unary('Sqrt'),
  SQUEEZE: reshape,
  SUB: binary('Sub', 0),
  SUM: reduce('ReduceSum'),
  TANH: unary('Tanh'),
  TRANSPOSE: (operation, to) =>
    to.graph.node('Transpose', [input(operation, 0, to)], { perm: numbers(operation, 1, to) }),
};
