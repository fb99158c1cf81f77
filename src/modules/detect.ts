import type { Detection } from '../generated/results.js';
import type { ModelFacts, Module, OnError, Policy, Under } from './module.js';
import { wholePicture } from './whole-picture.js';

/** Options of {@link detect}: facts about the model, and a policy. */
export interface DetectOptions<E extends OnError = OnError> extends ModelFacts, Policy {
  onError?: E;
}

/**
 * A detector: boxes in pixels of the frame, best score first, with keypoints where the model has them.
 * @param name property of every frame that holds its `Detection[]`
 * @param model a name of `framepath models list`, or the path of an ONNX file
 * @example `detect('faces', 'blazeface', { scoreThreshold: 0.6 })`
 * @throws INVALID_ARGUMENT; at start MODEL_NOT_FOUND, MODEL_INVALID, MODEL_UNSUPPORTED, MODEL_SPEC_NEEDED, RUNTIME_MISSING
 */
export function detect<const N extends string, E extends OnError = 'fail'>(
  name: N,
  model: string,
  options: DetectOptions<E> = {},
): Module<N, Under<E, Detection[]>> {
  return wholePicture(name, model, options, 'detect') as Module<N, Under<E, Detection[]>>;
}
