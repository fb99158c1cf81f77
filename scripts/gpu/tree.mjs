// The folder that a pack restores:
//
//   app/      the package: lib, bench, scripts, models, the addon, test programs, onnxruntime-node with the CUDA provider
//   node/     Node.js
//   ffmpeg/   libav's libraries, x264, zlib
//   compat/   libstdc++ and libgcc, used where the machine's are older or missing
//   clips/
//   env.sh, suite, framepath
//
// It is compressed in parts (partOf), each for itself.
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { root, run, StepError } from '../steps/shell.mjs';
import { clipFiles } from './clips.mjs';
import { isElf, neededBy, ofGlibc } from './elf.mjs';
import { deviceTests } from './measure/steps.mjs';

/** Test programs that are worth running on a real GPU. */
export const testPrograms = ['conformance_test', ...deviceTests];

/** Below app, copied as they are. */
const ofPackage = ['package.json', 'LICENSE', 'lib', 'models', 'scripts', 'bench', 'python'];
/** Of that: results, native code and the peers' own packages, and models that somebody made besides those that come with the package. */
const leftOut =
  /__pycache__|^bench\/(results|native|peers\/node_modules)|^models\/(?!blazeface[^/]*\.onnx$|face-recognition\.onnx$|NOTICE$)./;

function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
  chmodSync(to, statSync(from).mode);
}

/** All files below a folder, as paths in it, sorted. */
export function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

/** The library of that soname that the linker would take. */
export function systemLibrary(soname) {
  const line = run('ldconfig', ['-p'])
    .split('\n')
    .find((text) => text.trim().startsWith(`${soname} `) && text.includes('x86-64'));
  if (!line) throw new StepError(`This machine has no ${soname}`);
  return line.split('=> ')[1].trim();
}

function application(folder, provider) {
  for (const name of ofPackage)
    cpSync(join(root, name), join(folder, name), {
      recursive: true,
      filter: (from) => !leftOut.test(relative(root, from)),
    });
  copy(join(root, 'build/Release/framepath.node'), join(folder, 'build/Release/framepath.node'));
  for (const name of testPrograms) copy(join(root, 'build', name), join(folder, 'build', name));
  const runtime = 'onnxruntime-node/bin/napi-v6/linux/x64';
  const packages = [
    'acorn',
    '@framepath/models/package.json',
    '@framepath/models/lib',
    '@bufbuild/protobuf/package.json',
    '@bufbuild/protobuf/dist/esm',
    'onnxruntime-node/package.json',
    'onnxruntime-node/dist',
    'onnxruntime-common/package.json',
  ];
  for (const name of packages)
    cpSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), { recursive: true });
  cpSync(
    join(root, 'node_modules/onnxruntime-common/dist/cjs'),
    join(folder, 'node_modules/onnxruntime-common/dist/cjs'),
    {
      recursive: true,
    },
  );
  cpSync(join(root, 'node_modules', runtime), join(folder, 'node_modules', runtime), { recursive: true });
  for (const [name, file] of Object.entries(provider)) copy(file, join(folder, 'node_modules', runtime, name));
}

/**
 * Makes the folder anew.
 * @param inputs {ffmpeg: folder, provider: {name: file}, clips: {name: file}}
 */
export function makeTree(folder, { ffmpeg, provider, clips }) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  application(join(folder, 'app'), provider);
  copy(process.execPath, join(folder, 'node/bin/node'));
  for (const name of readdirSync(ffmpeg)) copy(join(ffmpeg, name), join(folder, 'ffmpeg', name));
  for (const name of new Set(readdirSync(ffmpeg).flatMap((file) => neededBy(join(ffmpeg, file)))))
    if (!existsSync(join(ffmpeg, name)) && !ofGlibc.test(name)) copy(systemLibrary(name), join(folder, 'ffmpeg', name));
  for (const name of ['libstdc++.so.6', 'libgcc_s.so.1']) copy(systemLibrary(name), join(folder, 'compat', name));
  for (const [name, file] of Object.entries(clipFiles)) copy(clips[name], join(folder, 'clips', file));
  for (const name of ['env.sh', 'suite', 'framepath']) copy(join(root, 'scripts/gpu/launch', name), join(folder, name));
  for (const name of filesBelow(folder)) {
    const file = join(folder, name);
    // The provider stays as it is: stripping would move what was zeroed with care, and gains nothing.
    if (isElf(file) && !name.includes('providers_cuda')) run('strip', ['--strip-unneeded', file]);
  }
}

/** Part of a file in the tree: the provider, node and clips are parts of their own, all else is `base`. */
export function partOf(path) {
  if (path.includes('providers_cuda')) return 'provider';
  if (path.startsWith('node/')) return 'node';
  if (path.startsWith('clips/')) return `clip-${path.slice('clips/'.length).replace(/\W/g, '-')}`;
  return 'base';
}
