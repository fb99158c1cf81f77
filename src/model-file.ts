/** Models by name or path. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { loadAddon } from './addon.js';
import { didYouMean } from './did-you-mean.js';
import { FramepathError } from './errors.js';
import { userFolder } from './user-folder.js';

/** The form of a model for CPUs with vectors of 16 floats, where the models folder has one beside the other. */
const wideForm = '.avx512.onnx';

const packageModels = resolve(import.meta.dirname, '..', 'models');

/**
 * `$XDG_DATA_HOME` or `~/.local/share`, then `framepath/models`: what is added there outlives the package. That of the package
 * where there is neither.
 */
export function userModels(): string {
  const folder = userFolder('XDG_DATA_HOME', '.local/share');
  return folder ? join(folder, 'framepath/models') : packageModels;
}

/** The path of a model's file: in the models folder, else in that of the package; in the first when it is in neither. */
export function modelPath(file: string, modelsFolder: string): string {
  const inPackage = join(packageModels, file);
  const inFolder = join(modelsFolder, file);
  return !existsSync(inFolder) && existsSync(inPackage) ? inPackage : inFolder;
}

/**
 * The file of a model: `blazeface` is a file of the models folder or of the package's (its form for this CPU where there are
 * several), `./x.onnx` a path. `module` is who wants it. @throws MODEL_NOT_FOUND
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
  const file = modelPath(`${name}.onnx`, modelsFolder);
  const wide = file.replace(/\.onnx$/, wideForm);
  return existsSync(wide) && loadAddon().vectorFloats >= 16 ? wide : file;
}

/** Names of the models that are there. */
function namesIn(modelsFolder: string): string[] {
  const folders = [modelsFolder, packageModels].filter((folder) => existsSync(folder));
  const files = new Set(folders.flatMap((folder) => readdirSync(folder)));
  return [...files]
    .filter((file) => file.endsWith('.onnx') && !file.endsWith(wideForm))
    .map((file) => file.slice(0, -5));
}
