/** NVML's readings as lines of `framepath doctor`. */
import type { GpuMetric } from '../generated/enums.js';
import type { GpuFound } from '../generated/results.js';

const gibibytes = (bytes: number) => (bytes / 2 ** 30).toFixed(1);

const readings: [GpuMetric, (value: number, gpu: GpuFound) => string][] = [
  ['sm', (value) => `SM ${value} %`],
  ['memoryController', (value) => `memory controller ${value} %`],
  ['encoder', (value) => `NVENC ${value} %`],
  ['decoder', (value) => `NVDEC ${value} %`],
  ['memoryBytes', (value, { memoryTotalBytes }) => `memory ${gibibytes(value)} of ${gibibytes(memoryTotalBytes)} GiB`],
  ['temperatureC', (value) => `${value} °C`],
  ['powerW', (value) => `${value} W`],
];

/** A line for each GPU, then its missing readings. */
export function gpuLines(gpus: readonly GpuFound[], unreadable: readonly string[]): string[] {
  const lines = gpus.flatMap((gpu) => {
    const values = readings.flatMap(([name, format]) => (gpu[name] === null ? [] : [format(gpu[name], gpu)]));
    const missing = Object.entries(gpu.missing).map(([name, reason]) => `    ${name} not read: ${reason}\n`);
    const device = gpu.device === null ? '' : `, ${gpu.device}`;
    return [`  ${gpu.name} (${gpu.pciBusId}, driver ${gpu.driver}${device}): ${values.join(', ')}\n`, ...missing];
  });
  return ['GPU readings:\n', ...lines, ...unreadable.map((reason) => `  not read: ${reason}\n`)];
}
