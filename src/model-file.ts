/** Models by name or path. */
import { existsSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { loadAddon } from './addon.js';
import { didYouMean } from './did-you-mean.js';
import { FramepathError } from './errors.js';
import { findOnDemand, onDemandModels } from './models/on-demand.js';
import { findModel, registry } from './models/registry.js';

/**
 * The file of a model: `blazeface` is a file of the models folder (its form for this CPU where there are several),
 * `./x.onnx` a path. `module` is who wants it. @throws MODEL_NOT_FOUND
 */
export function resolveModel(ref: string, modelsFolder: string, module?: string): { name: string; file: string } {
  const isName = /^[\w-]+$/.test(ref) && !existsSync(ref);
  const wide = isName && findModel(ref)?.avx512File;
  const here = wide && loadAddon().vectorFloats >= 16 && existsSync(join(modelsFolder, wide));
  const file = isName ? join(modelsFolder, here ? wide : `${ref}.onnx`) : resolve(ref);
  if (existsSync(file) && statSync(file).isFile()) return { name: isName ? ref : basename(file), file };
  const known = [...registry, ...onDemandModels].map(({ name }) => name);
  const what = isName
    ? `There is no model called '${ref}' in ${modelsFolder}${didYouMean(ref, known)}`
    : `There is no model file ${file}`;
  const hint = isName
    ? findOnDemand(ref)
      ? `Make it with: npx framepath models add ${ref}`
      : 'List the names with: npx framepath models list'
    : 'Give the path of an ONNX file, or a name of: npx framepath models list';
  throw new FramepathError('MODEL_NOT_FOUND', what, { hint, module });
}
