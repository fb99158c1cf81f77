// The machine and versions of a measurement.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { loadAddon } from '../lib/addon.js';
import { runtimeLibraries } from '../lib/runtime-library.js';
import { root } from '../scripts/steps/shell.mjs';

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
      isa: /(\w+)$/.exec(findings.devices.find(({ id }) => id === 'cpu').description)[1],
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
