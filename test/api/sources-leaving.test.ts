/** Sources that join a run and leave it again: what they took is given back while the run goes on. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { analyzer, frames, pipeline, type Run, video } from '../../src/index.js';
import { colorClip, folderFor, noAddon } from './clips.js';
import { closed, sleep, within } from './outcomes.js';

const held = () => ({
  threads: readdirSync('/proc/self/task').length,
  descriptors: readdirSync('/proc/self/fd').length,
  megabytes: Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024,
});

/** Lets `joins` sources come and go, and returns what stayed of them after the first few. */
async function whatStays(run: Run, joins: number, join: (n: number) => Promise<string>) {
  let before = held();
  for (let n = 0; n < joins; n++) {
    if (n === 20) before = held();
    await within(10_000, run.remove(await join(n)), 'remove()');
  }
  // A thread that has ended is gone a moment later; one that stays is there after seconds.
  let after = held();
  for (let n = 0; n < 50 && after.threads > before.threads; n++) {
    await sleep(100);
    after = held();
  }
  return {
    threads: after.threads - before.threads,
    descriptors: after.descriptors - before.descriptors,
    megabytes: after.megabytes - before.megabytes,
  };
}

describe.skipIf(noAddon !== undefined)('a source that leaves', () => {
  const look = analyzer({ name: 'look', analyze: ({ index }) => index });

  test('gives back its decoder, its thread and its descriptors', async () => {
    const run = await pipeline().use(look).options({ device: 'cpu' }).start();
    const taking = (async () => {
      for await (const frame of run) void frame;
    })();
    const clip = colorClip(`${folderFor('leaving')}/red.mp4`, 'red', { seconds: 1 });
    const stayed = await whatStays(run, 120, () => run.add(video(clip)));
    expect(stayed.threads).toBeLessThanOrEqual(2);
    expect(stayed.descriptors).toBeLessThanOrEqual(2);
    expect(stayed.megabytes).toBeLessThan(40); // 100 that stay take more than 150
    expect((await closed(run)).sources).toHaveLength(120);
    await taking;
  });

  test('pushes no more, and ends its iterable', async () => {
    const run = await pipeline().use(look).options({ device: 'cpu' }).start();
    void run.done.catch(() => undefined);
    let ended = 0;
    async function* endless() {
      try {
        for (;;) yield new Uint8Array(32 * 32 * 3);
      } finally {
        ended++;
      }
    }
    const stayed = await whatStays(run, 60, () => run.add(frames(endless(), { width: 32, height: 32 })));
    expect(stayed.threads).toBeLessThanOrEqual(2);
    await closed(run);
    expect(ended).toBe(60);
  });
});
