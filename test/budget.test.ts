/** The arithmetic of `framepath plan` on figures that are given. */
import { describe, expect, test } from 'vitest';
import { budgetOf, capacityOf, fits, limitOf } from '../src/budget/budget.js';
import { waitProbability, waitQuantile } from '../src/budget/queue.js';
import { remediesFor } from '../src/budget/remedies.js';
import type { Costs, Workload } from '../src/budget/workload.js';

const costs: Costs = {
  cores: 4,
  height: 720,
  decode: { cpuMs: 2 },
  detect: { cpuMs: 8 },
  track: { cpuMs: 0.1 },
  compose: { cpuMs: 0.4 },
  encode: { balanced: { cpuMs: 20, delayFrames: 16 }, realtime: { cpuMs: 8, delayFrames: 0 } },
};
const cameras: Workload = { streams: 4, fps: 25, latencyMs: 100, detect: true };
const capacity = (workload: Workload, of = costs) => capacityOf(workload, of);

describe('waiting', () => {
  test('for one server is as likely as it is busy', () => {
    for (const load of [0, 0.1, 0.5, 0.9]) expect(waitProbability(1, load)).toBeCloseTo(load, 12);
  });

  test('for several equals the tables of Erlang C', () => {
    expect(waitProbability(2, 1)).toBeCloseTo(1 / 3, 12);
    expect(waitProbability(5, 4)).toBeCloseTo(0.5541, 4);
    expect(waitProbability(10, 8)).toBeCloseTo(0.4092, 4);
  });

  test('has the quantiles of its exponential tail', () => {
    // M/M/1: P(W > t) = load exp(-(1 - load) t / service)
    const t = waitQuantile(1, 0.8, 10, 0.95);
    expect(0.8 * Math.exp((-0.2 * t) / 10)).toBeCloseTo(0.05, 12);
    expect(waitQuantile(1, 0.04, 10, 0.95)).toBe(0);
    expect(waitQuantile(2, 2, 10, 0.95)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('a budget', () => {
  test('counts what every stage takes of a second and of the cores', () => {
    const { stages, share, latency } = budgetOf(cameras, costs);
    expect(stages.map(({ stage, perSecond, cpuMsPerSecond }) => [stage, perSecond, cpuMsPerSecond])).toEqual([
      ['decode', 100, 200],
      ['detect', 100, 800],
      ['track', 100, 10],
    ]);
    expect(share).toBeCloseTo(1.01 / 4, 12);
    expect(stages[1]!.share).toBeCloseTo(0.2, 12);
    expect(latency.serviceMs).toBeCloseTo(10.1, 12);
    expect(latency.heldMs).toBe(0);
  });

  test('knows that all pictures are decoded, but maxFps and stride thin out what follows', () => {
    const { stages } = budgetOf({ ...cameras, maxFps: 10, stride: 5 }, costs);
    expect(stages.map(({ perSecond }) => perSecond)).toEqual([100, 8, 40]);
  });

  test('counts the pictures that an encoder holds back as latency', () => {
    const one: Workload = { ...cameras, streams: 1, latencyMs: 700, encode: 'balanced' };
    const budget = budgetOf(one, costs);
    expect(budget.latency.heldMs).toBe(640);
    expect(budget.stages.map(({ stage }) => stage)).toEqual(['decode', 'detect', 'track', 'compose', 'encode']);
    expect(fits(budget)).toBe(true);
    expect(fits(budgetOf({ ...one, latencyMs: 640 }, costs))).toBe(false);
  });

  test('does not fit when the cores are full, whatever the latency', () => {
    const budget = budgetOf({ ...cameras, streams: 16, latencyMs: 1e9 }, costs);
    expect(budget.share).toBeGreaterThan(1);
    expect(budget).toMatchObject({ fitsThroughput: false, fitsLatency: false });
    expect(budget.latency.totalMs).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('what breaks first', () => {
  test('are the cores, and the stage that takes the most of them', () => {
    // 15 streams are 3.79 cores; the 16th is 4.04
    expect(capacity({ ...cameras, latencyMs: 1e6 })).toEqual({
      streams: 15,
      limit: { streams: 16, why: 'cores', stage: 'detect' },
    });
  });

  test('is the latency before that: waiting where the cores are nearly full', () => {
    const { streams, limit } = capacity(cameras);
    expect(streams).toBeLessThan(15);
    expect(limit).toEqual({ streams: streams + 1, why: 'latency', late: 'waiting', stage: 'detect' });
  });

  test('is the latency at once, where the work itself takes longer or the encoder holds pictures back', () => {
    expect(capacity({ ...cameras, latencyMs: 10 })).toEqual({
      streams: 0,
      limit: { streams: 1, why: 'latency', late: 'work', stage: 'detect' },
    });
    expect(capacity({ ...cameras, encode: 'balanced' })).toEqual({
      streams: 0,
      limit: { streams: 1, why: 'latency', late: 'held', stage: 'encode' },
    });
  });

  test('is a thread that cannot be shared out: tracking over all streams, decoding of one', () => {
    const crowded = { ...costs, cores: 64, track: { cpuMs: 5 } };
    const found = capacity({ ...cameras, latencyMs: 1e6 }, crowded);
    expect(found).toEqual({ streams: 7, limit: { streams: 8, why: 'threads', stage: 'track' } });
    const large = { ...cameras, streams: 1, latencyMs: 1e6 };
    const slow = { ...costs, cores: 64, decode: { cpuMs: 50 } };
    expect(limitOf(large, budgetOf(large, slow))).toEqual({ streams: 1, why: 'threads', stage: 'decode' });
  });
});

describe('what would help', () => {
  const changes = (workload: Workload, smaller: Costs[] = [], of = costs) =>
    remediesFor({ workload, costs: of }, smaller).map(({ change }) => change);

  test('is the mildest change of each kind that is enough, and really is', () => {
    const workload = { ...cameras, streams: 18 };
    const remedies = remediesFor({ workload, costs });
    expect(remedies.map(({ change }) => change)).toEqual(['detector stride 2', 'maxFps 19', 'no detection']);
    for (const remedy of remedies) {
      expect(remedy.fits).toBe(true);
      expect(remedy.share).toBeLessThan(1);
      expect(remedy.latencyMs).toBeLessThanOrEqual(100);
      expect(remedy.streams).toBeGreaterThanOrEqual(18);
    }
    expect(fits(budgetOf({ ...workload, maxFps: 19 }, costs))).toBe(true);
    expect(fits(budgetOf({ ...workload, maxFps: 20 }, costs))).toBe(false);
  });

  test('is another profile where the encoder is what breaks', () => {
    expect(changes({ ...cameras, streams: 2, encode: 'balanced' })[0]).toBe('profile realtime');
  });

  test('is a smaller picture where that was measured', () => {
    const small = { ...costs, height: 540, decode: { cpuMs: 1 }, detect: { cpuMs: 4 } };
    expect(changes({ ...cameras, streams: 18 }, [small])).toContain('height 540');
    expect(changes({ ...cameras, streams: 100 }, [small])).not.toContain('height 540');
  });

  test('is decoding without the deblocking filter where that saves enough', () => {
    const skipping = { ...costs, decodeSkipping: { nonref: { cpuMs: 1.9 }, all: { cpuMs: 1.6 } } };
    const decoding: Workload = { streams: 70, fps: 25, latencyMs: 100, detect: false };
    expect(capacity(decoding, skipping).streams).toBe(78);
    expect(changes({ ...decoding, streams: 80 }, [], skipping)).toContain("skipLoopFilter 'nonref'");
    expect(changes({ ...decoding, streams: 90 }, [], skipping)).toContain("skipLoopFilter 'all'");
    expect(changes({ ...decoding, streams: 120 }, [], skipping)).toEqual([]);
  });

  test('are two changes together where one is not enough', () => {
    const found = changes({ ...cameras, streams: 12, encode: 'balanced' });
    expect(found.some((change) => change.includes(' + '))).toBe(true);
    expect(found.filter((change) => change.includes('no encoding') && change.includes('realtime'))).toEqual([]);
  });

  test('is nothing where decoding alone is too much', () => {
    expect(changes({ ...cameras, streams: 100 })).toEqual([]);
  });

  test('adds streams where it fits already', () => {
    const remedies = remediesFor({ workload: cameras, costs });
    expect(remedies.map(({ change }) => change).sort()).toEqual(['detector stride 2', 'maxFps 12']);
    for (const { streams } of remedies) expect(streams).toBeGreaterThan(capacity(cameras).streams);
  });
});
