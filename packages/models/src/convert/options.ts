/** What a converter is told, and what went wrong where it gives up. */
import { ModelError } from '../model-error.js';

/** Options of the converters. */
export interface ConvertOptions {
  /**
   * pictures in a batch. Default of TFLite files: free, which is refused where the network mixes pictures; of TensorFlow.js: what
   * the file says, and a batch that it fixes stays
   */
  batch?: number | 'free';
  /** order of the input's dimensions; default `'nchw'` */
  layout?: 'nchw' | 'nhwc';
  /** tensors of the file that become outputs, by name; default: those the file declares */
  outputs?: string[];
  /** names that the outputs get, in order; default: their own */
  names?: string[];
}

/** What a file becomes may take so many times its bytes: 8-bit weights become floats. */
const mostGrowth = 16;
/** and so much more, because a small file may name long operations */
const alwaysBytes = 2 ** 20;

/** Bytes of ONNX that a file may become, about; also the numbers that are read of it. */
export const mostConverted = (fileBytes: number): number => mostGrowth * fileBytes + alwaysBytes;

/** Shapes, axes, edges: more than any operation has. */
export const mostSizes = 64;

/** Of a sentence about a file: names in it may be as long as the file. */
const mostText = 2000;
const clipped = (text: string): string => (text.length > mostText ? `${text.slice(0, mostText)} ...` : text);

/** The model cannot be converted: MODEL_INVALID with what stands in the way. */
export function cannotConvert(why: string, hint?: string): ModelError {
  return new ModelError('MODEL_INVALID', clipped(why), { hint: hint && clipped(hint) });
}

/** An operation that no converter knows. */
export function unknownOperation(op: string, node: string, known: readonly string[]): ModelError {
  return cannotConvert(
    `The operation ${op} of node "${node}" cannot be converted`,
    `Known are ${[...known].sort().join(', ')}. With outputs (--outputs) taken before this node, the rest converts.`,
  );
}

/** Names of the outputs: those given, else their own as identifiers. @throws INVALID_ARGUMENT */
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
