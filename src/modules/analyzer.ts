/** Modules of your own: where an analyzer is used, and where it runs. */
import { fileURLToPath } from 'node:url';
import type { FrameBase } from '../frame.js';
import type { Served } from '../generated/results.js';
import { hostOptionsRules } from '../generated/rules.js';
import type { HostOptions } from '../generated/specs.js';
import type { CudaBlock } from '../native.js';
import { anyOf, fields, flag, integer, isA, oneOf, type Rule, text, unexpected } from '../validate.js';
import {
  type AnalyzerDefinition,
  checkDefinition,
  type Dependency,
  definitionRules,
  factsOf,
  type Observed,
} from './definition.js';
import type { InputOf, InputRequest, PackedInput } from './input.js';
import { Module, moduleName, type OnError, type Policy, policyRules, splitPolicy, type Under } from './module.js';
import type { SchemaInput, SchemaOutput, StandardSchema } from './schema.js';

/**
 * Where a module runs: on this thread, on one of its own, in a process of its own, or in a Python interpreter. `'auto'` is
 * `'inline'`, unless what it loads conflicts with what else is in this process; then a process of its own.
 */
export type Isolation =
  | 'inline'
  | 'thread'
  | 'process'
  | 'auto'
  | { /** folder of a venv, or an interpreter */ python: string };

/** How an analyzer is used: where, how often, and what happens when it fails. */
export interface AnalyzerUse<E extends OnError = OnError> extends Omit<Policy, 'workers'>, HostOptions {
  /** default: the name in its definition */
  name?: string;
  /** default `'inline'`; of a `.py` file `{ python: 'python3' }` */
  isolation?: Isolation;
  /** how many of it work at once; default 1, more only of a stateless one */
  instances?: number;
  /** what its `configure` is given; plain data */
  options?: unknown;
  /** folder that a relative path starts from, and where its process runs; default the working directory */
  root?: string;
  onError?: E;
}

/** An analyzer written where it is used. */
export interface AnalyzerOptions<
  N extends string,
  T,
  D extends readonly Dependency[],
  E extends OnError,
  I extends InputRequest | undefined = undefined,
  S = undefined,
  X extends StandardSchema | undefined = undefined,
> extends Omit<AnalyzerDefinition<N, T, D, I, S, X>, 'analyze'>,
    Omit<Policy, 'workers'> {
  /** whether it calls `frame.pixels` or `frame.jpeg`; the frame is held until it has answered; default false */
  pixels?: boolean;
  onError?: E;
  /** Called for each source's frames in order, one at a time. What it returns becomes `frame[name]`. */
  analyze(frame: FrameBase & InputOf<I>, deps: Observed<D>, state: Awaited<S>): T | Promise<T>;
}

/** A module of a run that JavaScript answers for. @internal */
export interface AnalyzerHost {
  readonly pixels: boolean;
  readonly input?: InputRequest;
  /** `main thread`, `thread`, `process`, or the Python interpreter */
  readonly where: string;
  /** dependencies that the configuration disables: they have no value */
  readonly disabled: readonly string[];
  /**
   * `packed` places the input of `frame`, in `cuda` if that is there; `served` is called with the host that answered.
   * Rejects with what it threw, a coded error, or OutOfReach.
   */
  analyze(
    frame: FrameBase,
    deps: Readonly<Record<string, unknown>>,
    packed: PackedInput | undefined,
    cuda: CudaBlock | undefined,
    served?: (by: Served) => void,
  ): unknown;
}

/** What has to be opened before a run: an analyzer, here or in a file. @internal */
export interface AnalyzerPlace {
  /** `file`: a path, or the name under which a package lists it; absolute when it is opened */
  readonly what: { definition: AnalyzerDefinition } | { file: string };
  readonly use: AnalyzerUse;
  /** the working directory when it was used */
  readonly from: string;
  /** names of modules in the configuration, and which of them this was taken for before it was loaded */
  readonly configured?: { as: string; names: ReadonlySet<string> };
}

type Of<F> =
  F extends AnalyzerDefinition<infer N, infer T, infer D, infer _I, infer _S, infer X>
    ? { name: N; value: X extends StandardSchema ? SchemaOutput<X> : Awaited<T>; needs: Observed<D> }
    : never;

/**
 * A module written in JavaScript, run inside this process. What `analyze` throws becomes MODULE_FAILED with the original
 * error as cause.
 * @example
 * ```ts
 * const faces = detect('faces', 'blazeface');
 * const crowd = analyzer({ name: 'crowd', depends: [faces], analyze: (frame, deps) => deps.faces.length > 5 });
 * ```
 * @throws INVALID_ARGUMENT; at start GRAPH_INVALID, MODULE_UNUSABLE; in the run MODULE_FAILED, MODULE_TIMEOUT
 */
export function analyzer<
  const N extends string,
  T,
  const D extends readonly Dependency[] = [],
  E extends OnError = 'fail',
  const I extends InputRequest | undefined = undefined,
  S = undefined,
