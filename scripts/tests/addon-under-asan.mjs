// The addon itself under ASan and UBSan: Node with clang's runtime loaded before it, and tests of the API that call every
// function of the binding.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { addressOptions } from './programs.mjs';
import { vitestJob } from './vitest.mjs';

/** Clang's runtime as a library, or undefined: it goes with the clang that built the folder. */
function runtimeLibrary() {
  const arch = { x64: 'x86_64', arm64: 'aarch64' }[process.arch];
  const { stdout } = spawnSync('clang++-14', [`-print-file-name=libclang_rt.asan-${arch}.so`], { encoding: 'utf8' });
  const path = stdout?.trim();
  return path && existsSync(path) ? path : undefined;
}

const files = ['heads', 'pipeline', 'compose', 'faults', 'explain', 'trace', 'bench-stage'].map(
  (name) => `test/api/${name}.test.ts`,
);

export function addonUnderAsan(folder) {
  const library = runtimeLibrary();
  if (!library) {
    const output = 'skipped: the addon under ASan needs clang-14 and libclang-rt-14-dev\n';
    return { name: 'the addon under ASan', run: async () => ({ passed: 0, failed: 0, output }) };
  }
  return vitestJob('fast', {
    title: ' under ASan and UBSan',
    env: {
      ...addressOptions,
      // V8 frees nothing at exit: leaks are looked for in the native programs.
      ASAN_OPTIONS: 'detect_leaks=0:handle_segv=0:allocator_may_return_null=1',
      LD_PRELOAD: library,
      FRAMEPATH_ADDON: join(folder, 'Release/framepath.node'),
    },
    files,
  });
}
