/** `framepath plan`: whether this machine can process a number of streams, the cost of each stage, and possible remedies. */
import { resolve } from 'node:path';
import { type Budget, budgetOf, capacityOf, fits, type Limit, latencyModel } from '../budget/budget.js';
import { type Measured, type MeasureOptions, measureCosts, trackedObjects } from '../budget/measure.js';
import { type Remedy, remediesFor } from '../budget/remedies.js';
import { type Costs, type Profile, profiles, type Workload } from '../budget/workload.js';
import { loadSettings } from '../config.js';
import { resolveModel } from '../model-file.js';
import { probe } from '../probe.js';
import { checkStatedRuntime } from '../providers/stated-runtime.js';
import { runtimeLibraries } from '../runtime-library.js';
import { type Command, choice, json, readArguments, UsageError, wholeNumber } from './command.js';
import { table } from './summary.js';
import type { Terminal } from './terminal.js';

const usage = `Usage: framepath plan --streams N --fps F --latency MS [options]

Whether this machine can process N live streams of F pictures a second, with each result (each packet with --encode)
within MS milliseconds; which stage is the bottleneck, and possible remedies. Each stage is measured alone on this
machine, once.

  --height H                pictures of 16:9 and this height (720)
  --detect blazeface|path|none
                            detector, with a tracker behind it (blazeface)
  --encode PROFILE|none     realtime, streaming, balanced, quality or archival: H.264, a canvas for each stream (none)
  --clip FILE               measure on this clip instead of a rendered pattern; its height counts
  --fresh                   measure again
  --json                    print the plan as JSON

Exit status 0 when it fits, 1 when it does not.
`;

interface PlanOptions {
  workload: Workload;
  height: number | undefined;
  detect: string | undefined;
  clip: string | undefined;
  fresh: boolean;
  json: boolean;
}

const text = { type: 'string' } as const;
const on = { type: 'boolean' } as const;

/** A number above 0. @throws UsageError */
function positive(name: string, value: string | undefined): number {
  if (value === undefined) throw new UsageError(`Expected --${name}`);
  const number = Number(value);
  if (value.trim() !== '' && Number.isFinite(number) && number > 0) return number;
  throw new UsageError(`Expected a number above 0 for --${name} but received '${value}'`);
}

function readPlanOptions(args: string[]): PlanOptions {
  const { values, positionals } = readArguments(args, {
    streams: text,
    fps: text,
    latency: text,
    height: text,
    detect: text,
    encode: text,
    clip: text,
    fresh: on,
    json: on,
  });
  if (positionals.length > 0) throw new UsageError(`Expected no argument but received '${positionals[0]}'`);
  const streams = wholeNumber('streams', values.streams, 1);
  if (streams === undefined) throw new UsageError('Expected --streams');
  const height = wholeNumber('height', values.height, 64);
  if (height !== undefined && (height % 2 === 1 || height > 4320))
    throw new UsageError(`Expected an even number of at most 4320 for --height but received '${values.height}'`);
  if (height !== undefined && values.clip !== undefined) throw new UsageError('--height is that of the --clip');
  const encode = choice('encode', values.encode, [...profiles, 'none']) ?? 'none';
  const detect = values.detect === 'none' ? undefined : (values.detect ?? 'blazeface');
  const workload: Workload = {
    streams,
    fps: positive('fps', values.fps),
    latencyMs: positive('latency', values.latency),
    detect: detect !== undefined,
    ...(encode !== 'none' && { encode }),
  };
  return { workload, height, detect, clip: values.clip, fresh: values.fresh ?? false, json: values.json ?? false };
}

/** Common heights of video, for the remedy of smaller pictures. */
const commonHeights = [2160, 1440, 1080, 720, 540, 480, 360, 240];

const widthOf = (height: number): number => Math.round((height * 16) / 9 / 2) * 2;

interface Plan {
  workload: Workload;
  measured: Measured;
  picture: { width: number; height: number; from: string };
  budget: Budget;
  fits: boolean;
  capacity: { streams: number; limit: Limit | undefined };
  remedies: Remedy[];
}

async function plan(options: PlanOptions, terminal: Terminal): Promise<Plan> {
  const { workload, clip, fresh } = options;
  if (clip?.includes('://')) throw new UsageError(`Expected a file for --clip but received '${clip}'`);
  const settings = await loadSettings({});
  await checkStatedRuntime(settings.runtimeLibrary.value);
  const size =
    clip === undefined ? { width: widthOf(options.height ?? 720), height: options.height ?? 720 } : await probe(clip);
  const { encode } = workload;
  const asked: Profile[] = encode === undefined ? [] : [...new Set<Profile>([encode, 'realtime'])];
  const measuring: MeasureOptions = {
    clip: clip === undefined ? undefined : resolve(clip),
    width: size.width,
    height: size.height,
    model: options.detect === undefined ? undefined : resolveModel(options.detect, settings.modelsFolder.value),
    profiles: asked,
    device: settings.device.value,
    runtimeLibraries: runtimeLibraries(settings.runtimeLibrary.value),
    fresh,
    say: (line) => terminal.err(`${line}\n`),
  };
  const measured = await measureCosts(measuring);
  const { costs } = measured;
  const budget = budgetOf(workload, costs);
  const smaller: Costs[] = [];
  const next = commonHeights.find((height) => height < size.height);
  // Smaller pictures are measured only where they could be a remedy.
  if (!fits(budget) && clip === undefined && next !== undefined)
    smaller.push((await measureCosts({ ...measuring, width: widthOf(next), height: next })).costs);
  return {
    workload,
    measured,
    picture: { width: size.width, height: size.height, from: clip ?? 'pattern' },
    budget,
    fits: fits(budget),
    capacity: capacityOf(workload, costs),
    remedies: remediesFor({ workload, costs }, smaller),
  };
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

function lines(plan: Plan): string {
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

function asJson({ workload, measured, picture, budget, fits: fit, capacity, remedies }: Plan): object {
  const { costs, ...about } = measured;
  return { fits: fit, workload, picture, ...about, costs, budget, latencyModel, capacity, remedies };
}

export const planCommand: Command = {
  summary: 'whether this machine can process a number of streams, and its bottleneck',
  usage,
  async run(args, terminal) {
    const options = readPlanOptions(args);
    const made = await plan(options, terminal);
    terminal.out(options.json ? json(asJson(made)) : lines(made));
    return made.fits ? 0 : 1;
  },
};
