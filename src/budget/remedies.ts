/** What would make a workload fit, or leave more room: tried on the budget one by one, then in pairs. */
import { budgetOf, capacityOf, fits } from './budget.js';
import { type Costs, skips, type Workload } from './workload.js';

/** Something to try: another workload on the same machine, or other costs. */
export interface Case {
  workload: Workload;
  costs: Costs;
}

export interface Remedy {
  /** e.g. `detector stride 2`, `maxFps 15 + profile realtime` */
  change: string;
  /** part of all cores */
  share: number;
  latencyMs: number;
  fits: boolean;
  /** how many streams fit with it */
  streams: number;
}

interface Change {
  change: string;
  apply(of: Case): Case;
}

/** Changes of one kind. */
interface Kind {
  /** the mildest first */
  changes: Change[];
  /** the one worth proposing where nothing is needed; none: too great a loss for that */
  step?: Change | undefined;
}

const withWorkload = (change: string, more: Partial<Workload>): Change => ({
  change,
  apply: ({ workload, costs }) => ({ workload: { ...workload, ...more }, costs }),
});

/** Fewer than this many detections a second lose people who move. */
const fewestDetections = 4;

/** Every kind of change that is open to the workload. `smaller`: costs at smaller pictures, the largest first. */
function kindsOf({ workload, costs }: Case, smaller: readonly Costs[]): Kind[] {
  const { fps, maxFps = fps, stride = 1, detect, encode } = workload;
  const analysed = Math.min(fps, maxFps);
  const strides: Change[] = [];
  for (let n = stride + 1; detect && analysed / n >= fewestDetections; n++)
    strides.push(withWorkload(`detector stride ${n}`, { stride: n }));
  const rates: Change[] = [];
  for (let rate = Math.ceil(analysed) - 1; rate >= fewestDetections; rate--)
    rates.push(withWorkload(`maxFps ${rate}`, { maxFps: rate }));
  const heights = smaller.map((costs) => ({
    change: `height ${costs.height}`,
    apply: ({ workload }: Case) => ({ workload, costs }),
  }));
  const skipping = costs.decodeSkipping
    ? skips.map((skipLoopFilter) => withWorkload(`skipLoopFilter '${skipLoopFilter}'`, { skipLoopFilter }))
    : [];
  const realtime = encode && encode !== 'realtime' ? [withWorkload('profile realtime', { encode: 'realtime' })] : [];
  const noEncoding: Change = {
    change: 'no encoding',
    apply: ({ workload: { encode: _, ...rest }, costs }) => ({ workload: rest, costs }),
  };
  const kinds: Kind[] = [
    { changes: strides, step: strides[0] },
    { changes: rates, step: rates.find((_, i) => i + 1 >= analysed / 2) },
    { changes: heights, step: heights[0] },
    { changes: realtime, step: realtime[0] },
    { changes: skipping, step: skipping.at(-1) },
    { changes: encode ? [noEncoding] : [] },
    { changes: detect ? [withWorkload('no detection', { detect: false })] : [] },
  ];
  return kinds.filter(({ changes }) => changes.length > 0);
}

function tried(change: string, { workload, costs }: Case): Remedy {
  const budget = budgetOf(workload, costs);
  const { streams } = capacityOf(workload, costs);
  return { change, share: budget.share, latencyMs: budget.latency.totalMs, fits: fits(budget), streams };
}

const doesFit = ({ workload, costs }: Case): boolean => fits(budgetOf(workload, costs));

/** The mildest change of each kind that is enough by itself. */
function singles(of: Case, kinds: readonly Kind[]): Remedy[] {
  return kinds.flatMap(({ changes }) => {
    const enough = changes.find((change) => doesFit(change.apply(of)));
    return enough ? [tried(enough.change, enough.apply(of))] : [];
  });
}

/** Of every two kinds that are not enough alone the mildest pair that is enough together. */
function pairs(of: Case, all: readonly Kind[]): Remedy[] {
  const kinds = all.filter(({ changes }) => !changes.some((change) => doesFit(change.apply(of))));
  return kinds.flatMap(({ changes: first }, i) =>
    kinds.slice(i + 1).flatMap(({ changes: second }) => {
      let best: { a: Change; b: Change; harm: number } | undefined;
      for (const [m, a] of first.entries()) {
        const n = second.findIndex((b) => doesFit(b.apply(a.apply(of))));
        const harm = (m + 1) / first.length + (n + 1) / second.length;
        if (n >= 0 && (!best || harm < best.harm)) best = { a, b: second[n]!, harm };
      }
      return best ? [tried(`${best.a.change} + ${best.b.change}`, best.b.apply(best.a.apply(of)))] : [];
    }),
  );
}

/** Leaving a stage out is no answer as long as there is another. */
const leavesOut = ({ change }: Remedy): boolean => change.includes('no detection') || change.includes('no encoding');

/**
 * Where the workload does not fit: changes that make it fit, single ones, else pairs. Where it fits: what a
 * step of each kind would add. Without a change that helps the list is empty.
 */
export function remediesFor(of: Case, smaller: readonly Costs[] = []): Remedy[] {
  const kinds = kindsOf(of, smaller);
  const bySacrifice = (a: Remedy, b: Remedy) => Number(leavesOut(a)) - Number(leavesOut(b)) || b.streams - a.streams;
  if (!doesFit(of)) {
    const enough = singles(of, kinds);
    const found = enough.some((remedy) => !leavesOut(remedy)) ? enough : [...enough, ...pairs(of, kinds)];
    return found.sort(bySacrifice).slice(0, 5);
  }
  const now = capacityOf(of.workload, of.costs).streams;
  const steps = kinds.flatMap(({ step }) => (step ? [tried(step.change, step.apply(of))] : []));
  return steps.filter(({ streams }) => streams > now).sort(bySacrifice);
}
