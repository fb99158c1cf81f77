/** What the emitters read of a TFLite operation: its inputs, its window, its fused activation. */
import type { Activation, Window } from './nhwc-graph.js';
import { cannotConvert, mostSizes } from './options.js';
import type { TfliteConverter } from './tflite.js';
import type { TfliteOperation } from './tflite-file.js';

const activations: Activation[] = ['none', 'relu', 'relu-1-to-1', 'relu6', 'tanh'];

export function activationOf({ op, options }: TfliteOperation, field: number): Activation {
  const activation = activations[options.uint8(field)];
  if (!activation) throw cannotConvert(`The activation number ${options.uint8(field)} of ${op} is not known`);
  return activation;
}

export function idOf({ op, inputs }: TfliteOperation, i: number): number {
  const id = inputs[i];
  if (id === undefined || id < 0) throw cannotConvert(`An input of ${op} is missing: the file is damaged`);
  return id;
}

export const input = (operation: TfliteOperation, i: number, to: TfliteConverter): string =>
  to.value(idOf(operation, i));

/** Padding and strides: the first fields in the options of convolutions and pools. */
export function windowOf({ options }: TfliteOperation, dilations: [number, number]): Window {
  return {
    strides: [options.int32(2), options.int32(1)],
    dilations,
    padding: options.uint8(0) === 0 ? 'same' : 'valid',
  };
}

export function biasOf({ inputs }: TfliteOperation, to: TfliteConverter): string | undefined {
  const id = inputs[2];
  return id === undefined || id < 0 ? undefined : to.graph.floats(to.shape(id, 1), to.constant(id));
}

/** `ratio`, where it is a whole number. */
export function whole(ratio: number, { op }: TfliteOperation): number {
  if (Number.isInteger(ratio) && ratio > 0) return ratio;
  throw cannotConvert(`The shapes of a ${op} do not fit each other: the file is damaged`);
}

/** Axes, sizes, edges. */
export function numbers(operation: TfliteOperation, i: number, to: TfliteConverter): number[] {
  const constant = to.constant(idOf(operation, i));
  if (constant.length > mostSizes || !constant.every(Number.isSafeInteger))
    throw cannotConvert(`Input ${i} of ${operation.op} is no shape or list of axes: the file is damaged`);
  return Array.from(constant);
}
