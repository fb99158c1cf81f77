/** What is published: its binaries, licences, names and texts, as far as they can be seen without building it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { searchPaths } from '../scripts/bundle/toolchain.mjs';
import { hasProgram } from '../scripts/steps/shell.mjs';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'framepath-release-'));
afterAll(() => rmSync(folder, { recursive: true }));

const cc = (...args: string[]) =>
  execFileSync('cc', ['-shared', '-fPIC', '-x', 'c', '/dev/null', ...args], { cwd: folder });

describe('a published binary looks for libraries in no folder of the machine that built it', () => {
  test('one that does is found', () => {
    for (const [name, ...args] of [
      ['none.so'],
      ['runpath.so', '-Wl,-rpath,/root/cache', '-Wl,--enable-new-dtags'],
      ['rpath.so', '-Wl,-rpath,/a:/b', '-Wl,--disable-new-dtags'],
    ] as const)
      cc(...args, '-o', name);
    expect(searchPaths(join(folder, 'none.so'))).toEqual([]);
    expect(searchPaths(join(folder, 'runpath.so'))).toEqual(['/root/cache']);
    expect(searchPaths(join(folder, 'rpath.so'))).toEqual(['/a:/b']);
  });

  test.runIf(hasProgram('ninja'))('the build with a bundle of libraries makes none', () => {
    const bundle = join(folder, 'bundle');
    mkdirSync(join(bundle, 'include'), { recursive: true });
    cc('-o', join(bundle, 'libframepath-av.so.61'));
    const build = join(folder, 'build');
    const anywhere = ['ONNXRUNTIME_INCLUDE', 'CMAKE_JS_INC', 'NODE_ADDON_API_INC'].map((name) => `-D${name}=${folder}`);
    execFileSync('cmake', ['-S', root, '-B', build, '-G', 'Ninja', `-DFRAMEPATH_AV=${bundle}`, ...anywhere], {
      stdio: 'pipe',
    });
    const rules = readFileSync(join(build, 'build.ninja'), 'utf8');
    expect(rules).toContain(join(bundle, 'libframepath-av.so.61'));
    expect(rules.match(/-rpath\S*/g)).toBeNull();
  });
});