>(options: AnalyzerOptions<N, T, D, E, I, S>, use?: AnalyzerUse<E>): Module<N, Under<E, Awaited<T>>, Observed<D>>;
export function analyzer<
  const N extends string,
  X extends StandardSchema,
  const D extends readonly Dependency[] = [],
  E extends OnError = 'fail',
  const I extends InputRequest | undefined = undefined,
  S = undefined,
>(
  options: AnalyzerOptions<N, SchemaInput<X>, D, E, I, S, X>,
  use?: AnalyzerUse<E>,
): Module<N, Under<E, SchemaOutput<X>>, Observed<D>>;
/**
 * The analyzer that a file exports, run in the place that `isolation` names. A JavaScript file exports what {@link defineAnalyzer} gives,
 * a Python file what `@analyzer` decorates; it is loaded at start.
 * @param file path (from the working directory, or `root`; it starts with `./`, `../` or `/`, or ends with `.js`, `.ts`, `.py`
 * and so on), `file:` URL, or the name under which a package lists it (`framepath modules`)
 * @example
 * ```ts
 * analyzer('./smile.js', { isolation: 'process', onError: 'skip' });
 * analyzer<typeof import('./smile.js').smile>('./smile.js'); // typed on the frame
 * analyzer('face.smile'); // out of a package
 * ```
 * @throws INVALID_ARGUMENT; at start GRAPH_INVALID, MODULE_UNUSABLE, MODULE_CONFLICT; in the run MODULE_FAILED, MODULE_TIMEOUT, MODULE_CRASHED
 */
export function analyzer<const N extends string, T = unknown, E extends OnError = 'fail'>(
  file: string | URL,
  use: AnalyzerUse<E> & { name: N },
): Module<N, Under<E, T>, object>;
export function analyzer<
  F extends { name: string; analyze(...given: never[]): unknown } = AnalyzerDefinition<never, unknown, readonly []>,
  E extends OnError = 'fail',
>(file: string | URL, use?: AnalyzerUse<E>): Module<Of<F>['name'], Under<E, Of<F>['value']>, Of<F>['needs']>;
export function analyzer(what: object | string | URL, use: AnalyzerUse = {}): Module {
  if (typeof what === 'string' || isA(URL, what)) return fromFile(what, use);
  fields('options', what, { ...definitionRules, ...useRules, pixels: flag });
  const { pixels, ...given } = what as AnalyzerOptions<string, unknown, [], OnError>;
  fields('use', use, useRules);
  const { definition, rest } = splitDefinition(given);
  checkDefinition(definition);
  const merged = { ...rest, ...use } as AnalyzerUse;
  checkIsolation(undefined, merged.isolation);
  const place = { what: { definition }, use: merged, from: process.cwd() };
  return placed(place, definition.name, pixels ?? false, factsOf(definition).depends);
}

function fromFile(file: string | URL, use: AnalyzerUse): Module {
  fields('use', use, useRules);
  if (typeof file === 'string') text('file', file);
  const path = isA(URL, file) || file.startsWith('file:') ? fileURLToPath(file) : file;
  checkIsolation(path, use.isolation);
  return placed({ what: { file: path }, use, from: process.cwd() }, use.name ?? '', false, []);
}

/** Whether an analyzer can run there; `file` is undefined for one that is no file. @throws INVALID_ARGUMENT @internal */
export function checkIsolation(file: string | undefined, isolation: Isolation | undefined): void {
  if (isolation === undefined || isolation === 'auto') return;
  if (file === undefined && isolation !== 'inline') {
    const expected = "'inline' of an analyzer that is no file (give the path of its file instead)";
    throw unexpected(expected, 'isolation', isolation);
  }
  if (file?.endsWith('.py') && typeof isolation === 'string')
    throw unexpected('{ python } of a Python file', 'isolation', isolation);
}

/** Where a file runs by default. @internal */
export const usualIsolation = (file: string): Isolation => (file.endsWith('.py') ? { python: 'python3' } : 'inline');

function placed(place: AnalyzerPlace, name: string, pixels: boolean, depends: readonly string[]): Module {
  splitPolicy(place.use); // options that exclude each other throw here
  const spec = { kind: 'js' as const, depends: [...depends], pixels };
  return new Module(place.use.name ?? name, 'value', depends, spec, undefined, place);
}

function splitDefinition(options: object): { definition: AnalyzerDefinition; rest: AnalyzerUse } {
  const entries = Object.entries(options);
  const part = (mine: boolean) => Object.fromEntries(entries.filter(([key]) => key in definitionRules === mine));
  return { definition: part(true) as unknown as AnalyzerDefinition, rest: part(false) };
}

const python: Rule = (name, value) => {
  fields(name, value, { python: text });
  text(`${name}.python`, (value as { python: unknown }).python);
};
const { workers: _, ...policy } = policyRules;

/** @internal */
export const useRules: Record<string, Rule> = {
  ...policy,
  name: moduleName,
  isolation: anyOf(
    "'inline', 'thread', 'process', 'auto' or { python }",
    oneOf('inline', 'thread', 'process', 'auto'),
    python,
  ),
  instances: integer(1, 64),
  options: () => undefined,
  root: text,
  ...hostOptionsRules,
};
