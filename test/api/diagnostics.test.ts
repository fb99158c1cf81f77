/** What `diagnostics_channel` hears about stages. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { analyzer, grid, pipeline, type StageMessage, video } from '../../src/index.js';
import { folderFor, noAddon, patternClip } from './clips.js';
import { closed, codeOf, sleep } from './outcomes.js';

let folder: string;
let clip: string;

beforeAll(() => {
  folder = folderFor('diagnostics');
  clip = patternClip(join(folder, 'clip.mp4'));
}, 60_000);

async function messagesOf(body: () => Promise<void>): Promise<StageMessage[]> {
  const messages: StageMessage[] = [];
  const listen = (message: unknown) => void messages.push(message as StageMessage);
  subscribe('framepath:stage', listen);
  try {
    await body();
  } finally {
    unsubscribe('framepath:stage', listen);
  }
  return messages;
}

describe.skipIf(noAddon !== undefined)('framepath:stage', () => {
  test('publishes every stage once when a run ends, as the report has it', async () => {
    let stages: object[] = [];
    const messages = await messagesOf(async () => {
      const run = await pipeline(video(clip, { id: 'left' }), video(clip, { id: 'right' }))
        .use(analyzer({ name: 'look', analyze: () => 1 }))
        .compose(grid({ width: 128, height: 64 }))
        .encode(join(folder, 'out.mp4'), { profile: 'realtime' })
        .start();
      await run.done;
      ({ stages } = await closed(run));
    });
    const last = messages.filter(({ ended }) => ended);
    expect(last.map(({ name }) => name).sort()).toEqual(['compose', 'decode.left', 'decode.right', 'encode', 'look']);
    expect(last.map(({ run, sources, ended, ...stage }) => stage)).toEqual(stages);
    for (const { run, sources } of last)
      expect({ run, sources }).toEqual({ run: last[0]!.run, sources: ['left', 'right'] });
    expect(last.find(({ name }) => name === 'look')).toMatchObject({ kind: 'module', count: 100 });
  });

  test('publishes the end of a run that was broken off, and of one that failed', async () => {
    const messages = await messagesOf(async () => {
      const broken = await pipeline(video(clip)).start();
      for await (const frame of broken) if (frame.index === 3) break;
      const bad = analyzer({
        name: 'bad',
        analyze: ({ index }) => {
          if (index === 3) throw new Error('on purpose');
        },
      });
      const failed = await pipeline(video(clip)).use(bad).start();
      expect(await codeOf(failed.done)).toBe('MODULE_FAILED');
    });
    const ends = messages.filter(({ ended }) => ended);
    expect(ends.map(({ name }) => name)).toEqual(['decode.0', 'decode.0', 'bad']);
    expect(ends[1]!.run).toBe(ends[0]!.run + 1);
  });

  test('publishes progress while frames are iterated, about once a second', async () => {
    const messages = await messagesOf(async () => {
      const run = await pipeline(video(clip)).options({ resultQueue: 1, inFlight: 1 }).start();
      for await (const _ of run) await sleep(60);
    });
    const meanwhile = messages.filter(({ ended }) => !ended);
    expect(meanwhile.length).toBeGreaterThanOrEqual(2);
    const counts = messages.map(({ count }) => count);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(messages.at(-1)).toMatchObject({ name: 'decode.0', count: 50, ended: true });
    expect(meanwhile[0]!.count).toBeLessThan(50);
  });
});
