import type { Detection, Track } from '../generated/results.js';
import { trackValuesRules } from '../generated/rules.js';
import type { TrackValues } from '../generated/specs.js';
import { fields, text } from '../validate.js';
import { Module, moduleName, type OnError, type Policy, policyRules, splitPolicy, type Under } from './module.js';

/** Options of {@link track}. */
export interface TrackOptions<Of extends string = string, E extends OnError = OnError>
  extends TrackValues,
    Pick<Policy, 'onError'> {
  /** the detector whose boxes are tracked */
  of: Of;
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
  fields('options', options, { of: text, ...trackValuesRules, onError: policyRules.onError });
  text('of', options.of);
  const { policy, rest } = splitPolicy(options);
  return new Module(name, 'tracks', [options.of], { kind: 'track', policy, ...rest, of: options.of });
}
