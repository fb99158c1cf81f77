/** Options, limits and errors of the converters. */
import { ModelError } from '../model-error.js';

/** Options of the converters. */
export interface ConvertOptions {
  /**
   * pictures in a batch. Default for TFLite files: free, refused where the network mixes pictures; for TensorFlow.js: the batch
   * of the file
   */
  batch?: number | 'free';
  /** order of the input's dimensions; default `'nchw'` */
  layout?: 'nchw' | 'nhwc';
  /** tensors of the file that become outputs, by name; default: the outputs declared by the file */
  outputs?: string[];
  /** new names of the outputs, in order; default: unchanged */
  names?: string[];
}

/** Largest growth of a file by conversion, as a factor: 8-bit weights become floats. */
const mostGrowth = 16;
/** Bytes added to that bound: a small file can have long operations. */
const alwaysBytes = 2 ** 20;

/** Approximate bound on the bytes of ONNX, and on the numbers read from the file. */
export const mostConverted = (fileBytes: number): number => mostGrowth * fileBytes + alwaysBytes;

/** Most numbers of a shape, axes or padding. */
export const mostSizes = 64;

/** Longest message, in characters: names in a file can be long. */
const mostText = 2000;
const clipped = (text: string): string => (text.length > mostText ? `${text.slice(0, mostText)} ...` : text);

/** MODEL_INVALID with the reason why the model cannot be converted. */
export function cannotConvert(why: string, hint?: string): ModelError {
  return new ModelError('MODEL_INVALID', clipped(why), { hint: hint && clipped(hint) });
}

/** MODEL_INVALID for an unsupported operation. */
export function unknownOperation(op: string, node: string, known: readonly string[]): ModelError {
  return cannotConvert(
    `The operation ${op} of node "${node}" cannot be converted`,
    `Known are ${[...known].sort().join(', ')}. With outputs (--outputs) taken before this node, the rest converts.`,
  );
}

/** Names of the outputs: from the options, else their own as identifiers. @throws INVALID_ARGUMENT */
export function outputNames({ names = [] }: ConvertOptions, own: readonly string[]): string[] {
  const all = own.map((name, i) => names[i] ?? name.replace(/[^\w]/g, '_'));
  const seen = new Set<string>();
  const twice = all.find((name) => seen.size === seen.add(name).size || /^input\d*$/.test(name));
  if (names.length > own.length || twice !== undefined)
    throw new ModelError(
      'INVALID_ARGUMENT',
      `Expected at most ${own.length} names that nothing else has (not ${twice ?? names.at(-1)}) for names but received ${names.join(', ')}`,
      { hint: clipped(`The outputs are ${own.join(', ')}.`) },
    );
  return all;
}
