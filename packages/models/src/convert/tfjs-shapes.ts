/** Emitters of ONNX for TensorFlow's operations that rearrange tensors: shapes, slices, joins. */
import { DataType } from '../onnx-proto.js';
import { cannotConvert } from './options.js';
import type { TfjsConverter, Value } from './tfjs.js';
import type { Emitter } from './tfjs-emitters.js';

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

const gather: Emitter = (node, to) => {
  const [values, indices] = [to.input(node, 0), to.input(node, 1)];
  if (node.integer('batch_dims') !== 0) throw cannotConvert(`The GatherV2 "${node.name}" has batch dimensions`);
  const axis = node.inputs[2] === undefined ? 0 : to.integers(node, 2)[0];
  return { name: to.graph.node('Gather', [values.name, indices.name], { axis }), type: values.type };
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

export const shapeEmitters: Readonly<Record<string, Emitter>> = {
  ConcatV2: concat,
  ExpandDims: expandDims,
  GatherNd: (node, to) => {
    const { name, type } = to.input(node, 0);
    return { name: to.graph.node('GatherND', [name, toInt64(to.input(node, 1), to)]), type };
  },
  GatherV2: gather,
  Pack: pack,
  Reshape: reshape,
  Squeeze: squeeze,
  StridedSlice: stridedSlice,
  Transpose: (node, to) => {
    const { name, type } = to.input(node, 0);
    return { name: to.graph.node('Transpose', [name], { perm: to.integers(node, 1) }), type };
  },
  Unpack: unpack,
};
