import type { BoxClasses, Classification } from '../results.js';
import { fields, integer, number, text } from '../validate.js';
import type { DetectOptions } from './detect.js';
import {
  type ModelFacts,
  Module,
  modelFacts,
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
  extends Pick<Policy, 'retry' | 'maxBatch' | 'maxWaitMs' | 'workers'> {
  /** the detector, tracker or identify module whose boxes are classified */
  of: Of;
  /** the path of an ONNX file, or a name of `framepath models list` */
  model: string;
  /** facts about the model that its file does not say */
  facts?: ModelFacts;
  /** boxes whose shorter side is below this, in pixels of the frame, are not looked at; default 16 */
  minSize?: number;
  /** what is shown around a box, in parts of its width and height on each side; default 0 */
  margin?: number;
  /** best classes that are told; default 5 */
  topK?: number;
  /** of a tracked box: the part of its earlier probabilities that stays, 0 (none) to 0.99; default 0 */
  smooth?: number;
  /** of a tracked box: frames from one look at it to the next, the last word is kept between; default 1 */
  every?: number;
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
  fields('options', options, {
    of: text,
    model: text,
    facts: modelFacts,
    minSize: number(1, 16384),
    margin: number(0, 4),
    topK: integer(1, 10000),
    smooth: number(0, 0.99),
    every: integer(1),
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
