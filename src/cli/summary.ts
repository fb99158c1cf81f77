/** The summary of `framepath run`: stages, people, outputs. */
import type { BitrateReport, Report, Timeline } from '../generated/results.js';
import { duration } from './progress-line.js';

/** Rows of cells as aligned text: the first column to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ');
  return `${rows.map((row) => line(row).trimEnd()).join('\n')}\n`;
}

const ms = (value: number) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));

/** One row a stage: count, wait and service times in milliseconds, share of the time at work. */
export function stageTable({ stages }: Pick<Report, 'stages'>): string {
  const head = ['stage', 'count', 'wait p50', 'p95', 'p99', 'service p50', 'p95', 'p99', 'busy %'];
  const rows = stages.map(({ name, count, waitMs, serviceMs, busy }) => [
    name,
    String(count),
    ...[waitMs.p50, waitMs.p95, waitMs.p99, serviceMs.p50, serviceMs.p95, serviceMs.p99].map(ms),
    (busy * 100).toFixed(0),
  ]);
  return table([head, ...rows]);
}

/** `People: 3` and a line for each. */
export function peopleFound({ identities }: Timeline): string {
  const lines = identities.map(({ id, frames, spans }) => {
    const sources = [...new Set(spans.map(({ source }) => source))].join(', ');
    return `  ${id}: ${frames} frames in source ${sources}`;
  });
  return `People found: ${identities.length}\n${lines.map((line) => `${line}\n`).join('')}`;
}

/** Frames and time, then drops, damage, failures and recoveries. */
export function sourceLines({ sources, wallMs, recoveries }: Report): string {
  const delivered = sources.reduce((sum, source) => sum + source.delivered, 0);
  const rate = wallMs > 0 ? ` (${((delivered * 1000) / wallMs).toFixed(0)} frames/s)` : '';
  const drops = sources.flatMap(({ id, dropped }) =>
    Object.entries(dropped)
      .filter(([, n]) => n > 0)
      .map(([cause, n]) => `  source ${id}: ${n} frames dropped (${cause})\n`),
  );
  const damaged = sources
    .filter(({ decodeErrors }) => decodeErrors > 0)
    .map(({ id, decodeErrors }) => `  source ${id}: ${decodeErrors} damaged or missing pictures left out\n`);
  const failed = sources.flatMap(({ id, error }) =>
    error ? [`  source ${id}: ${error.code}: ${error.message}\n`] : [],
  );
  const recovered = recoveries.map(({ where, what, reason }) => `  ${where}: ${what} (${reason})\n`);
  return `${delivered} frames in ${duration(wallMs)}${rate}\n${[...drops, ...damaged, ...failed, ...recovered].join('')}`;
}

const megabits = (bits: number) => (bits / 1e6).toFixed(2);

/** `2.31 Mbit/s`, and the range of an adaptive target. */
function rate({ mean, target, control }: BitrateReport): string {
  const followed =
    control === 'adaptive' && target ? `, target ${megabits(target.min)} to ${megabits(target.max)}` : '';
  return `${megabits(mean)} Mbit/s${followed}`;
}

/** Every file that was written. */
export function outputLines({ outputs }: Pick<Report, 'outputs'>, files: readonly string[]): string {
  const videos = outputs.map(
    ({ name, codec, frames, lost, bitrate, complete }) =>
      `  ${name} (${codec}, ${frames} frames, ${rate(bitrate)}${lost > 0 ? `, ${lost} lost` : ''}${complete ? '' : ', not complete'})\n`,
  );
  const all = [...videos, ...files.map((path) => `  ${path}\n`)];
  return all.length > 0 ? `Outputs:\n${all.join('')}` : '';
}
