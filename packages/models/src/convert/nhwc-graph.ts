/**
 * Writes networks whose pictures are NHWC (as TensorFlow keeps them) as ONNX, whose operators on pictures are NCHW.
 *
 * A picture's NCHW form is cached, and used wherever an operator can work on it; its NHWC form is a transpose that is dropped
 * when no node reads it. A plain convolutional network converts without any transposes inside.
 */
import { GraphBuilder } from '../graph-builder.js';
import { exactHalves } from '../half.js';
import type { Attributes } from '../onnx-attributes.js';
import type { Weights } from '../tfjs-weights.js';
import { transposed, volume } from '../transpose.js';

/** How a window moves over a picture. */
export interface Window {
  /** height, width */
  strides: [number, number];
  dilations?: [number, number];
  /** `'same'`: as many outputs as strides fit the picture; or zeros before and after: top, left, bottom, right */
  padding: 'same' | 'valid' | [number, number, number, number];
}

/** How a resize maps coordinates (ONNX's `coordinate_transformation_mode`). */
export type Sampling = 'asymmetric' | 'half_pixel' | 'align_corners';

/** From the two flags of TensorFlow. */
export const samplingOf = (alignCorners: boolean, halfPixelCenters: boolean): Sampling =>
  alignCorners ? 'align_corners' : halfPixelCenters ? 'half_pixel' : 'asymmetric';

/** Activation after a layer. */
export type Activation = 'none' | 'relu' | 'relu6' | 'relu-1-to-1' | 'tanh' | 'sigmoid' | 'elu';

const toNchw = [0, 3, 1, 2];
const toNhwc = [0, 2, 3, 1];
/** NHWC axis -> NCHW axis */
const nchwAxis = [0, 2, 3, 1];

const padded = ({ padding }: Window): Attributes =>
  padding === 'same' ? { auto_pad: 'SAME_UPPER' } : padding === 'valid' ? {} : { pads: padding };

/** Values for each dimension, from NHWC order to NCHW order. */
const reordered = <T>(values: readonly T[]): T[] => toNchw.map((axis) => values[axis]);

export class NhwcGraph extends GraphBuilder {
  /** NHWC value -> its NCHW form */
  readonly #nchw = new Map<string, string>();
  /** small float constants, which follow pictures into their other form */
  readonly #constants = new Map<string, { dims: number[]; values: Float32Array }>();

  /** Float weights in the smallest lossless form: bytes stay bytes, exact half floats become half floats. */
  weights(dims: number[], { data, scale, offset }: Weights): string {
    const name = this.unique('weights');
    if (data instanceof Uint8Array) return this.quantized(name, dims, data, scale, offset);
    return this.floats(dims, data);
  }

  floats(dims: number[], data: ArrayLike<number>): string {
    const values = Float32Array.from(data);
    const name = this.unique('weights');
    const halves = values.length >= 64 ? exactHalves(values) : undefined;
    const written = halves ? this.halves(name, dims, halves) : this.constant(name, dims, values);
    this.#constants.set(written, { dims, values });
    return written;
  }

  /** The NCHW form of a picture. */
  nchw(picture: string): string {
    const known = this.#nchw.get(picture);
    if (known) return known;
    const form = this.node('Transpose', [picture], { perm: toNchw });
    this.#nchw.set(picture, form);
    return form;
  }

  /** The picture (NHWC) whose NCHW form is given. */
  nhwc(form: string): string {
    const picture = this.node('Transpose', [form], { perm: toNhwc });
    this.#nchw.set(picture, form);
    return picture;
  }

