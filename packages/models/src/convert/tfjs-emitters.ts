/**
 * Emitters of ONNX for TensorFlow's operations on tensors; those on pictures are in
 * tfjs-pictures.ts, those that rearrange tensors in tfjs-shapes.ts.
 */
import { DataType } from '../onnx-proto.js';
import type { TfjsConverter, Value, ValueType } from './tfjs.js';
import type { TfNode } from './tfjs-file.js';
import { pictureEmitters } from './tfjs-pictures.js';
import { shapeEmitters } from './tfjs-shapes.js';

/** Writes one node; returns its values. */
export type Emitter = (node: TfNode, to: TfjsConverter) => Value | Value[];

const { float, int32, bool } = DataType;

const unary =
  (opType: string): Emitter =>
  (node, to) => {
    const { name, type } = to.input(node, 0);
    return { name: to.graph.elementwise(opType, [name]), type };
  };

const binary =
  (opType: string, gives?: ValueType): Emitter =>
  (node, to) => {
    const [a, b] = [to.input(node, 0), to.input(node, 1)];
    return { name: to.graph.elementwise(opType, [a.name, b.name]), type: gives ?? a.type };
  };

const reduce =
  (kind: 'ReduceMean' | 'ReduceMax' | 'ReduceSum'): Emitter =>
  (node, to) => {
    const { name, type } = to.input(node, 0);
    return { name: to.graph.reduce(kind, name, to.integers(node, 1), node.flag('keep_dims')), type };
  };

/** Quotient and remainder as in Python: rounded towards minus infinity. */
const floorDivide: Emitter = (node, to) => {
  const [a, b] = [to.input(node, 0), to.input(node, 1)];
  if (a.type === float) return { name: to.graph.node('Floor', [to.graph.node('Div', [a.name, b.name])]), type: float };
  const rest = to.graph.node('Mod', [a.name, b.name]); // its sign is the divisor's
  return { name: to.graph.node('Div', [to.graph.node('Sub', [a.name, rest]), b.name]), type: a.type };
};

const floorModulo: Emitter = (node, to) => {
  const [a, b] = [to.input(node, 0), to.input(node, 1)];
  if (a.type !== float) return { name: to.graph.node('Mod', [a.name, b.name]), type: a.type };
  const quotient = to.graph.node('Floor', [to.graph.node('Div', [a.name, b.name])]);
  return { name: to.graph.node('Sub', [a.name, to.graph.node('Mul', [quotient, b.name])]), type: float };
};

const squaredDifference: Emitter = (node, to) => {
  const [a, b] = [to.input(node, 0), to.input(node, 1)];
  const difference = to.graph.elementwise('Sub', [a.name, b.name]);
  return { name: to.graph.elementwise('Mul', [difference, difference]), type: a.type };
};

const cast: Emitter = (node, to) => {
  const wanted = node.type('DstT') ?? '';
  const type = /FLOAT|HALF/.test(wanted) ? float : /BOOL/.test(wanted) ? bool : int32;
  const { name, type: given } = to.input(node, 0);
  return type === given ? { name, type } : { name: to.graph.elementwise('Cast', [name], { to: type }), type };
};

const topK: Emitter = (node, to) => {
  const { name, type } = to.input(node, 0);
  const count = to.graph.integers([to.integers(node, 1)[0]]);
  const [values, indices] = to.graph.nodes('TopK', [name, count], { axis: -1 }, 2);
  return [
    { name: values, type },
    { name: to.graph.node('Cast', [indices], { to: int32 }), type: int32 },
  ];
};

const argMax: Emitter = (node, to) => {
  const [axis] = to.integers(node, 1);
  const indices = to.graph.node('ArgMax', [to.input(node, 0).name], { axis, keepdims: 0 });
  return { name: to.graph.node('Cast', [indices], { to: int32 }), type: int32 };
};

const addAll: Emitter = (node, to) => {
  const values = node.inputs.map((_, i) => to.input(node, i));
  const sum = values.map(({ name }) => name).reduce((a, b) => to.graph.elementwise('Add', [a, b]));
  return { name: sum, type: values[0].type };
};

const same: Emitter = (node, to) => to.input(node, 0);

export const emitters: Readonly<Record<string, Emitter>> = {
  ...pictureEmitters,
  ...shapeEmitters,
  Abs: unary('Abs'),
  Add: binary('Add'),
  AddN: addAll,
  AddV2: binary('Add'),
  ArgMax: argMax,
  Cast: cast,
  Equal: binary('Equal', bool),
  Exp: unary('Exp'),
  Floor: unary('Floor'),
  FloorDiv: floorDivide,
  FloorMod: floorModulo,
  Greater: binary('Greater', bool),
  Identity: same,
  Less: binary('Less', bool),
  Max: reduce('ReduceMax'),
  Maximum: binary('Max'),
  Mean: reduce('ReduceMean'),
  Minimum: binary('Min'),
  Mul: binary('Mul'),
  Neg: unary('Neg'),
  Pow: binary('Pow'),
  PreventGradient: same,
  RealDiv: binary('Div'),
  Reciprocal: unary('Reciprocal'),
  Softmax: (node, to) => {
    const { name, type } = to.input(node, 0);
    return { name: to.graph.node('Softmax', [name], { axis: -1 }), type };
  },
  Sqrt: unary('Sqrt'),
  SquaredDifference: squaredDifference,
  StopGradient: same,
  Sub: binary('Sub'),
  Sum: reduce('ReduceSum'),
  TopKV2: topK,
};
