import { resolve } from 'node:path';
import { type Metric, metricNames, type Reid, reidNames } from '../generated/enums.js';
import type { Person, Track } from '../generated/results.js';
import { fields, list, number, oneOf, text } from '../validate.js';
import {
  type ModelFacts,
  Module,
  modelFacts,
  moduleName,
  type OnError,
  type Policy,
  policyRules,
  splitPolicy,
  type Under,
} from './module.js';

/** Options of {@link identify}. */
export interface IdentifyOptions<Of extends string = string, E extends OnError = OnError>
  extends Pick<Policy, 'onError' | 'maxBatch' | 'maxWaitMs' | 'workers'> {
  /** the tracker whose tracks are given identities */
  of: Of;
  /** embedding model: a name of `framepath models list`, or the path of an ONNX file */
  model: string;
  /** facts about the model that its file does not state */
  facts?: ModelFacts;
  /** `'conditional'` embeds ambiguous tracks and a few good crops of the others, `'always'` every crop; default `'conditional'` */
  reid?: Reid;
  /** how embeddings are compared; default: from the model's file; required if that has none (MODEL_SPEC_NEEDED) */
  metric?: Metric;
  /** same person below (l2) or above (cosine) this; default: from the model's file; required if that has none */
  threshold?: number;
  /** groups of source ids that show the same scene: one person may be in all of a group at once */
  sameScene?: string[][];
  /** path of identities saved by an earlier run (`run.bank()`) */
  bank?: string;
  onError?: E;
}

/** How embeddings are compared. @internal */
export const comparisonRules = { metric: oneOf(...metricNames), threshold: number(0, 100) };

/**
 * Identities of tracked people: `frame.people[i]` is `{ track, id, box, score }`, `id` absent until settled.
 * @example `identify('people', { of: 'tracks', model: 'face-recognition' })`
 * @throws INVALID_ARGUMENT; at start GRAPH_INVALID and the errors of models
 */
export function identify<const N extends string, const Of extends string, E extends OnError = 'fail'>(
  name: N,
  options: IdentifyOptions<Of, E>,
): Module<N, Under<E, Person[]>, { [K in Of]: Track[] | undefined }> {
  moduleName('name', name);
  const { onError, maxBatch, maxWaitMs, workers } = policyRules;
  fields('options', options, {
    of: text,
    model: text,
    facts: modelFacts,
    reid: oneOf(...reidNames),
    ...comparisonRules,
    sameScene: list(list(text, 2)),
    bank: text,
    onError,
    maxBatch,
    maxWaitMs,
    workers,
  });
  text('of', options.of);
  text('model', options.model);
  const { policy, rest } = splitPolicy(options);
  const { facts, model, bank, ...stated } = rest;
  const paths = bank === undefined ? {} : { bank: resolve(bank) };
  const spec = {
    kind: 'identify' as const,
    policy,
    ...stated,
    ...paths,
    reid: options.reid ?? ('conditional' as const),
  };
  return new Module(name, 'people', [options.of], { ...spec, of: options.of, model: { ref: model, ...facts } });
}
