/** Graph fixes: remove export artefacts that cost time or flexibility, without changing results. */
import { createHash } from 'node:crypto';
import { padChannels } from './channel-padding.js';
import { dynamicBatch, NotFixable, nchwInput } from './dynamic-batch.js';
import { type Graph, getMetadata, type Model, readModel, setMetadata, writeModel } from './onnx-proto.js';

/** The fixes, in the order they are tried. */
export type FixName = 'dynamic-batch' | 'nchw-input' | 'pad-channels-24-32';

export interface FixResult {
  /** the fixed model, or the given bytes when nothing was to fix */
  bytes: Uint8Array;
  /** fixes that were applied */
  fixes: FixName[];
  /** fixes that do not apply, with the reason */
  skipped: { fix: FixName; reason: string }[];
}

const fixes: Record<FixName, (graph: Graph) => void> = {
  'dynamic-batch': dynamicBatch,
  'nchw-input': (graph) => {
    if (!nchwInput(graph)) throw new NotFixable('its input is not an NHWC picture that is transposed first');
  },
  'pad-channels-24-32': (graph) => padChannels(graph, 24, 32),
};

/** SHA-256 of the concatenated parts, in hex. */
export function sha256(...parts: Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** Records the fixes and the hash of the original in the metadata. */
export function noteFixes(model: Model, source: Uint8Array, done: FixName[]): void {
  const before = getMetadata(model, 'framepath.fixes');
  setMetadata(model, 'framepath.fixes', [...(before ? before.split(',') : []), ...done].join(','));
  if (!getMetadata(model, 'framepath.source.sha256')) setMetadata(model, 'framepath.source.sha256', sha256(source));
}

/**
 * Applies every fix that fits a model.
 *
 * - `dynamic-batch`: a batch fixed at 1 becomes free; bit-identical for every picture.
 * - `nchw-input`: removes a leading NHWC to NCHW transpose; bit-identical.
 * - `pad-channels-24-32`: stages of 24 channels get 32; raw outputs within 1e-3. Only for vectors of 16 floats (AVX-512):
 *   24 channels fill vectors of 8, and padding would only add work.
 *
 * @param file the ONNX file's bytes
 * @param vectorFloats floats in a vector of the CPU that will run the model: 8 or 16
 * @throws OnnxFormatError (`MODEL_INVALID`) when the bytes are not an ONNX model
 */
export function fixModel(file: Uint8Array, vectorFloats: number): FixResult {
  const done: FixName[] = [];
  const skipped: FixResult['skipped'] = [];
  let bytes = file;
  readModel(file);
  for (const fix of Object.keys(fixes) as FixName[]) {
    if (fix === 'pad-channels-24-32' && 24 % vectorFloats === 0) continue;
    const model = readModel(bytes); // a new copy: a fix that throws leaves the graph half done
    try {
      fixes[fix](model.graph);
    } catch (error) {
      if (!(error instanceof NotFixable)) throw error;
      skipped.push({ fix, reason: error.message });
      continue;
    }
    if (fix === 'nchw-input' && getMetadata(model, 'framepath.layout')) setMetadata(model, 'framepath.layout', 'nchw');
    noteFixes(model, file, [fix]);
    bytes = writeModel(model);
    done.push(fix);
  }
  return { bytes, fixes: done, skipped };
}
