/** A time budget: measured stage costs against a workload. Pure arithmetic. */
import { waitQuantile } from './queue.js';
import type { Costs, StageCost, StageName, Workload } from './workload.js';

/** The latency model in one sentence, as it is printed. */
export const latencyModel =
  'Latency is the CPU time of every stage on one core, plus the pictures that the encoder holds back, plus the 95th ' +
  "percentile of waiting for a core, where a picture's whole work is one job of an M/M/c queue over the cores.";

/** One stage of the budget. */
export interface StageBudget {
  stage: StageName;
  /** CPU milliseconds a picture that goes through it */
  cpuMs: number;
  /** pictures a second through it, of all streams */
  perSecond: number;
  /** CPU milliseconds a second, of all streams */
  cpuMsPerSecond: number;
  /** part of all cores, 0 to 1 and beyond */
  share: number;
  /** part of the cores that its own threads can use at most, 0 to 1 and beyond */
  ownShare: number;
}

/** What of the latency goes where, in milliseconds; infinite when the cores do not keep up. */
export interface Latency {
  serviceMs: number;
  /** pictures held back by the encoder */
  heldMs: number;
  waitMs: number;
  totalMs: number;
}

export interface Budget {
  stages: StageBudget[];
  /** part of all cores */
  share: number;
  latency: Latency;
  fitsThroughput: boolean;
  fitsLatency: boolean;
}

/** Why no more streams fit. */
export interface Limit {
  /** that many streams are too many */
  streams: number;
  /** the cores are full, the stage's own threads are, or the result comes too late */
  why: 'cores' | 'threads' | 'latency';
  /** latency: what takes the most of it */
  late?: 'work' | 'held' | 'waiting';
  /** the stage that takes the most of what ran out */
  stage: StageName;
}

interface Row {
  stage: StageName;
  cost: StageCost;
  /** times a second and stream */
  rate: number;
  /** threads that work on it at once */
  threads: number;
}

/** Pictures a second and stream behind decoding. */
const analysedFps = ({ fps, maxFps = fps }: Workload): number => Math.min(fps, maxFps);

/**
 * The stages a picture passes. Without encoding all streams are sources of one run: a decoding thread each, a detector
 * worker each up to the number of cores, one tracking thread. With it every stream is a run of its own.
 */
function rowsOf(workload: Workload, costs: Costs): Row[] {
  const { streams, fps, detect, stride = 1, encode, skipLoopFilter } = workload;
  const analysed = analysedFps(workload);
  const skipping = skipLoopFilter && needed(costs.decodeSkipping?.[skipLoopFilter], `decode ${skipLoopFilter}`);
  const rows: Row[] = [{ stage: 'decode', cost: skipping ?? costs.decode, rate: fps, threads: streams }];
  if (detect) {
    rows.push({ stage: 'detect', cost: needed(costs.detect, 'detect'), rate: analysed / stride, threads: streams });
    rows.push({ stage: 'track', cost: needed(costs.track, 'track'), rate: analysed, threads: encode ? streams : 1 });
  }
  if (encode) {
    const encoder = needed(costs.encode?.[encode], `encode ${encode}`);
    rows.push({ stage: 'compose', cost: needed(costs.compose, 'compose'), rate: analysed, threads: streams });
    rows.push({ stage: 'encode', cost: encoder, rate: analysed, threads: streams * costs.cores });
  }
  return rows;
}

function needed(cost: StageCost | undefined, stage: string): StageCost {
  if (!cost) throw new Error(`The stage ${stage} was not measured`);
  return cost;
}

/** What the workload takes of the machine. */
export function budgetOf(workload: Workload, costs: Costs): Budget {
  const { streams, fps, latencyMs } = workload;
  const { cores } = costs;
  const rows = rowsOf(workload, costs);
  const stages = rows.map(({ stage, cost: { cpuMs }, rate, threads }): StageBudget => {
    const perSecond = rate * streams;
    const load = (cpuMs * perSecond) / 1000;
    const ownShare = load / Math.min(threads, cores);
    return { stage, cpuMs, perSecond, cpuMsPerSecond: load * 1000, share: load / cores, ownShare };
  });
  const load = stages.reduce((sum, { cpuMsPerSecond }) => sum + cpuMsPerSecond, 0) / 1000;
  const serviceMs = stages.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  const held = rows.reduce((sum, { cost }) => sum + (cost.delayFrames ?? 0), 0);
  const heldMs = (held * 1000) / analysedFps(workload);
  const waitMs = waitQuantile(cores, load, (load * 1000) / (streams * fps), 0.95);
  const totalMs = serviceMs + heldMs + waitMs;
  return {
    stages,
    share: load / cores,
    latency: { serviceMs, heldMs, waitMs, totalMs },
    fitsThroughput: load < cores && stages.every(({ ownShare }) => ownShare < 1),
    fitsLatency: totalMs <= latencyMs,
  };
}

/** Whether the machine carries the workload. */
export function fits(budget: Budget): boolean {
  return budget.fitsThroughput && budget.fitsLatency;
}

const most = <T>(items: readonly T[], value: (item: T) => number): T =>
  items.reduce((best, item) => (value(item) > value(best) ? item : best));

/** What is wrong with a budget that does not fit. */
export function limitOf(workload: Workload, budget: Budget): Limit {
  const { streams } = workload;
  const { stages, share, latency } = budget;
  const tight = most(stages, ({ ownShare }) => ownShare);
  // A thread that is full is the reason only where the cores are not.
  if (tight.ownShare >= 1 && share < 1) return { streams, why: 'threads', stage: tight.stage };
  const busiest = most(stages, ({ cpuMsPerSecond }) => cpuMsPerSecond).stage;
  if (share >= 1) return { streams, why: 'cores', stage: busiest };
  if (latency.heldMs >= Math.max(latency.serviceMs, latency.waitMs))
    return { streams, why: 'latency', late: 'held', stage: 'encode' };
  if (latency.waitMs > latency.serviceMs) return { streams, why: 'latency', late: 'waiting', stage: busiest };
  return { streams, why: 'latency', late: 'work', stage: most(stages, ({ cpuMs }) => cpuMs).stage };
}

const farEnough = 10_000;

/** How many such streams fit, and what breaks with one more. */
export function capacityOf(workload: Workload, costs: Costs): { streams: number; limit: Limit | undefined } {
  for (let streams = 1; streams <= farEnough; streams++) {
    const more = { ...workload, streams };
    const budget = budgetOf(more, costs);
    if (!fits(budget)) return { streams: streams - 1, limit: limitOf(more, budget) };
  }
  return { streams: farEnough, limit: undefined };
}
