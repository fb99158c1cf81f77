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

/** CPU milliseconds of an ffmpeg command. */
function ffmpegCpuMs(args) {
  const run = spawnSync('ffmpeg', ['-v', 'info', '-nostdin', '-benchmark', ...args], { encoding: 'utf8' });
  const times = /bench: utime=([\d.]+)s stime=([\d.]+)s/.exec(run.stderr ?? '');
  return times ? (Number(times[1]) + Number(times[2])) * 1000 : Number.NaN;
}

/**
 * What libavfilter's scale and hstack take of a canvas: the ffmpeg program decoding two clips with them, less the same
 * without; the middle of three pairs.
 */
function lavfiCompose({ left1080, right1080 }, frames) {
  const inputs = ['-threads', '1', '-i', left1080, '-threads', '1', '-i', right1080, '-frames:v', String(frames)];
  const single = ['-filter_threads', '1', '-filter_complex_threads', '1'];
  const halves = '[0:v]scale=960:1080:flags=bilinear[l];[1:v]scale=960:1080:flags=bilinear[r];[l][r]hstack';
  const rounds = [1, 2, 3].map(() => {
    const plain = ffmpegCpuMs([...inputs, '-map', '0:v', '-map', '1:v', '-f', 'null', '-']);
    return (ffmpegCpuMs([...single, ...inputs, '-filter_complex', halves, '-f', 'null', '-']) - plain) / frames;
  });
  return rounds.sort((a, b) => a - b)[1];
}

/** Letterbox and compose beside swscale, libavfilter and a memory copy. */
export function runSwscale(clips) {
  const result = measured('swscale_bench', ['--budget', '600']);
  if (result.skipped) return result;
  const ms = lavfiCompose(clips, 120);
  if (Number.isFinite(ms)) result.compose.push({ case: 'squeeze', contender: 'lavfi scale + hstack', isa: 'auto', ms });
  return result;
}
