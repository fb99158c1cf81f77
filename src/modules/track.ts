import { type Association, associationNames } from '../generated/enums.js';
import type { Detection, Track } from '../results.js';
import { fields, number, oneOf, text } from '../validate.js';
import { Module, moduleName, type OnError, type Policy, policyRules, splitPolicy, type Under } from './module.js';

/** Options of {@link track}. */
export interface TrackOptions<Of extends string = string, E extends OnError = OnError> extends Pick<Policy, 'onError'> {
  /** the detector whose boxes are tracked */
  of: Of;
  /** `'bytetrack'` is the published algorithm to the letter; default `'standard'` */
  association?: Association;
  /** scores from here form the first association; default 0.5 */
  trackThreshold?: number;
  /** scores below this are ignored; default 0.1 */
  lowThreshold?: number;
  /** a new track needs this score; default 0.6 */
  newThreshold?: number;
  /** cost gate of the first association, 0 to 1; default 0.8 */
  matchGate?: number;
  /** a lost track is given up after this; default 1000 */
  bufferMs?: number;
  onError?: E;
}

/**
 * A motion tracker inside each source. Track ids never change once given.
 * @example `track('tracks', { of: 'faces' })`
 * @throws INVALID_ARGUMENT; at start GRAPH_INVALID
 */
export function track<const N extends string, const Of extends string, E extends OnError = 'fail'>(
  name: N,
  options: TrackOptions<Of, E>,
): Module<N, Under<E, Track[]>, { [K in Of]: Detection[] | undefined }> {
  moduleName('name', name);
  const part = number(0, 1);
  const thresholds = { trackThreshold: part, lowThreshold: part, newThreshold: part, matchGate: part };
  const association = oneOf(...associationNames);
  fields('options', options, {
    of: text,
    association,
    ...thresholds,
    bufferMs: number(0),
    onError: policyRules.onError,
  });
  text('of', options.of);
  const { policy, rest } = splitPolicy(options);
  return new Module(name, 'tracks', [options.of], { kind: 'track', policy, ...rest, of: options.of });
}
