/**
 * The weight files of TensorFlow.js, and of face-api.js, which uses the same format: a manifest that names the tensors
 * of binary files, plain or quantised.
 *
 * @see https://github.com/tensorflow/tfjs/blob/master/tfjs-core/src/io/types.ts (WeightsManifestEntry)
 */
import { dirname } from 'node:path';
import { fromHalf } from './half.js';
import { readFileBeside, readModelFile } from './model-bytes.js';
import { ModelError } from './model-error.js';
import { volume } from './transpose.js';

interface ManifestTensor {
  name: string;
  shape: number[];
  dtype: string;
  quantization?: { dtype: string; scale?: number; min?: number };
}

/** The tensors of consecutive files. */
export type Manifest = { weights: ManifestTensor[]; paths: string[] }[];

/** value = data * scale + offset; bool and int32 tensors are Int32Array with scale 1 and offset 0 */
export interface Weights {
  shape: number[];
  data: Uint8Array | Float32Array | Int32Array;
  scale: number;
  offset: number;
}

/** Readers by element type. */
const stored: Record<string, { bytes: number; read(raw: ArrayBuffer): ArrayLike<number> }> = {
  uint8: { bytes: 1, read: (raw) => new Uint8Array(raw) },
  bool: { bytes: 1, read: (raw) => new Uint8Array(raw) },
  uint16: { bytes: 2, read: (raw) => new Uint16Array(raw) },
  float16: { bytes: 2, read: (raw) => Float32Array.from(new Uint16Array(raw), fromHalf) },
  float32: { bytes: 4, read: (raw) => new Float32Array(raw) },
  int32: { bytes: 4, read: (raw) => new Int32Array(raw) },
};

function toWeights({ shape, dtype, quantization }: ManifestTensor, values: ArrayLike<number>): Weights {
  const scale = quantization?.scale ?? 1;
  const offset = quantization?.min ?? 0;
  if (dtype !== 'float32') {
    return { shape, data: Int32Array.from(values, (value) => Math.round(value * scale + offset)), scale: 1, offset: 0 };
  }
  if (values instanceof Uint8Array) return { shape, data: values, scale, offset };
  return { shape, data: Float32Array.from(values, (value) => value * scale + offset), scale: 1, offset: 0 };
}

/**
 * @param read the bytes of a file of the manifest
 * @throws MODEL_INVALID when a tensor is of an unknown type, or the files do not match the manifest
 */
export function readWeights(manifest: Manifest, read: (path: string) => Uint8Array): Map<string, Weights> {
  const weights = new Map<string, Weights>();
  for (const { paths, weights: tensors } of manifest) {
    const bytes = Buffer.concat(paths.map(read));
    const invalid = (why: string) => new ModelError('MODEL_INVALID', `${paths.join(', ')}: ${why}`);
    let at = 0;
    for (const tensor of tensors) {
      const type = tensor.quantization?.dtype ?? tensor.dtype;
      const element = Object.hasOwn(stored, type) ? stored[type] : undefined;
      if (!element || !['float32', 'int32', 'bool'].includes(tensor.dtype))
        throw invalid(`${tensor.name} is stored as ${type}; known are ${Object.keys(stored).join(', ')}`);
      const end = at + volume(tensor.shape) * element.bytes;
      if (!(end >= at && end <= bytes.length)) throw invalid(`${tensor.name} runs past the end of the file`);
      weights.set(tensor.name, toWeights(tensor, element.read(new Uint8Array(bytes.subarray(at, end)).buffer)));
      at = end;
    }
    if (at !== bytes.length) throw invalid(`${bytes.length - at} bytes are left over`);
  }
  return weights;
}

/** The weights of a manifest file; its binary files are in the same folder. @throws MODEL_INVALID */
export const readManifest = (file: string): Map<string, Weights> =>
  readWeights(JSON.parse(readModelFile(file).toString()) as Manifest, (path) => readFileBeside(dirname(file), path));

/** Dequantises weights. */
export const dequantize = ({ data, scale, offset }: Weights): Float32Array =>
  Float32Array.from(data, (value) => value * scale + offset);
