/** What an analyzer is, wherever it runs. */
import type { FrameBase } from '../frame.js';
import type { DefinitionFacts } from '../generated/messages.js';
import { callable, fields, flag, isA, list, unexpected } from '../validate.js';
import { checkInput, type InputOf, type InputRequest } from './input.js';
import { Module, moduleName } from './module.js';
import { type SchemaInput, type StandardSchema, schemaRule } from './schema.js';

/** A dependency of an analyzer: a module (typed), or its name. */
export type Dependency = string | Module<string, unknown, object>;

/** What an analyzer is given: the value of each dependency by name; `unknown` for those given by name only. */
export type Observed<D extends readonly Dependency[]> = {
  readonly [K in D[number] as NameOf<K>]: K extends Module<string, infer V, object> ? V : unknown;
};

type NameOf<K> = K extends string ? K : K extends Module<infer N, unknown, object> ? N : never;

/** Facts of the frame that is looked at, the same in every isolation. */
export type FrameFacts = Pick<FrameBase, 'source' | 'index' | 'timeMs' | 'width' | 'height'>;

/** An analyzer: `analyze(frame, deps)` and what it needs. */
export interface AnalyzerDefinition<
  N extends string = string,
  T = unknown,
  D extends readonly Dependency[] = readonly Dependency[],
  I extends InputRequest | undefined = InputRequest | undefined,
  S = unknown,
  X extends StandardSchema | undefined = StandardSchema | undefined,
> {
  /** its name where the pipeline does not give it another */
  name: N;
  /** modules whose values it reads, as modules or by name; default none */
  depends?: D;
  /** the pixels it looks at, as `frame.input`; default none */
  input?: I;
  /**
   * Whether it keeps nothing between frames. Then frames may come in any order, several at once (`instances`), and again
   * after a failure (`retry`). Default false: each source's frames in order, one at a time.
   */
  stateless?: boolean;
  /**
   * What its value must be: a Standard Schema (zod, valibot, arktype). It is checked beside `analyze`, and what the schema
   * makes of it becomes `frame[name]`. A value that does not fit fails the frame: MODULE_FAILED, then the policy of its use.
   */
  schema?: X;
  /** Called once before the first frame, with the `options` of its use; what it returns is the `state` of the others. */
  // biome-ignore lint/suspicious/noExplicitAny: options are whatever the author and the user agree on
  configure?(options: any): S | Promise<S>;
  /** What it returns becomes `frame[name]`: plain data, where it runs in a thread, a process or Python. */
  analyze(frame: FrameFacts & InputOf<I>, deps: Observed<D>, state: Awaited<S>): T | Promise<T>;
  /** Called once after the last frame. */
  close?(state: Awaited<S>): void | Promise<void>;
}

/**
 * An analyzer in a file of its own: export it, and use it by the path of the file, wherever it should run.
 * @example
 * ```ts
 * // brightness.js
 * export const brightness = defineAnalyzer({
 *   name: 'brightness',
 *   input: { width: 64, format: 'gray8' },
 *   analyze: ({ input }) => input.data.reduce((sum, value) => sum + value, 0) / input.data.length,
 * });
 * // the pipeline
 * pipeline(video('a.mp4')).use(analyzer('./brightness.js', { isolation: 'thread' }));
 * ```
 * @throws INVALID_ARGUMENT
 */
export function defineAnalyzer<
  const N extends string,
  T,
  const D extends readonly Dependency[] = [],
  const I extends InputRequest | undefined = undefined,
  S = undefined,
>(definition: AnalyzerDefinition<N, T, D, I, S, undefined>): AnalyzerDefinition<N, T, D, I, S, undefined>;
export function defineAnalyzer<
  const N extends string,
  X extends StandardSchema,
  const D extends readonly Dependency[] = [],
  const I extends InputRequest | undefined = undefined,
  S = undefined,
>(definition: AnalyzerDefinition<N, SchemaInput<X>, D, I, S, X>): AnalyzerDefinition<N, SchemaInput<X>, D, I, S, X>;
export function defineAnalyzer(definition: unknown): unknown {
  checkDefinition(definition);
  return definition;
}

/** @internal */
export const definitionRules = {
  name: moduleName,
  depends: list((label, value) => {
    if (!isA(Module, value)) moduleName(label, value);
  }),
  input: checkInput,
  stateless: flag,
  schema: schemaRule,
  configure: callable,
  analyze: callable,
  close: callable,
};

/** @internal */
export function checkDefinition(definition: unknown): asserts definition is AnalyzerDefinition {
  fields('options', definition, definitionRules);
  const { name, analyze } = definition as AnalyzerDefinition;
  moduleName('name', name);
  if (typeof analyze !== 'function') throw unexpected('a function', 'analyze', analyze);
}

/** Facts that another process gave. @throws INVALID_ARGUMENT @internal */
export function checkFacts(facts: DefinitionFacts): void {
  const { name, depends, input, stateless } = definitionRules;
  fields('definition', facts, { name, depends, input, stateless });
  moduleName('name', facts.name);
}

/** @internal */
export function factsOf(definition: AnalyzerDefinition): DefinitionFacts {
  const { name, depends = [], input, stateless = false } = definition;
  const names = depends.map((d) => (typeof d === 'string' ? d : d.name));
  return { name, depends: names, stateless, ...(input && { input }) };
}
