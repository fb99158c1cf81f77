/** Emitters of ONNX for TensorFlow's operations on tensors; those on pictures are in tfjs-pictures.ts. */
import { DataType } from '../onnx-proto.js';
import { cannotConvert } from './options.js';
import type { TfjsConverter, Value, ValueType } from './tfjs.js';
import type { TfNode } from './tfjs-file.js';
import { pictureEmitters } from './tfjs-pictures.js';

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

const toInt64 = (value: Value, to: TfjsConverter): string =>
  to.graph.node('Cast', [value.name], { to: DataType.int64 });

const reshape: Emitter = (node, to) => {
  const { name, type } = to.input(node, 0);
  const shape = to.isConstant(node, 1) ? to.graph.integers(to.integers(node, 1)) : toInt64(to.input(node, 1), to);
  return { name: to.graph.node('Reshape', [name, shape]), type };
};

const concat: Emitter = (node, to) => {
  const last = node.inputs.length - 1; // the axis
  if (last === 0) throw cannotConvert(`The ConcatV2 "${node.name}" joins nothing`);
  const values = node.inputs.slice(0, last).map((_, i) => to.input(node, i));
  const [axis] = to.integers(node, last);
  const joined = to.graph.concat(
    values.map(({ name }) => name),
    axis,
  );
  return { name: joined, type: values[0].type };
};

const cast: Emitter = (node, to) => {
  const wanted = node.type('DstT') ?? '';
  const type = /FLOAT|HALF/.test(wanted) ? float : /BOOL/.test(wanted) ? bool : int32;
  const { name, type: given } = to.input(node, 0);
  return type === given ? { name, type } : { name: to.graph.elementwise('Cast', [name], { to: type }), type };
};

const gather: Emitter = (node, to) => {
  const [values, indices] = [to.input(node, 0), to.input(node, 1)];
  if (node.integer('batch_dims') !== 0) throw cannotConvert(`The GatherV2 "${node.name}" has batch dimensions`);
  const axis = node.inputs[2] === undefined ? 0 : to.integers(node, 2)[0];
  return { name: to.graph.node('Gather', [values.name, indices.name], { axis }), type: values.type };
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

const pack: Emitter = (node, to) => {
  const axis = node.integer('axis');
  const values = node.inputs.map((_, i) => to.input(node, i));
  const rows = values.map(({ name }) => to.graph.node('Unsqueeze', [name, to.graph.integers([axis])]));
  return { name: to.graph.node('Concat', rows, { axis }), type: values[0].type };
};

const unpack: Emitter = (node, to) => {
  const { name, type } = to.input(node, 0);
  const axis = node.integer('axis');
  const parts = to.graph.nodes('Split', [name], { axis }, node.integer('num'));
  return parts.map((part) => ({ name: to.graph.node('Squeeze', [part, to.graph.integers([axis])]), type }));
};

const largest = 2 ** 31 - 1; // to the end, whatever the size

/** Bit k of a mask is dimension k. */
const stridedSlice: Emitter = (node, to) => {
  const { name, type } = to.input(node, 0);
  const [begin, end, strides] = [1, 2, 3].map((i) => to.integers(node, i));
  const isSet = (mask: string, k: number) => ((node.integer(mask) >> k) & 1) === 1;
  if (node.integer('ellipsis_mask') || node.integer('new_axis_mask'))
    throw cannotConvert(`The StridedSlice "${node.name}" adds or spans dimensions`);
  const only = begin.map((_, k) => k).filter((k) => isSet('shrink_axis_mask', k));
  const from = begin.map((at, k) => (isSet('begin_mask', k) ? (strides[k] > 0 ? 0 : largest) : at));
  const until = end.map((at, k) => {
    if (only.includes(k)) return begin[k] === -1 ? largest : begin[k] + 1;
    return isSet('end_mask', k) ? (strides[k] > 0 ? largest : -largest) : at;
  });
  const axes = begin.map((_, k) => k);
  const inputs = [from, until, axes, strides].map((values) => to.graph.integers(values));
  const slice = to.graph.node('Slice', [name, ...inputs]);
  return { name: only.length > 0 ? to.graph.node('Squeeze', [slice, to.graph.integers(only)]) : slice, type };
};

const squeeze: Emitter = (node, to) => {
  const { name, type } = to.input(node, 0);
  const axes = node.integers('squeeze_dims');
  return { name: to.graph.node('Squeeze', axes.length > 0 ? [name, to.graph.integers(axes)] : [name]), type };
};

const expandDims: Emitter = (node, to) => {
  const { name, type } = to.input(node, 0);
  return { name: to.graph.node('Unsqueeze', [name, to.graph.integers([to.integers(node, 1)[0]])]), type };
};

const addAll: Emitter = (node, to) => {
  const values = node.inputs.map((_, i) => to.input(node, i));
  const sum = values.map(({ name }) => name).reduce((a, b) => to.graph.elementwise('Add', [a, b]));
  return { name: sum, type: values[0].type };
};

const same: Emitter = (node, to) => to.input(node, 0);

export const emitters: Readonly<Record<string, Emitter>> = {
  ...pictureEmitters,
  Abs: unary('Abs'),
  Add: binary('Add'),
  AddN: addAll,
  AddV2: binary('Add'),
  ArgMax: argMax,
  Cast: cast,
  ConcatV2: concat,
  Equal: binary('Equal', bool),
  Exp: unary('Exp'),
  ExpandDims: expandDims,
  Floor: unary('Floor'),
  FloorDiv: floorDivide,
  FloorMod: floorModulo,
  GatherNd: (node, to) => {
    const { name, type } = to.input(node, 0);
    return { name: to.graph.node('GatherND', [name, toInt64(to.input(node, 1), to)]), type };
  },
  GatherV2: gather,
  Greater: binary('Greater', bool),
  Identity: same,
  Less: binary('Less', bool),
  Max: reduce('ReduceMax'),
  Maximum: binary('Max'),
  Mean: reduce('ReduceMean'),
  Minimum: binary('Min'),
  Mul: binary('Mul'),
  Neg: unary('Neg'),
  Pack: pack,
  Pow: binary('Pow'),
  PreventGradient: same,
  RealDiv: binary('Div'),
  Reciprocal: unary('Reciprocal'),
  Reshape: reshape,
  Softmax: (node, to) => {
    const { name, type } = to.input(node, 0);
    return { name: to.graph.node('Softmax', [name], { axis: -1 }), type };
  },
  Sqrt: unary('Sqrt'),
  SquaredDifference: squaredDifference,
  Squeeze: squeeze,
  StopGradient: same,
  StridedSlice: stridedSlice,
  Sub: binary('Sub'),
  Sum: reduce('ReduceSum'),
  TopKV2: topK,
  Transpose: (node, to) => {
    const { name, type } = to.input(node, 0);
    return { name: to.graph.node('Transpose', [name], { perm: to.integers(node, 1) }), type };
  },
  Unpack: unpack,
};
