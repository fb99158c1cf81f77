// What a module asks for, read without running it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readElf } from '../src/conflicts/elf.js';
import { scanImports } from '../src/conflicts/imports.js';
import { nativePackages } from '../src/conflicts/native-packages.js';

const fresh = () => realpathSync(mkdtempSync(join(tmpdir(), 'framepath-imports-')));

/** Writes files; objects become JSON. */
function write(folder: string, files: Record<string, string | object>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  }
}

const packages = (...names: string[]) =>
  Object.fromEntries(names.map((name) => [`node_modules/${name}/package.json`, { name, version: '1.2.3' }]));

async function seen(folder: string, file = 'a.mjs') {
  const { packages: found, name, unseen } = await scanImports(join(folder, file));
  return { packages: [...found.values()].map((one) => `${one.name} ${one.version}`).sort(), name, unseen };
}

describe('the scan of imports', () => {
  test('follows imports, exports, import() and require through own files to packages', async () => {
    const folder = fresh();
    const all = ['static', 'named', 'star', 'dynamic', '@scope/deep', 'required', 'created', 'direct', 'template'];
    write(folder, {
      ...packages(...all, 'comment', 'text'),
      'a.mjs': `#!/usr/bin/env node
import x from 'static'; import './b.js'; import fs from 'node:fs'; import path from 'path'; import { analyzer } from 'framepath';
export { y } from 'named'; export * from 'star';
const late = () => import('dynamic'); const more = await import(\`template\`);
import '@scope/deep/part.js';
// import 'comment'
const words = "require('text')";`,
      'b.js': `import { createRequire } from 'node:module'; import './c.cjs';
const load = createRequire(import.meta.url); load('created'); createRequire(import.meta.url)('direct'); import './a.mjs';`,
      'c.cjs': `const { z } = require('required'); if (!z) return; require('./data'); with ({}) {}`,
      'data.json': '{}',
    });
    expect(await seen(folder)).toEqual({
      packages: all.map((name) => `${name} 1.2.3`).sort(),
      name: undefined,
      unseen: [],
    });
  });

  test('reads a file whose imports name no file of this machine, or one by a query', async () => {
    const folder = fresh();
    write(folder, {
      ...packages('inside'),
      'a.mjs': "import './b.mjs?v=1'; const never = () => import('file://elsewhere/x.js');",
      'b.mjs': "import 'inside';",
    });
    const { packages: found, unseen } = await seen(folder);
    expect(found).toEqual(['inside 1.2.3']);
    expect(unseen).toEqual([expect.stringContaining('file://elsewhere/x.js')]);
  });

  test('lists imports that it cannot follow', async () => {
    const folder = fresh();
    write(folder, {
      'a.mjs': `import './gone.js'; import 'not-there';
const name = 'x';
await import(name);
require(name); process.dlopen(module, name); import './broken.js'; import './typed.ts';`,
      'broken.js': 'const = 1;',
      'typed.ts': 'enum Kind { A }',
    });
    const { unseen } = await seen(folder);
    expect(unseen).toHaveLength(7);
    const all = unseen.join('\n');
    for (const output of [
      `'./gone.js' of ${folder}/a.mjs, which is not there`,
      `'not-there' of ${folder}/a.mjs, which is not installed`,
      `import() with a name that is computed (${folder}/a.mjs:3)`,
      `require() with a name that is computed (${folder}/a.mjs:4)`,
      `dlopen() (${folder}/a.mjs:4)`,
      `${folder}/broken.js: Unexpected token`,
      `${folder}/typed.ts: `,
    ])
      expect(all).toContain(output);
    expect((await seen(folder, 'nothing.mjs')).unseen[0]).toContain('ENOENT');
  });

  test('finds packages where Node finds them: nearest first, through links', async () => {
    const folder = fresh();
    write(folder, {
      'app/a.mjs': "import 'linked'; import 'near'; import 'far';",
      ...packages('far', 'near'),
      'app/node_modules/near/package.json': { name: 'near', version: '9.0.0' },
      'store/linked@5/package.json': { name: 'linked', version: '5.0.0' },
    });
    symlinkSync(join(folder, 'store/linked@5'), join(folder, 'app/node_modules/linked'));
    const { packages: found } = await scanImports(join(folder, 'app/a.mjs'));
    expect([...found.values()].map(({ folder: at }) => at)).toEqual(
      ['node_modules/far', 'app/node_modules/near', 'store/linked@5'].map((at) => join(folder, at)),
    );
  });

  test('takes a package of its own whose native file it loads', async () => {
    const folder = fresh();
    write(folder, {
      'package.json': { name: 'own', version: '3.0.0' },
      ...packages('bindings'),
      'a.mjs': "import './b.cjs';",
      'b.cjs': "module.exports = require('bindings')('own');",
      'c.cjs': "module.exports = require('./build/own.node');",
      'build/own.node': '',
    });
    expect((await seen(folder)).packages).toEqual(['bindings 1.2.3', 'own 3.0.0']);
    expect((await seen(folder, 'c.cjs')).packages).toEqual(['own 3.0.0']);
  });

  test('reads the name of the analyzer, where it is written', async () => {
    const folder = fresh();
    write(folder, {
      'a.mjs':
        "export const x = defineAnalyzer({ name: 'smile', input: { name: 'no' }, analyze() { return { name: 'no' }; } });",
      'b.mjs': "export { x } from './a.mjs';",
      'c.mjs': "const name = 'smile'; export const x = { name, analyze: () => 1 };",
      'd.mjs': "export const x = { name: 'one', analyze }; export const y = { name: 'two', analyze };",
    });
    const names = await Promise.all(
      ['a.mjs', 'b.mjs', 'c.mjs', 'd.mjs'].map(async (file) => (await seen(folder, file)).name),
    );
    expect(names).toEqual(['smile', 'smile', undefined, undefined]);
  });
});

