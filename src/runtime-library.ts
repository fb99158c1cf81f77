/** Where ONNX Runtime may be: the list of files the native side tries in order. */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { folderOf, packageRoot } from './addon.js';

/**
 * Candidates, best first: the stated path alone, or the installed `onnxruntime-node` (which may have GPU providers), then the
 * package with the library for the CPU that comes with framepath, then the system's library.
 */
export function runtimeLibraries(stated: string | undefined): string[] {
  if (stated) return [stated];
  return [...packageLibraries(), ...ownLibraries(), 'libonnxruntime.so.1', 'libonnxruntime.so'];
}

/** Libraries of `onnxruntime-node`, as seen from the user's folder and from ours. */
function packageLibraries(): string[] {
  const found = new Set<string>();
  for (const from of [join(process.cwd(), 'package.json'), import.meta.url]) {
    try {
      const root = dirname(createRequire(from).resolve('onnxruntime-node/package.json'));
      for (const file of librariesBelow(join(root, 'bin'))) found.add(file);
    } catch {
      // not installed there
    }
  }
  return [...found];
}

function ownLibraries(): string[] {
  const folder = folderOf(`@framepath/onnxruntime-${process.platform}-${process.arch}`, packageRoot);
  return folder ? libraryFiles(folder) : [];
}

function librariesBelow(bin: string): string[] {
  return readdirSync(bin)
    .filter((abi) => abi.startsWith('napi-v'))
    .sort()
    .reverse()
    .map((abi) => join(bin, abi, process.platform, process.arch))
    .flatMap((folder) => libraryFiles(folder));
}

function libraryFiles(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => /^libonnxruntime\.(so(\.[\d.]+)?|dylib)$/.test(name));
    return names.sort((a, b) => a.length - b.length).map((name) => join(folder, name));
  } catch {
    return [];
  }
}
