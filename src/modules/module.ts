/** What a module is to the pipeline: a name, its result for a frame, what it needs, how it runs. */

import { type OnError, onErrorNames } from '../generated/enums.js';
import { modelFactsRules as modelRules, policyRules } from '../generated/rules.js';
import type { ModelFacts, ModelFileSpec, ModuleSpec, Policy } from '../generated/specs.js';
import { anyOf, fields, oneOf, type Rule, text, unexpected } from '../validate.js';
import type { AnalyzerHost, AnalyzerPlace } from './analyzer.js';

export type { ModelFacts, OnError, Policy };

/** `undefined` is possible only where a failure is skipped. */
export type Under<E extends OnError, T> = E extends 'skip' ? T | undefined : T;

/** What a detector, tracker or classifier found is a list: a frame without an observation has an empty one. */
export type Shape = 'detections' | 'tracks' | 'people' | 'classes' | 'boxClasses' | 'tensors' | 'value';

/** A model by name or path, resolved when the run starts. */
export type UnresolvedSpec = ModuleSpec extends infer S
  ? S extends { model: ModelFileSpec }
    ? Omit<S, 'model' | 'name'> & { model: ModelFacts & { ref: string } }
    : Omit<S, 'name'>
  : never;

/**
 * A named analysis step for {@link Pipeline.use}; made by `detect`, `track`, `identify`, `classify`, `raw` or `analyzer`.
 * `Name` and `Value` become a property of every frame; `Needs` are the modules it depends on.
 */
export class Module<Name extends string = string, Value = unknown, Needs extends object = object> {
  /** Phantom: carries the types, never set. */
  declare readonly types?: { value: Value; needs: Needs };

  /** @internal */
  constructor(
    readonly name: Name,
    /** @internal */ readonly shape: Shape,
    /** @internal */ readonly depends: readonly string[],
    /** @internal */ readonly spec: UnresolvedSpec,
    /** @internal */ readonly host?: AnalyzerHost,
    /** @internal what becomes the host when a run starts */ readonly place?: AnalyzerPlace,
    /** @internal the level of configuration that decided an option, where it was not the call */
    readonly decidedBy: DecidedBy = {},
  ) {}

  /** The same module, but for these. @internal */
  with(change: {
    depends?: readonly string[];
    spec?: UnresolvedSpec;
    host?: AnalyzerHost | undefined;
    place?: AnalyzerPlace;
    decidedBy?: DecidedBy;
  }): Module {
    const { depends, spec, host, place, decidedBy } = { ...this, ...change };
    return new Module(this.name, this.shape, depends, spec, host, place, decidedBy);
  }
}

/** Whether a model is opened for it: of identities only where they are compared by their looks. @internal */
export const opensModel = (spec: UnresolvedSpec | ModuleSpec): boolean =>
  'model' in spec && !(spec.kind === 'identify' && spec.reid === 'off');

/** Option -> e.g. `framepath.config.mjs (production)`. @internal */
export type DecidedBy = Readonly<Record<string, string>>;

export { modelRules, policyRules };

/** Of modules that nothing can stand in for. @internal */
export const onErrorAlone = oneOf(...onErrorNames.filter((name) => name !== 'fallback'));

/** Facts of a model, where they are an option of their own. @internal */
export const modelFacts: Rule = (name, value) => fields(name, value, modelRules);

/** Splits the options of a module into policy and the rest. @internal */
export function splitPolicy<T extends Policy>(options: T): { policy: Policy; rest: Omit<T, keyof Policy> } {
  const policy: Record<string, unknown> = {};
  const rest: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options)) {
    if (value !== undefined) (key in policyRules ? policy : rest)[key] = value;
  }
  if (policy.onError === 'fallback' && policy.fallback === undefined) {
    throw unexpected("the name of a module, because onError is 'fallback',", 'fallback', undefined);
  }
  return { policy, rest: rest as Omit<T, keyof Policy> };
}

/** A module's name: an identifier that is not a property of every frame. @internal */
export const moduleName: Rule = anyOf('an identifier', (name, value) => {
  text(name, value);
  if (!/^[A-Za-z_$][\w$]*$/.test(value as string)) throw unexpected('an identifier', name, value);
});
