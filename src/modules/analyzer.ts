/** Modules written in JavaScript. */
import type { FrameBase } from '../frame.js';
import { callable, fields, flag, list, unexpected } from '../validate.js';
import { Module, moduleName, type OnError, type Policy, policyRules, splitPolicy, type Under } from './module.js';

/** A dependency of an analyzer: a module (typed), or its name. */
export type Dependency = string | Module<string, unknown, object>;

/** What an analyzer is given: the value of each dependency by name; `unknown` for those given by name only. */
export type Observed<D extends readonly Dependency[]> = {
  readonly [K in D[number] as NameOf<K>]: K extends Module<string, infer V, object> ? V : unknown;
};

type NameOf<K> = K extends string ? K : K extends Module<infer N, unknown, object> ? N : never;

/** Options of {@link analyzer}. */
export interface AnalyzerOptions<N extends string, T, D extends readonly Dependency[], E extends OnError>
  extends Policy {
  name: N;
  /** modules whose values it reads, as modules or by name; default none */
  depends?: D;
  /** whether it reads pixels (`frame.pixels`, `frame.jpeg`); the frame is held until it has answered; default false */
  pixels?: boolean;
  onError?: E;
  /** Called for each source's frames in order, one at a time. What it returns becomes `frame[name]`. */
  analyze(frame: FrameBase, deps: Observed<D>): T | Promise<T>;
}

/** @internal */
export interface AnalyzerHost {
  readonly pixels: boolean;
  readonly stride: number;
  analyze(frame: FrameBase, deps: Readonly<Record<string, unknown>>): unknown;
}

/**
 * A module written in JavaScript, run inside this process. What `analyze` throws becomes MODULE_FAILED with the original
 * error as cause.
 * @example
 * ```ts
 * const faces = detect('faces', 'blazeface');
 * const crowd = analyzer({ name: 'crowd', depends: [faces], analyze: (frame, deps) => deps.faces.length > 5 });
 * ```
 * @throws INVALID_ARGUMENT; at start GRAPH_INVALID; in the run MODULE_FAILED, MODULE_TIMEOUT
 */
export function analyzer<
  const N extends string,
  T,
  const D extends readonly Dependency[] = [],
  E extends OnError = 'fail',
>(options: AnalyzerOptions<N, T, D, E>): Module<N, Under<E, Awaited<T>>, Observed<D>> {
  const dependency = (label: string, value: unknown) => {
    if (!(value instanceof Module)) moduleName(label, value);
  };
  fields('options', options, {
    name: moduleName,
    depends: list(dependency),
    pixels: flag,
    analyze: callable,
    ...policyRules,
  });
  moduleName('name', options.name);
  if (typeof options.analyze !== 'function') throw unexpected('a function', 'analyze', options.analyze);
  const { policy, rest } = splitPolicy(options);
  const depends = (rest.depends ?? []).map((d) => (typeof d === 'string' ? d : d.name));
  const pixels = rest.pixels ?? false;
  const analyze = (frame: FrameBase, deps: Readonly<Record<string, unknown>>) =>
    options.analyze(frame, deps as Observed<D>);
  const host = { pixels, stride: policy.stride ?? 1, analyze };
  return new Module(options.name, 'value', depends, { kind: 'js', policy, depends, pixels }, host);
}
