/** How the packages of a platform are found and loaded, with small libraries of the same names. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const clone = join(import.meta.dirname, '..');
const platform = `${process.platform}-${process.arch}`;
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'framepath-packages-')));
const built = join(folder, 'built');
const libav = 'libframepath-av.so.61';

beforeAll(() => {
  mkdirSync(built);
  writeFileSync(
    join(built, 'libav.c'),
    'int av_which(void) { return WHICH; }\nvoid* napi_register_module_v1(void* env, void* exports) { return exports; }',
  );
  writeFileSync(
    join(built, 'addon.c'),
    `#include <node_api.h>
int av_which(void);
NAPI_MODULE_INIT() {
  napi_value which;
  napi_create_int32(env, av_which(), &which);
  napi_set_named_property(env, exports, "which", which);
  return exports;
}`,
  );
  const cc = (...args: string[]) => execFileSync('cc', ['-shared', '-fPIC', ...args], { cwd: built });
  for (const [name, which] of Object.entries({ lgpl: 1, gpl: 2, system: 3, hijacker: 9 })) {
    mkdirSync(join(built, name));
    cc(`-DWHICH=${which}`, '-Wl,-z,nodelete', `-Wl,-soname,${libav}`, 'libav.c', '-o', `${name}/${libav}`);
  }
  cc('-DWHICH=9', 'libav.c', '-o', 'libffmpeg.so');
  const { include_dir } = createRequire(import.meta.url)('node-api-headers') as { include_dir: string };
  cc(`-I${include_dir}`, 'addon.c', `lgpl/${libav}`, '-o', 'framepath.node');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A package with what of the loader's packages it has. */
function install(at: string, ...files: [from: string, to: string][]): string {
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, 'package.json'), '{}');
  for (const [from, to] of files) {
    mkdirSync(dirname(join(at, to)), { recursive: true });
    cpSync(join(built, from), join(at, to));
  }
  return at;
}
function installPackages(modules: string, ...bundles: string[]): void {
  const prebuilds = `prebuilds/${platform}`;
  install(
    join(modules, `@framepath/${platform}`),
    ['framepath.node', `${prebuilds}/framepath.node`],
    [`system/${libav}`, `${prebuilds}/system/${libav}`],
  );
  for (const name of bundles)
    install(join(modules, `@framepath/${name === 'gpl' ? 'av-gpl' : 'av'}-${platform}`), [`${name}/${libav}`, libav]);
}

/** Which libraries the addon of the package in `root` calls, or the error. */
function loaded(root: string, env: Record<string, string> = {}, inWorker = false): string {
  const load = `
    const { loadAddon } = await import(${JSON.stringify(join(clone, 'lib/addon.js'))});
    try { console.log(loadAddon(${JSON.stringify(root)}).which); }
    catch ({ code, message, hint }) { console.log(code, message, hint); }`;
  const worker = `import { Worker } from 'node:worker_threads';
    ${load}
    new Worker(${JSON.stringify(load)}, { eval: true, execArgv: ['--input-type=module'] });`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', inWorker ? worker : load], {
    encoding: 'utf8',
    cwd: folder,
    env: { PATH: process.env.PATH, ...env },
  });
  return stdout.trim() || stderr;
}

/** The package itself: what tells it from a copy in a bundle. */
function framepath(at: string): string {
  mkdirSync(join(at, 'scripts'), { recursive: true });
  writeFileSync(join(at, 'scripts/build.mjs'), '');
  return install(at);
}

/** A program's folder with `framepath`, and the packages beside it. */
function hoisted(name: string, ...bundles: string[]): string {
  const modules = join(folder, name, 'node_modules');
  installPackages(modules, ...bundles);
  return framepath(join(modules, 'framepath'));
}

