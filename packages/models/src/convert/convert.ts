/** Models of other frameworks to ONNX. */
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { sha256 } from '../fixes.js';
import { readModelFile } from '../model-bytes.js';
import { ModelError } from '../model-error.js';
import { type Model, setMetadata } from '../onnx-proto.js';
import { type ConvertOptions, cannotConvert } from './options.js';
import { convertTfjs } from './tfjs.js';
import { readTfjs } from './tfjs-file.js';
import { convertTflite } from './tflite.js';
import { isTflite } from './tflite-file.js';

const packageVersion = (): string =>
  (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;

/** The bytes of the source, to be hashed, and the converted model. */
function converted(path: string, options: ConvertOptions): { source: Uint8Array[]; model: Model } {
  const file = readModelFile(path);
  if (isTflite(file)) return { source: [file], model: convertTflite(file, path, options) };
  if (!/^\s*\{/.test(file.subarray(0, 100).toString()))
    throw cannotConvert('It is neither a TFLite file nor the JSON of a TensorFlow.js graph model');
  const model = readTfjs(file, dirname(path));
  return { source: model.files, model: convertTfjs(model, path, options) };
}

/**
 * A TFLite file, or the `model.json` of a TensorFlow.js graph model (its weights beside it), as an ONNX model.
 *
 * The input's layout, the name and SHA-256 of the source (of a graph model: JSON, then weights) and the converter's
 * version are written into the metadata (`framepath.*`). Weights stay as small as they are without loss: half floats and
 * bytes are kept.
 *
 * @example
 * ```ts
 * const model = convertModel('MobileFaceNet.tflite', { names: ['embedding'] });
 * writeFileSync('mobilefacenet.onnx', writeModel(model));
 * ```
 * @throws MODEL_NOT_FOUND; MODEL_INVALID with the operation and node that cannot be converted, and those that can
 */
export function convertModel(path: string, options: ConvertOptions = {}): Model {
  const name = basename(path);
  try {
    const { source, model } = converted(path, options);
    setMetadata(model, 'framepath.layout', options.layout ?? 'nchw');
    setMetadata(model, 'framepath.source.file', name);
    setMetadata(model, 'framepath.source.sha256', sha256(...source));
    setMetadata(model, 'framepath.converter', `framepath ${packageVersion()}`);
    return model;
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new ModelError(error.code, `${name} cannot be converted. ${error.message}`, {
      hint: error.hint,
      cause: error,
    });
  }
}
