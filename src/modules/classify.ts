import type { BoxClasses, Classification } from '../generated/results.js';
import { boxClassesValuesRules } from '../generated/rules.js';
import type { BoxClassesValues } from '../generated/specs.js';
import { fields, text } from '../validate.js';
import type { DetectOptions } from './detect.js';
import {
  type ModelFacts,
  Module,
  modelFacts,
  modelRules,
  moduleName,
  type OnError,
  onErrorAlone,
  type Policy,
  policyRules,
  splitPolicy,
  type Under,
} from './module.js';
import { wholePicture } from './whole-picture.js';

/** Options of {@link classify} for the boxes of another module. */
export interface ClassifyBoxesOptions<Of extends string = string>
  extends BoxClassesValues,
    Pick<Policy, 'retry' | 'maxBatch' | 'maxWaitMs' | 'workers'> {
  /** the detector, tracker or identify module whose boxes are classified */
  of: Of;
  /** the path of an ONNX file, or a name of `framepath models list` */
  model: string;
  /** facts about the model that its file does not state */
  facts?: ModelFacts;
  /** classes in the result, best first; default 5 */
  topK?: number;
  /** `'fail'` ends the run, `'skip'` keeps what was known; default `'fail'` */
  onError?: Exclude<OnError, 'fallback'>;
}

/**
 * A classifier of whole frames: the best `topK` classes, best first.
 * @example `classify('scene', './places.onnx', { topK: 3, stride: 10 })`
 * @throws INVALID_ARGUMENT; at start the errors of models
 */
export function classify<const N extends string, E extends OnError = 'fail'>(
  name: N,
  model: string,
  options?: DetectOptions<E>,
): Module<N, Under<E, Classification[]>>;
/**
 * A classifier of the boxes of another module, one element a box in that module's order: emotions or ages of faces, actions
 * of people. Boxes of a tracker or of `identify` may be smoothed over time and looked at now and then.
 * @example `classify('emotion', { of: 'tracks', model: './emotion.onnx', smooth: 0.7, every: 5 })`
 * @throws INVALID_ARGUMENT; at start GRAPH_INVALID and the errors of models
 */
export function classify<const N extends string, const Of extends string>(
  name: N,
  options: ClassifyBoxesOptions<Of>,
): Module<N, BoxClasses[], { [K in Of]: readonly object[] | undefined }>;
export function classify(
  name: string,
  modelOrOptions: string | ClassifyBoxesOptions,
  options: DetectOptions = {},
): Module {
  if (typeof modelOrOptions === 'string') return wholePicture(name, modelOrOptions, options, 'classify');
  return classifyBoxes(name, modelOrOptions);
}

function classifyBoxes(name: string, options: ClassifyBoxesOptions): Module {
  moduleName('name', name);
  const { retry, maxBatch, maxWaitMs, workers } = policyRules;
  const { smooth, every, ...looks } = boxClassesValuesRules;
  fields('options', options, {
    of: text,
    model: text,
    facts: modelFacts,
    ...looks,
    topK: modelRules.topK,
    smooth,
    every,
    retry,
    onError: onErrorAlone,
    maxBatch,
    maxWaitMs,
    workers,
  });
  text('of', options.of);
  text('model', options.model);
  const { policy, rest } = splitPolicy(options);
  const { facts, model, topK, ...stated } = rest;
  const modelSpec = { ref: model, ...facts, ...(topK !== undefined && { topK }) };
  return new Module(name, 'boxClasses', [options.of], { kind: 'classify', policy, ...stated, model: modelSpec });
}