describe('native packages', () => {
  test('are found behind dependencies, optional ones and peers, without other machines and nested packages', async () => {
    const folder = fresh();
    const addon = readFileSync('build/Release/framepath.node');
    write(folder, {
      'a.mjs': "import 'top';",
      'node_modules/top/package.json': {
        name: 'top',
        version: '1.0.0',
        dependencies: { plain: '1', unbuilt: '1' },
        optionalDependencies: { '@top/linux': '1', '@top/windows': '1', absent: '1' },
        peerDependencies: { top: '1', framepath: '1' },
      },
      'node_modules/plain/package.json': { name: 'plain', version: '1.0.0' },
      'node_modules/unbuilt/package.json': { name: 'unbuilt', version: '1.0.0' },
      'node_modules/unbuilt/binding.gyp': '{}',
      'node_modules/@top/linux/package.json': { name: '@top/linux', version: '1.0.1' },
      'node_modules/@top/windows/package.json': { name: '@top/windows', version: '1.0.0' },
      'node_modules/@top/windows/top.node': 'MZ',
    });
    writeFileSync(join(folder, 'node_modules/@top/linux/top.node'), addon);
    const { packages: found } = await scanImports(join(folder, 'a.mjs'));
    const native = [...nativePackages(found.values()).values()];
    expect(native.map(({ name, version, files }) => [name, version, files.length])).toEqual([
      ['@top/linux', '1.0.1', 1],
      ['unbuilt', '1.0.0', 0],
    ]);
    expect(native[0]!.files[0]!.needed.some((name) => name.startsWith('libavcodec.so'))).toBe(true);
  });
});

describe('the reader of ELF files', () => {
  const runtime = `node_modules/onnxruntime-node/bin/napi-v6/linux/${process.arch}/libonnxruntime.so.1`;

  test.each([runtime, 'build/Release/framepath.node', process.execPath])('agrees with readelf on %s', (file) => {
    const output = execFileSync('readelf', ['-d', '-W', file], { encoding: 'utf8' });
    const all = (kind: string) =>
      [...output.matchAll(new RegExp(`\\(${kind}\\).*\\[(.+)\\]`, 'g'))].map(([, name]) => name);
    const elf = readElf(file)!;
    expect(elf.needed).toEqual(all('NEEDED'));
    expect(elf.soname).toBe(all('SONAME')[0]);
    const versions = execFileSync('readelf', ['-V', '-W', file], { encoding: 'utf8', maxBuffer: 1 << 27 });
    const defined = /Version definition section[\s\S]*?(?=\nVersion|$)/.exec(versions)?.[0] ?? '';
    const names = [...defined.matchAll(/Flags: none.*Name: (\S+)/g)].map(([, name]) => name);
    expect(elf.versions).toEqual(names);
  });

  test('takes nothing else, and no damaged one, for a library', () => {
    const path = join(fresh(), 'damaged');
    const whole = readFileSync(runtime).subarray(0, 1 << 20);
    for (const bytes of [Buffer.alloc(0), Buffer.from('\x7fELF'), Buffer.alloc(64), Buffer.from('MZ'.repeat(99))]) {
      writeFileSync(path, bytes);
      expect(readElf(path)).toBeUndefined();
    }
    let state = 7;
    const random = (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let i = 0; i < 200; i++) {
      const bytes = Buffer.from(whole.subarray(0, i % 2 ? random(4096) : 4096));
      for (let flips = 0; flips < 8 && bytes.length > 0; flips++)
        bytes[random(Math.min(bytes.length, 1024))] = random(256);
      writeFileSync(path, bytes);
      const elf = readElf(path); // whatever it is: no exception, no hang
      if (elf) expect(elf.needed.length).toBeLessThan(10_000);
    }
  });
});
