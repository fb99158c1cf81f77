/** Results of live sources are fresh or dropped, and counted by cause. */
import { describe, expect, test } from 'vitest';
import { analyzer, frames, pipeline, type Run } from '../../src/index.js';
import { noAddon } from './clips.js';
import { closed, sleep, within } from './outcomes.js';

/** Grey pictures, one every `everyMs`. */
async function* pictures(count: number, everyMs: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) {
    yield new Uint8Array(16 * 16 * 3).fill(128);
    await sleep(everyMs);
  }
}
const camera = (count: number, everyMs: number, maxAgeMs: number, live = true) =>
  frames(pictures(count, everyMs), { id: 'cam', width: 16, height: 16, live, maxAgeMs });
const takes = (ms: number) => analyzer({ name: 'slow', analyze: () => sleep(ms).then(() => true) });

/** What became of all frames of the source. */
async function outcome(starting: Promise<Run>, consumerMs = 0) {
  const run = await starting;
  let count = 0;
  const reading = (async () => {
    for await (const _ of run) {
      count++;
      if (consumerMs) await sleep(consumerMs);
    }
  })();
  await within(30_000, reading);
  const { sources, recoveries } = await closed(run);
  const { delivered, dropped, latencyMs, in: all } = sources[0]!;
  expect(delivered).toBe(count);
  expect(Object.values(dropped).reduce((sum, n) => sum + n, delivered)).toBe(all);
  return { delivered, dropped, latencyMs, recoveries };
}

describe.skipIf(noAddon !== undefined)('a live source', () => {
  test('whose modules are too slow is thinned out before it grows old', async () => {
    const { delivered, dropped, latencyMs } = await outcome(
      pipeline(camera(120, 10, 400))
        .use(takes(60))
        .start(),
    );
    expect(delivered).toBeGreaterThan(2);
    expect((dropped.behind ?? 0) + (dropped.inFlight ?? 0)).toBeGreaterThan(20);
    expect(latencyMs.max).toBeLessThanOrEqual(400);
  });

  test('whose results are taken too slowly gives the newest', async () => {
    const { delivered, dropped, latencyMs } = await outcome(pipeline(camera(60, 10, 150)).start(), 120);
    expect(delivered).toBeGreaterThan(2);
    expect(dropped.untaken).toBeGreaterThan(10);
    expect(latencyMs.max).toBeLessThanOrEqual(150);
  });

  test('whose modules take longer than its results may gives none, and reports it', async () => {
    const { delivered, dropped, recoveries } = await outcome(
      pipeline(camera(150, 10, 20))
        .use(takes(60))
        .start(),
    );
    expect(delivered).toBe(0);
    expect(dropped.late).toBeGreaterThanOrEqual(10);
    expect(recoveries).toContainEqual(expect.objectContaining({ where: 'cam', what: 'results too old' }));
  });

  test('waits for nobody where there is no limit, and a source that is not live has none', async () => {
    const unlimited = await outcome(
      pipeline(camera(20, 1, 0))
        .use(takes(20))
        .start(),
    );
    expect(unlimited.dropped).not.toHaveProperty('late');
    expect(unlimited.dropped).not.toHaveProperty('behind');
    const patient = await outcome(
      pipeline(camera(20, 1, 1, false))
        .use(takes(5))
        .start(),
      5,
    );
    expect(patient).toMatchObject({ delivered: 20, dropped: {} });
  });
});