  /** An operator without axes: element by element, with broadcasting. */
  elementwise(opType: string, inputs: string[], attributes: Attributes = {}): string {
    const forms = inputs.map((input) => this.#nchw.get(input) ?? this.#constantNchw(input));
    const asNchw = inputs.some((input) => this.#nchw.has(input)) && forms.every((form) => form !== undefined);
    if (!asNchw) return this.node(opType, inputs, attributes);
    return this.nhwc(this.node(opType, forms as string[], attributes));
  }

  /** A constant in the form that broadcasts with NCHW pictures as it does with NHWC ones. */
  #constantNchw(name: string): string | undefined {
    const constant = this.#constants.get(name);
    if (!constant) return undefined;
    const { dims, values } = constant;
    if (volume(dims) === 1 && dims.length < 2) return name;
    if (dims.length > 4) return undefined;
    const whole = [...Array<number>(4 - dims.length).fill(1), ...dims];
    return this.floats(reordered(whole), transposed(values, whole, toNchw));
  }

  /** @param filters and @param bias as ONNX has them: [outputs, inputs / group, height, width], [outputs] */
  convolution(picture: string, filters: string, bias: string | undefined, group: number, window: Window): string {
    const { strides, dilations = [1, 1] } = window;
    const inputs = [this.nchw(picture), filters, ...(bias ? [bias] : [])];
    return this.nhwc(this.node('Conv', inputs, { strides, dilations, group, ...padded(window) }));
  }

  pool(kind: 'MaxPool' | 'AveragePool', picture: string, size: [number, number], window: Window): string {
    const attributes = { kernel_shape: size, strides: window.strides, ...padded(window) };
    return this.nhwc(this.node(kind, [this.nchw(picture)], attributes));
  }

  resize(
    picture: string,
    size: [height: number, width: number],
    mode: 'linear' | 'nearest',
    sampling: Sampling,
  ): string {
    const form = this.nchw(picture);
    const kept = this.node('Shape', [form], { start: 0, end: 2 }); // batch and channels
    const sizes = this.node('Concat', [kept, this.integers(size)], { axis: 0 });
    const nearest = sampling === 'asymmetric' ? 'floor' : 'round_prefer_ceil'; // as TensorFlow rounds
    const attributes = { mode, coordinate_transformation_mode: sampling, nearest_mode: nearest };
    return this.nhwc(this.node('Resize', [form, '', '', sizes], attributes));
  }

  depthToSpace(picture: string, blocksize: number): string {
    return this.nhwc(this.node('DepthToSpace', [this.nchw(picture)], { blocksize, mode: 'DCR' }));
  }

  activation(value: string, kind: Activation): string {
    switch (kind) {
      case 'none':
        return value;
      case 'relu':
        return this.elementwise('Relu', [value]);
      case 'relu6':
        return this.elementwise('Clip', [value, this.scalar(0), this.scalar(6)]);
      case 'relu-1-to-1':
        return this.elementwise('Clip', [value, this.scalar(-1), this.scalar(1)]);
      case 'tanh':
        return this.elementwise('Tanh', [value]);
      case 'sigmoid':
        return this.elementwise('Sigmoid', [value]);
      case 'elu':
        return this.elementwise('Elu', [value]);
    }
  }

  scalar(value: number): string {
    return this.floats([], [value]);
  }

  concat(values: string[], axis: number): string {
    if (!values.every((value) => this.#nchw.has(value))) return this.node('Concat', values, { axis });
    const forms = values.map((value) => this.nchw(value));
    return this.nhwc(this.node('Concat', forms, { axis: nchwAxis[axis < 0 ? axis + 4 : axis] }));
  }

  /** @param pads before and after each dimension: [before, after, before, after, ...] */
  pad(value: string, pads: number[]): string {
    const before = pads.filter((_, i) => i % 2 === 0);
    const after = pads.filter((_, i) => i % 2 === 1);
    if (!this.#nchw.has(value)) return this.node('Pad', [value, this.integers([...before, ...after])]);
    const amounts = this.integers([...reordered(before), ...reordered(after)]);
    return this.nhwc(this.node('Pad', [this.nchw(value), amounts]));
  }

  /** Mean, maximum or sum over some axes. */
  reduce(kind: 'ReduceMean' | 'ReduceMax' | 'ReduceSum', value: string, axes: number[], keep: boolean): string {
    const reduced = (input: string, over: number[]) =>
      kind === 'ReduceSum' // its axes became an input in an earlier opset than those of the others
        ? this.node(kind, [input, this.integers(over)], { keepdims: Number(keep) })
        : this.node(kind, [input], { axes: over, keepdims: Number(keep) });
    const positive = axes.map((axis) => (axis < 0 && this.#nchw.has(value) ? axis + 4 : axis));
    const overPositions = String(positive.toSorted()) === '1,2'; // the result is [batch, channels] in both layouts
    if (!this.#nchw.has(value) || !(keep || overPositions)) return reduced(value, axes);
    const form = reduced(
      this.nchw(value),
      positive.map((axis) => nchwAxis[axis]),
    );
    return keep ? this.nhwc(form) : form;
  }
}
