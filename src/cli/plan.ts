/** `framepath plan`: whether this machine can process a number of streams, the cost of each stage, and possible remedies. */
import { resolve } from 'node:path';
import { budgetOf, capacityOf, fits, latencyModel } from '../budget/budget.js';
import { type MeasureOptions, measureCosts } from '../budget/measure.js';
import { remediesFor } from '../budget/remedies.js';
import { type Costs, type Profile, profiles, type Workload } from '../budget/workload.js';
import { loadSettings } from '../config.js';
import { resolveModel } from '../model-file.js';
import { probe } from '../probe.js';
import { checkStatedRuntime } from '../providers/stated-runtime.js';
import { runtimeLibraries } from '../runtime-library.js';
import { type Command, choice, json, readArguments, UsageError, wholeNumber } from './command.js';
import { type Plan, planText } from './plan-text.js';
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
    progress: (line) => terminal.err(`${line}\n`),
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
    terminal.out(options.json ? json(asJson(made)) : planText(made));
    return made.fits ? 0 : 1;
  },
};