test('hoisted, nested and linked packages are found', () => {
  expect(loaded(hoisted('hoisted', 'lgpl'))).toBe('1');

  const nested = framepath(join(folder, 'nested/node_modules/framepath'));
  installPackages(join(nested, 'node_modules'), 'lgpl');
  expect(loaded(nested)).toBe('1');

  // pnpm: each package in a folder of its own with links to those that it depends on.
  const store = join(folder, 'linked/node_modules/.pnpm');
  const linked = framepath(join(store, 'framepath@1/node_modules/framepath'));
  installPackages(join(store, 'others/node_modules'), 'lgpl');
  symlinkSync(join(store, 'others/node_modules/@framepath'), join(linked, '../@framepath'));
  expect(loaded(linked)).toBe('1');
});

test('the libraries with x264 come before those without, and FRAMEPATH_AV=system before both', () => {
  const root = hoisted('both', 'lgpl', 'gpl');
  expect(loaded(root)).toBe('2');
  expect(loaded(root, { FRAMEPATH_AV: 'system' })).toBe('3');
});

test('libraries beside a prebuilt addon are found, after those of packages', () => {
  const prebuilds = `prebuilds/${platform}`;
  const files: [from: string, to: string][] = [
    ['framepath.node', `${prebuilds}/framepath.node`],
    [`gpl/${libav}`, `${prebuilds}/${libav}`],
    [`system/${libav}`, `${prebuilds}/system/${libav}`],
  ];
  const root = framepath(install(join(folder, 'moved/framepath'), ...files));
  expect(loaded(root)).toBe('2');
  expect(loaded(root, { FRAMEPATH_AV: 'system' })).toBe('3');
  const env = { FRAMEPATH_ADDON: join(root, prebuilds, 'framepath.node') };
  expect(loaded(framepath(join(folder, 'other/framepath')), env)).toBe('2');
  expect(loaded(hoisted('before', 'lgpl'), env)).toBe('1');
});

test('another FFmpeg in the process takes no calls of the addon', () => {
  const root = hoisted('hijacked', 'lgpl');
  const env = { LD_PRELOAD: join(built, 'libffmpeg.so') };
  expect(loaded(root, env)).toBe('1');
  expect(loaded(root, { ...env, FRAMEPATH_DEEPBIND: 'off' })).toBe('9');
});

test('what is loaded again is the same addon, initialised once', () => {
  const root = hoisted('again', 'lgpl');
  const load = `
    const { loadAddon } = await import(${JSON.stringify(join(clone, 'lib/addon.js'))});
    console.log(loadAddon(${JSON.stringify(root)}) === loadAddon(${JSON.stringify(root)}));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', load], { encoding: 'utf8' });
  expect(stdout.trim() || stderr).toBe('true');
});

test('worker threads load them again', () => {
  expect(loaded(hoisted('worker', 'lgpl'), {}, true)).toBe('1\n1');
});

test('without the libraries the error has what was tried and the command that installs them', () => {
  const root = hoisted('without');
  const error = loaded(root);
  expect(error).toMatch(/^ADDON_MISSING /);
  expect(error).toContain(`Not installed: @framepath/av-${platform}`);
  expect(error).toContain(`${join(root, 'build/Release/framepath.node')}: not there`);
  expect(error).toMatch(/needs FFmpeg's libraries; none in @framepath\/av-linux-/);
  expect(error).toMatch(new RegExp(`npm install --no-save @framepath/av-${platform}@\\d+\\.\\d+\\.\\d+$`));
});

test("ONNX Runtime is that of onnxruntime-node, else of the platform's package, else the system's", () => {
  const app = join(folder, 'runtime');
  writeFileSync(join(built, 'libonnxruntime.so.1'), '');
  const name = `@framepath/onnxruntime-${platform}`;
  const own = install(join(app, 'node_modules', name), ['libonnxruntime.so.1', 'libonnxruntime.so.1']);
  const list = `import { runtimeLibraries } from ${JSON.stringify(join(clone, 'lib/runtime-library.js'))};
    console.log(JSON.stringify(runtimeLibraries(undefined)));`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', list], { encoding: 'utf8', cwd: app });
  const files = JSON.parse(stdout) as string[];
  expect(files[0]).toContain('onnxruntime-node'); // that of this repository
  expect(files.slice(-3)).toEqual([join(own, 'libonnxruntime.so.1'), 'libonnxruntime.so.1', 'libonnxruntime.so']);
});
