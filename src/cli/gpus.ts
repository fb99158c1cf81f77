/** How `framepath doctor` shows what NVML says. */
import type { GpuMetric } from '../generated/enums.js';
import type { GpuReport } from '../run/reports.js';

/** One GPU read once; a reading that is not given is `null`, with its reason in `missing`. */
export type GpuFound = Omit<GpuReport, GpuMetric | 'error' | 'samples'> &
  Record<GpuMetric, number | null> & {
    /** the device of ours that it is */
    device: string | null;
  };

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

/** A line a GPU, then what it does not say. */
export function gpuLines(gpus: readonly GpuFound[], unreadable: readonly string[]): string[] {
  const lines = gpus.flatMap((gpu) => {
    const values = readings.flatMap(([name, words]) => (gpu[name] === null ? [] : [words(gpu[name], gpu)]));
    const missing = Object.entries(gpu.missing).map(([name, reason]) => `    ${name} not read: ${reason}\n`);
    const device = gpu.device === null ? '' : `, ${gpu.device}`;
    return [`  ${gpu.name} (${gpu.pciBusId}, driver ${gpu.driver}${device}): ${values.join(', ')}\n`, ...missing];
  });
  return ['GPU readings:\n', ...lines, ...unreadable.map((reason) => `  not read: ${reason}\n`)];
}
