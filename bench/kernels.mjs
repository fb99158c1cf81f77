// The kernels, by the conformance program (there where the native tests are built): GB/s and the ratio to a copy.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../scripts/steps/shell.mjs';

/** Runs a native program that writes JSON to the file named by its last argument; {skipped} when it is not built. */
function measured(name, args) {
  const program = join(root, 'build', name);
  if (!existsSync(program)) return { skipped: `${name} is built with the project's tests only` };
  const folder = mkdtempSync(join(tmpdir(), 'framepath-bench-'));
  try {
    const file = join(folder, 'out.json');
    const run = spawnSync(program, [...args, '--json', file], { encoding: 'utf8', timeout: 180_000 });
    if (run.status !== 0) return { skipped: `${name} failed: ${run.stdout}${run.stderr}`.trimEnd() };
    return JSON.parse(readFileSync(file, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Rows of every kernel, case and instruction set. */
export function runKernels() {
  return measured('conformance_test', ['--perf']);
}

/** Letterbox and compose beside swscale and a memory copy. */
export function runSwscale() {
  return measured('swscale_bench', []);
}
