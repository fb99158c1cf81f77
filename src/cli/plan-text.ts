/** The plan of `framepath plan` as text. */
import { type Budget, type Limit, latencyModel } from '../budget/budget.js';
import { type Measured, trackedObjects } from '../budget/measure.js';
import type { Remedy } from '../budget/remedies.js';
import type { Workload } from '../budget/workload.js';
import { table } from './summary.js';

export interface Plan {
  workload: Workload;
  measured: Measured;
  picture: { width: number; height: number; from: string };
  budget: Budget;
  fits: boolean;
  capacity: { streams: number; limit: Limit | undefined };
  remedies: Remedy[];
}

const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
const ms = (value: number): string =>
  Number.isFinite(value) ? `${value.toFixed(value < 1 ? 3 : value < 100 ? 1 : 0)} ms` : 'unbounded';
const many = (n: number): string => `${n} stream${n === 1 ? '' : 's'}`;

function budgetTable({ stages, share }: Budget): string {
  const rows = stages.map((row) => [
    row.stage,
    ms(row.cpuMs),
    row.perSecond.toFixed(0),
    ms(row.cpuMsPerSecond),
    percent(row.share),
  ]);
  const sum = stages.reduce((total, { cpuMsPerSecond }) => total + cpuMsPerSecond, 0);
  const total = ['all', '', '', ms(sum), percent(share)];
  return table([['stage', 'CPU per picture', 'pictures/s', 'CPU per second', 'of the cores'], ...rows, total]);
}

function latencyLine({ latency: { serviceMs, heldMs, waitMs, totalMs } }: Budget, allowedMs: number): string {
  const parts = [`${ms(serviceMs)} of work`, ...(heldMs > 0 ? [`${ms(heldMs)} held back by the encoder`] : [])];
  if (!Number.isFinite(waitMs))
    return `latency: ${parts.join(' + ')}, and unbounded waiting: the cores do not keep up\n`;
  return `latency: ${[...parts, `${ms(waitMs)} of waiting`].join(' + ')} = ${ms(totalMs)} of ${ms(allowedMs)}\n`;
}

function limitLine({ streams, limit }: Plan['capacity']): string {
  if (!limit) return `${many(streams)} fit, and more.\n`;
  const { stage } = limit;
  const late = {
    work: `and ${stage} is the longest step`,
    held: 'held back by the encoder',
    waiting: `waiting for a core, and ${stage} takes the most of them`,
  };
  const reasons = {
    cores: `the cores are full, and ${stage} takes the most of them`,
    threads: `${stage} fills its own thread${stage === 'track' ? ', which all streams share' : ''}`,
    latency: `results come too late, ${late[limit.late ?? 'work']}`,
  };
  const fitting = streams === 0 ? 'Not one stream fits' : `At most ${many(streams)} fit${streams === 1 ? 's' : ''}`;
  return `${fitting}. Bottleneck: ${stage}, at ${many(limit.streams)}: ${reasons[limit.why]}.\n`;
}

function remedyLines({ remedies, fits: fit, capacity }: Plan): string {
  if (remedies.length === 0) {
    if (fit) return '';
    return capacity.streams > 0
      ? `Nothing that was tried makes it fit, except fewer streams: ${capacity.streams}.\n`
      : 'Nothing that was tried makes it fit.\n';
  }
  const head = fit ? 'Room for more streams comes from:\n' : 'What makes it fit:\n';
  const rows = remedies.map(({ change, share, latencyMs, streams }) => [
    `  ${change}`,
    `${percent(share)} of the cores`,
    ms(latencyMs),
    `up to ${many(streams)}`,
  ]);
  return head + table(rows);
}

export function planText(plan: Plan): string {
  const { workload, measured, picture, budget } = plan;
  const { cpu, cores, device } = measured.machine;
  const { streams, fps, latencyMs, detect, encode } = workload;
  const does = [
    'decode',
    ...(detect ? ['detect', `track ${trackedObjects} objects`] : []),
    ...(encode ? [`encode (${encode})`] : []),
  ];
  const from = picture.from === 'pattern' ? 'a moving pattern (--clip FILE for your own)' : picture.from;
  const disturbed = Math.round(measured.disturbed * 100);
  return [
    `${many(streams)} of ${picture.width}x${picture.height} at ${fps} pictures/s: ${does.join(', ')}\n`,
    `${cpu}, ${cores} cores, ${device}; measured on ${from}, ${measured.measuredAt.slice(0, 16).replace('T', ' ')} UTC\n`,
    ...(disturbed >= 15
      ? [
          `The machine was busy with other things ${disturbed} % of the time it was measured: --fresh when it is idle.\n`,
        ]
      : []),
    '\n',
    budgetTable(budget),
    '\n',
    latencyLine(budget, latencyMs),
    `  ${latencyModel}\n`,
    '\n',
    `throughput: ${budget.fitsThroughput ? 'fits' : 'DOES NOT FIT'}; latency: ${budget.fitsLatency ? 'fits' : 'DOES NOT FIT'}\n`,
    limitLine(plan.capacity),
    remedyLines(plan),
  ].join('');
}
