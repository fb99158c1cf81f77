/** Packages with native code that tests make: two versions of one that cannot share a process, and others that look like it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './clips.js';

const cc = (...args: string[]) => execFileSync('cc', ['-shared', '-fPIC', ...args], { stdio: 'pipe' });

/** A library called `soname`, in `folder`, whose one function returns `version`; its symbols have `symbols` as their version. */
export function library(folder: string, soname: string, version: string, symbols?: string): string {
  mkdirSync(folder, { recursive: true });
  const [source, path] = [join(folder, 'thing.c'), join(folder, soname)];
  writeFileSync(source, `const char* thing_version(void) { return "${version}"; }\n`);
  const script = join(folder, 'thing.map');
  writeFileSync(script, `${symbols} { global: thing_version; };\n`);
  cc(source, '-o', path, `-Wl,-soname,${soname}`, ...(symbols ? [`-Wl,--version-script=${script}`] : []));
  return path;
}

const addonSource = `#include <node_api.h>
const char* thing_version(void);
static napi_value version(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value text;
  napi_create_string_utf8(env, thing_version(), NAPI_AUTO_LENGTH, &text);
  return text;
}
NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "version", NAPI_AUTO_LENGTH, version, NULL, &function);
  napi_set_named_property(env, exports, "version", function);
  return exports;
}
`;

/**
 * A package in `folder`/node_modules: its addon asks the library \`soname\` beside it which version that is. Two of them in
 * one process get one library, as the system's loader knows it by its soname alone.
 */
export function nativePackage(folder: string, name: string, version: string, soname = 'libthing.so.1'): string {
  const package_ = join(folder, 'node_modules', name);
  const thing = library(package_, soname, version, soname.startsWith('libonnxruntime') ? `VERS_${version}` : undefined);
  const source = join(package_, 'addon.c');
  writeFileSync(source, addonSource);
  const headers = join(root, 'node_modules/node-api-headers/include');
  cc(source, thing, '-I', headers, '-o', join(package_, 'addon.node'), '-Wl,-rpath,$ORIGIN');
  writeFileSync(join(package_, 'package.json'), JSON.stringify({ name, version, main: 'index.js' }));
  writeFileSync(join(package_, 'index.js'), "module.exports = require('./addon.node');\n");
  return package_;
}

/** An analyzer that returns the version of `of` that it loaded. It leaves a mark in `globalThis` where it is loaded. */
export function versionAnalyzer(folder: string, name: string, of: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.mjs`);
  writeFileSync(
    file,
    `import native from '${of}';
(globalThis.loaded ??= []).push('${name}');
export const ${name} = { name: '${name}', stateless: true, analyze: () => native.version() };
`,
  );
  return file;
}
