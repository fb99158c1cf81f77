/** The weight files of face-api.js: a manifest (JSON) that names the tensors of a binary file, quantised to bytes. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface ManifestTensor {
  name: string;
  shape: number[];
  dtype: 'float32';
  quantization?: { dtype: 'uint8'; scale: number; min: number };
}

type Manifest = { weights: ManifestTensor[]; paths: string[] }[];

/** value = data * scale + offset */
export interface Weights {
  shape: number[];
  data: Uint8Array | Float32Array;
  scale: number;
  offset: number;
}

export function readWeights(manifestFile: string): Map<string, Weights> {
  const weights = new Map<string, Weights>();
  const folder = dirname(manifestFile);
  for (const group of JSON.parse(readFileSync(manifestFile, 'utf8')) as Manifest) {
    const bytes = Buffer.concat(group.paths.map((path) => readFileSync(join(folder, path))));
    let at = 0;
    for (const { name, shape, dtype, quantization } of group.weights) {
      const count = shape.reduce((product, size) => product * size, 1);
      const stored = quantization?.dtype ?? dtype;
      if (stored !== 'uint8' && stored !== 'float32')
        throw new Error(`${manifestFile}: ${name} is stored as ${stored}`);
      const end = at + count * (stored === 'uint8' ? 1 : 4);
      const raw = bytes.subarray(at, end);
      const data = stored === 'uint8' ? new Uint8Array(raw) : new Float32Array(new Uint8Array(raw).buffer);
      if (data.length !== count) throw new Error(`${manifestFile}: ${name} runs past the end of the file`);
      at = end;
      weights.set(name, { shape, data, scale: quantization?.scale ?? 1, offset: quantization?.min ?? 0 });
    }
    if (at !== bytes.length) throw new Error(`${manifestFile}: ${bytes.length - at} bytes are left over`);
  }
  return weights;
}

/** The numbers that quantised weights stand for. */
export const dequantize = ({ data, scale, offset }: Weights): Float32Array =>
  Float32Array.from(data, (value) => value * scale + offset);
