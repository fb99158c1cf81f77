/** Prometheus' text format, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/). */
import type { Labels } from './families.js';
import type { Reading } from './watched.js';

export const contentType = 'text/plain; version=0.0.4; charset=utf-8';

/** One line of it: a histogram has several. */
export interface Line {
  name: string;
  labels: Labels;
  value: number;
}

export function linesOf({ name, samples }: Reading): Line[] {
  return samples.flatMap((sample): Line[] => {
    if ('value' in sample) return [{ name, labels: sample.labels, value: sample.value }];
    const { labels, sum, count, below } = sample;
    return [
      ...below.map(([bound, n]) => ({ name: `${name}_bucket`, labels: { ...labels, le: String(bound) }, value: n })),
      { name: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
      { name: `${name}_sum`, labels, value: sum },
      { name: `${name}_count`, labels, value: count },
    ];
  });
}

/** Metrics without samples are left out. */
export function exposition(readings: readonly Reading[]): string {
  let text = '';
  for (const reading of readings) {
    const lines = linesOf(reading);
    if (!lines.length) continue;
    text += `# HELP ${reading.name} ${escaped(reading.help)}\n# TYPE ${reading.name} ${reading.kind}\n`;
    for (const { name, labels, value } of lines) text += `${name}${braces(labels)} ${number(value)}\n`;
  }
  return text;
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

function braces(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value).replaceAll('"', '\\"')}"`);
  return parts.length ? `{${parts.join(',')}}` : '';
}

function number(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
