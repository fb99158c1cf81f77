/** Models by name or path. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { loadAddon } from './addon.js';
import { didYouMean } from './did-you-mean.js';
import { FramepathError } from './errors.js';

/** The form of a model for CPUs with vectors of 16 floats, where the models folder has one beside the other. */
const wideForm = '.avx512.onnx';

/**
 * The file of a model: `blazeface` is a file of the models folder (its form for this CPU where there are several),
 * `./x.onnx` a path. `module` is who wants it. @throws MODEL_NOT_FOUND
 */
export function resolveModel(ref: string, modelsFolder: string, module?: string): { name: string; file: string } {
  const isName = /^[\w-]+$/.test(ref) && !existsSync(ref);
  const file = isName ? namedFile(ref, modelsFolder) : resolve(ref);
  if (existsSync(file) && statSync(file).isFile()) return { name: isName ? ref : basename(file), file };
  const what = isName
    ? `There is no model called '${ref}' in ${modelsFolder}${didYouMean(ref, namesIn(modelsFolder))}`
    : `There is no model file ${file}`;
  const hint = isName
    ? `List the names with: npx framepath models list. Make one that is not here yet with: npx framepath models add ${ref}`
    : 'Give the path of an ONNX file, or a name of: npx framepath models list';
  throw new FramepathError('MODEL_NOT_FOUND', what, { hint, module });
}

function namedFile(name: string, modelsFolder: string): string {
  const wide = join(modelsFolder, `${name}${wideForm}`);
  return existsSync(wide) && loadAddon().vectorFloats >= 16 ? wide : join(modelsFolder, `${name}.onnx`);
}

/** Names of the models that are there. */
function namesIn(modelsFolder: string): string[] {
  const files = existsSync(modelsFolder) ? readdirSync(modelsFolder) : [];
  return files.filter((file) => file.endsWith('.onnx') && !file.endsWith(wideForm)).map((file) => file.slice(0, -5));
}
