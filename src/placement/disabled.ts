/** Effect of a disabled module on the others: it returns no value, and modules that need its boxes are disabled too. */
import { boxesOf } from '../modules/input.js';
import type { Module, UnresolvedSpec } from '../modules/module.js';

/** Splits a graph by `disabled` (name -> reason): the modules that stay, and all that do not, with reasons. */
export function withoutDisabled(
  modules: readonly Module[],
  disabled: ReadonlyMap<string, string>,
): { modules: Module[]; disabled: Map<string, string> } {
  const gone = new Map(disabled);
  if (gone.size === 0) return { modules: [...modules], disabled: gone };
  let stays = [...modules];
  for (let before = -1; before !== gone.size; ) {
    before = gone.size;
    for (const { name, spec, host } of stays) {
      const boxes = (host?.input && boxesOf(host.input)) ?? ('of' in spec ? spec.of : undefined);
      if (boxes !== undefined && gone.has(boxes)) gone.set(name, `it needs the boxes of '${boxes}'`);
    }
    stays = stays.filter(({ name }) => !gone.has(name));
  }
  return { modules: stays.map((module) => withoutDependencies(module, gone)), disabled: gone };
}

/** Removes disabled modules from the dependencies and the fallback of a module. */
function withoutDependencies(module: Module, gone: ReadonlyMap<string, string>): Module {
  const missing = module.depends.filter((name) => gone.has(name));
  const { policy } = module.spec;
  const noFallback = policy?.fallback !== undefined && gone.has(policy.fallback);
  if (missing.length === 0 && !noFallback) return module;
  const depends = module.depends.filter((name) => !gone.has(name));
  const { fallback: _, ...rest } = policy ?? {};
  const spec = {
    ...module.spec,
    ...(module.spec.kind === 'js' && { depends }),
    ...(noFallback && { policy: { ...rest, ...(rest.onError === 'fallback' && { onError: 'skip' }) } }),
  } as UnresolvedSpec;
  const host = module.host && { ...module.host, disabled: missing };
  return module.with({ depends, spec, host });
}
