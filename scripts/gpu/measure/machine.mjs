// What the figures were measured on.
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { root } from '../../steps/shell.mjs';

/** {gpu, driver, cpu, cores, memoryBytes, kernel, versions}; of the GPU what the environment step found, else null. */
export function machineOf(steps) {
  const native = steps.find(({ name }) => name === 'environment')?.result.doctor?.native;
  const gpus = native?.nvml?.gpus ?? [];
  const gpu = gpus.find(({ device }) => device) ?? gpus[0];
  const described = native?.devices?.find(({ id }) => id.startsWith('cuda'))?.description;
  return {
    gpu: gpu?.name ?? described ?? null,
    driver: gpu?.driver ?? null,
    cpu: cpus()[0].model.trim(),
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: release(),
    versions: {
      framepath: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
      node: process.versions.node,
      onnxruntime: native?.runtime?.version ?? null,
      libavcodec: native?.libav?.libavcodec ?? null,
    },
  };
}
