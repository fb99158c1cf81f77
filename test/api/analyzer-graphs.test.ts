/** Random graphs of analyzers that are late, fail and fall back: every frame once, in order, and the sums fit. */
import { describe, expect, test } from 'vitest';
import { analyzer, frames, type OnError, pipeline } from '../../src/index.js';
import { firstSeed } from '../seed.js';
import { hostsWork } from './analyzer-files.js';
import { closed, within } from './outcomes.js';

/** `npm run test:graphs` asks for many more. */
const cases = Number(process.env.FRAMEPATH_GRAPH_CASES ?? 300);
/** Graphs of one test: who waits for many sees how far they are. */
const together = 500;
const firsts = Array.from({ length: Math.ceil(cases / together) }, (_, i) => firstSeed + i * together);

/** Park and Miller's generator: whole numbers below `n`. */
function random(seed: number): (n: number) => number {
  let state = ((seed * 7919) % 2147483646) + 1;
  return (n) => {
    state = (state * 48271) % 2147483647;
    return state % n;
  };
}

const pause = (n: number) =>
  n === 0
    ? undefined
    : n < 3
      ? new Promise((resolve) => setImmediate(resolve))
      : new Promise((resolve) => setTimeout(resolve, 1));

async function* pictures(count: number) {
  for (let i = 0; i < count; i++) yield new Uint8Array(16 * 16 * 3).fill(i);
}

/** One analyzer with random behaviour; its result counts the values of its dependencies. */
function odd(i: number, pick: (n: number) => number) {
  const depends = Array.from({ length: i }, (_, j) => `m${j}`).filter(() => pick(3) === 0);
  const failEvery = pick(3) === 0 ? 2 + pick(4) : 0;
  const fallback = depends.length && pick(2) ? depends[0]! : undefined;
  const onError: OnError = fallback ? 'fallback' : 'skip';
  const stateless = pick(2) === 0;
  const delays = Array.from({ length: 7 }, () => pick(5));
  const order = new Map<string, number>();
  const module = analyzer(
    {
      name: `m${i}`,
      depends,
      stateless,
      stride: pick(4) === 0 ? 2 : 1,
      onError,
      ...(fallback !== undefined && { fallback }),
      ...(pick(3) === 0 && { input: { width: 4 + 4 * pick(2), format: 'gray8' as const } }),
      ...(stateless && { retry: pick(2) }),
      async analyze(frame, deps) {
        await pause(delays[frame.index % 7]!);
        if (failEvery && frame.index % failEvery === 1) throw new Error('on purpose');
        if (!stateless) {
          expect(frame.index).toBeGreaterThan(order.get(frame.source) ?? -1);
          order.set(frame.source, frame.index);
        }
        return { index: frame.index, received: Object.keys(deps).length };
      },
    },
    stateless ? { instances: 1 + pick(3) } : {},
  );
  return { module, depends: depends.length, failEvery };
}

async function play(seed: number): Promise<void> {
  const pick = random(seed);
  const count = 6 + pick(6);
  const sources = Array.from({ length: 1 + pick(2) }, () =>
    frames(pictures(count), { width: 16, height: 16, format: 'rgb24' }),
  );
  const modules = Array.from({ length: 2 + pick(11) }, (_, i) => odd(i, pick));
  let built = pipeline(...sources).options({ inFlight: 1 + pick(4), resultQueue: 1 + pick(4) });
  for (const { module } of modules) built = built.use(module) as never as typeof built;
  const run = await built.start();
  const next = new Map<string, number>();
  for await (const frame of run) {
    expect(frame.index).toBe(next.get(frame.source) ?? 0);
    next.set(frame.source, frame.index + 1);
    for (const [i, { failEvery, depends }] of modules.entries()) {
      const value = (frame as unknown as Record<string, { received: number } | undefined>)[`m${i}`];
      if (value === undefined) expect(failEvery, `m${i}`).toBeGreaterThan(0);
      else if (!failEvery) expect(value.received).toBe(depends);
    }
  }
  expect([...next.values()]).toEqual(sources.map(() => count));
  const report = await closed(run);
  for (const source of report.sources) expect(source).toMatchObject({ in: count, delivered: count });
}

describe.skipIf(!hostsWork)('random graphs of analyzers', () => {
  test.each(firsts.map((first) => [first, Math.min(firstSeed + cases, first + together) - 1]))(
    'keep every frame, in order: graphs %i to %i',
    async (first, last) => {
      for (let seed = first; seed <= last; seed++) {
        await within(30_000, play(seed), `graph ${seed}`).catch((error) => {
          throw new Error(`graph ${seed}: ${error.message}`, { cause: error });
        });
      }
    },
    600_000,
  );
});
