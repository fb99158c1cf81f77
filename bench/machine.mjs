// What the figures were measured on.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { loadAddon } from '../lib/addon.js';
import { runtimeLibraries } from '../lib/runtime-library.js';
import { root } from '../scripts/steps/shell.mjs';

/** The best instruction set that the kernels are compiled for and this CPU has (as the addon chooses). */
function isa() {
  const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1].split(' ') ?? [];
  const has = (...names) => names.every((name) => flags.includes(name));
  const best = has('avx512f', 'avx512bw', 'avx512vl', 'avx512dq') ? 'avx512' : has('avx2', 'fma') ? 'avx2' : 'baseline';
  return process.env.FRAMEPATH_ISA ?? best;
}

function distribution() {
  try {
    return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))[1];
  } catch {
    return process.platform;
  }
}

/** {machine, versions} of the result file. */
export async function machineFacts() {
  const findings = JSON.parse(await loadAddon().doctor(JSON.stringify({ runtimeLibraries: runtimeLibraries() })));
  const ffmpeg = spawnSync('ffmpeg', ['-version'], { encoding: 'utf8' }).stdout?.split(' ')[2];
  return {
    machine: {
      cpu: cpus()[0].model.trim(),
      cores: availableParallelism(),
      memoryBytes: totalmem(),
      isa: isa(),
      os: distribution(),
      kernel: release(),
    },
    versions: {
      framepath: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
      node: process.versions.node,
      libavcodec: findings.libav.libavcodec ?? null,
      ffmpeg: ffmpeg ?? null,
      onnxruntime: findings.runtime.version ?? null,
    },
  };
}
