/** Models that look at the whole picture. */
import type { Tensor } from '../generated/results.js';
import { fields, text } from '../validate.js';
import type { DetectOptions } from './detect.js';
import { Module, modelRules, moduleName, type OnError, policyRules, splitPolicy, type Under } from './module.js';

/**
 * Any model: its outputs as tensors, in the order of the file.
 * @example `raw('depth', './depth.onnx')`
 * @throws INVALID_ARGUMENT; at start the errors of models
 */
export function raw<const N extends string, E extends OnError = 'fail'>(
  name: N,
  model: string,
  options: DetectOptions<E> = {},
): Module<N, Under<E, Tensor[]>> {
  return wholePicture(name, model, options, 'raw') as Module<N, Under<E, Tensor[]>>;
}

const shapes = { detect: 'detections', classify: 'classes', raw: 'tensors' } as const;

/** A module that shows whole frames to a model. @internal */
export function wholePicture(name: string, model: string, options: DetectOptions, kind: keyof typeof shapes): Module {
  moduleName('name', name);
  text('model', model);
  fields('options', options, { ...modelRules, ...policyRules });
  const { policy, rest } = splitPolicy(options);
  return new Module(name, shapes[kind], [], { kind, policy, model: { ref: model, ...rest } });
}
